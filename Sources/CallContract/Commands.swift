public import CallCore

/// A desk's request, read from a payload that may be anything.
public struct CommandMessage: Hashable, Sendable {
    /// The desk's own id for it, to which the reply goes.
    public var id: String
    public var request: Request
    /// Who asks, as the desk names them.
    public var actor: String?

    /// What is asked for.
    public enum Request: Hashable, Sendable {
        /// Publish everything retained again.
        case sync
        /// Send a service's events again, from a sequence number on, to the asker alone.
        case replay(ServiceID, from: UInt64, limit: Int)
        /// Show which board this is.
        case identify
        /// Something that concerns calls.
        case call(CallCommand)
    }

    /// Why a payload is no command.
    public enum Refusal: Error, Hashable, Sendable {
        /// There is no id that a reply could go to.
        case unanswerable(String)
        /// The reply names the field and the reason.
        case refused(id: String, reason: String)
    }

    /// Longer payloads are not looked into: the longest sensible command is a resolve with a note.
    public static let longestPayload = 16_384
    /// How many events one `replay` sends at most, and when it names no limit.
    public static let largestReplay = 10_000

    /// Reads the command `name` from its payload.
    public init(name: String, payload: [UInt8]) throws(Refusal) {
        guard payload.count <= Self.longestPayload else {
            throw .unanswerable("\(payload.count) bytes, allowed are \(Self.longestPayload)")
        }
        guard case .object(let fields)? = try? WireJSON.read(JSONValue.self, from: payload) else {
            throw .unanswerable("not a JSON object")
        }
        guard case .string(let id)? = fields["id"], Self.isID(id) else {
            throw .unanswerable("id: must be 1 to 64 of a-z, 0-9 and -")
        }
        self.id = id
        do throws(FieldError) {
            actor = try Fields(fields).text("actor", longest: 200)
            request = try Self.request(name, Fields(fields))
        } catch {
            throw .refused(id: id, reason: error.reason)
        }
    }

    private static func isID(_ text: String) -> Bool { FaultID(text) != nil }

    private static func request(_ name: String, _ fields: Fields) throws(FieldError) -> Request {
        switch name {
        case "sync": return .sync
        case "identify": return .identify
        case "replay":
            guard let text = try fields.text("service", longest: 64), let service = ServiceID(text) else {
                throw FieldError(reason: "service: missing or not a service's id")
            }
            let from = try fields.whole("from", 1...(1 << 53)) ?? 1
            let limit = try fields.whole("limit", 1...Int64(largestReplay)) ?? Int64(largestReplay)
            return .replay(service, from: UInt64(from), limit: Int(limit))
        default: throw FieldError(reason: "command: \(name.prefix(64)) is not one this gateway knows")
        }
    }
}

private struct FieldError: Error {
    let reason: String
}

/// A JSON object's fields, each of which may be missing or of the wrong kind.
private struct Fields {
    private let values: [String: JSONValue]

    init(_ values: [String: JSONValue]) { self.values = values }

    func text(_ key: String, longest: Int) throws(FieldError) -> String? {
        switch values[key] {
        case nil, .null: return nil
        case .string(let text) where text.utf8.count <= longest: return text
        case .string: throw FieldError(reason: "\(key): longer than \(longest) bytes")
        default: throw FieldError(reason: "\(key): must be a string")
        }
    }

    func whole(_ key: String, _ range: ClosedRange<Int64>) throws(FieldError) -> Int64? {
        switch values[key] {
        case nil, .null: return nil
        case .number(let number):
            if let whole = Int64(exactly: number), range.contains(whole) { return whole }
        case .string(let digits):  // a sequence is a string of digits on the wire
            if let whole = Int64(digits), range.contains(whole) { return whole }
        default: break
        }
        throw FieldError(reason: "\(key): must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
}

/// The gateway's answer to a command.
public struct ReplyMessage: Codable, Hashable, Sendable {
    public var id: String
    public var command: String
    public var accepted: Bool
    /// Why it was refused, naming the field; null when it was not.
    @OrNull public var reason: String?
    /// For `replay`: the sequence numbers that the journal still has, and how many events follow.
    public var kept: Kept?

    /// What of a service's events the journal still has.
    public struct Kept: Codable, Hashable, Sendable {
        public var journal: String
        public var first: UInt64
        public var last: UInt64
        public var sending: Int

        public init(journal: String, first: UInt64, last: UInt64, sending: Int) {
            self.journal = journal
            self.first = first
            self.last = last
            self.sending = sending
        }
    }

    public init(id: String, command: String, refusal: String? = nil, kept: Kept? = nil) {
        self.id = id
        self.command = command
        accepted = refusal == nil
        reason = refusal
        self.kept = kept
    }
}

extension ReplyMessage {
    public init(_ answer: CommandAnswer) { self.init(id: answer.id, command: answer.command, refusal: answer.refusal) }
}
