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
        /// Something with a call, or a test: what the core decides. Carries the same id and actor.
        case call(CallCommand)
        /// Publish everything retained again.
        case sync
        /// Send a service's events again, from a sequence number on, to the asker alone.
        case replay(ServiceID, from: UInt64, limit: Int)
        /// Show which board this is.
        case identify
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
    /// The longest `actor`, `outcome` and `reason`, in bytes of UTF-8.
    public static let longestName = 200
    /// The longest `note`, in bytes of UTF-8.
    public static let longestNote = 1000
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
            let fields = Fields(fields)
            actor = try fields.words("actor", longest: Self.longestName)
            if let request = try Self.callRequest(name, fields) {
                self.request = .call(CallCommand(id: id, actor: actor, request: request))
            } else {
                request = try Self.request(name, fields)
            }
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
                throw FieldError("service: missing or not a service's id")
            }
            let from = try fields.whole("from", 1...(1 << 53)) ?? 1
            let limit = try fields.whole("limit", 1...Int64(largestReplay)) ?? Int64(largestReplay)
            return .replay(service, from: UInt64(from), limit: Int(limit))
        default: throw FieldError("command: \(name.prefix(64)) is not one this gateway knows")
        }
    }

    /// The request of a command that concerns calls; nil for any other command.
    private static func callRequest(_ name: String, _ fields: Fields) throws(FieldError) -> CallCommand.Request? {
        switch name {
        case "received": .received(try fields.call(), revision: try fields.revision())
        case "accept":
            .accept(
                try fields.call(), revision: try fields.neededRevision(),
                onTheWay: try fields.flag("onTheWay") ?? false)
        case "arrive": .arrive(try fields.call(), revision: try fields.neededRevision())
        case "resolve":
            .resolve(try fields.call(), revision: try fields.neededRevision(), outcome: try fields.outcome())
        case "cancel":
            .cancel(
                try fields.call(), revision: try fields.neededRevision(),
                reason: try fields.words("reason", longest: longestName))
        case "test": .test(try fields.point())
        default: nil
        }
    }
}
