package import CallContract
package import CallCore

/// Something that can be seen from outside the gateway, and when.
package struct Seen {
    /// What was seen.
    package enum What {
        /// An event, the first time that it came.
        case event(EventMessage)
        /// An event that had come before, under its id.
        case eventAgain(EventMessage)
        case call(CallMessage)
        /// The record with this id was emptied: the call is closed.
        case closed(String)
        case fault(FaultMessage)
        case cleared(String)
        /// The faults that the gateway itself tells when it is asked on the board (`courtyard-gateway status`).
        case localFaults([FaultMessage])
        case status(StatusMessage)
        case point(PointMessage)
        case reply(ReplyMessage)
        /// An output shows a signal; signals with a / between, where all that can be seen is what looks the same.
        case output(String, String)
        /// A contact, or the loop of a wire.
        case line(PointID, made: Bool)
        case desk(String, DeskMessage.State)
        /// What the contract doesn't allow.
        case unreadable(topic: String)
    }

    /// Since the scenario began.
    package let at: Duration
    package let what: What

    package init(at: Duration, _ what: What) {
        self.at = at
        self.what = what
    }
}

/// What a subscriber to everything of a site makes of its messages.
package struct Subscriber {
    private let topics: Topics
    private var events: Set<String> = []

    package init(_ topics: Topics) { self.topics = topics }

    /// What a message tells; nil if it is none of the gateway's words or nothing that is looked at.
    package mutating func take(_ topic: String, _ payload: [UInt8]) -> Seen.What? {
        let parts = topic.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 5, parts[3] == "desk" {
            let message = try? WireJSON.read(DeskMessage.self, from: payload)
            return message.map { .desk(parts[4], $0.state) }
        }
        guard topic.hasPrefix(topics.base + "/") else { return nil }
        do {
            return try take(parts, payload)
        } catch {
            return .unreadable(topic: topic)
        }
    }

    private mutating func take(_ parts: [String], _ payload: [UInt8]) throws -> Seen.What? {
        switch (parts[4], parts.count) {
        case ("event", 7):
            let event = try WireJSON.read(EventMessage.self, from: payload)
            return events.insert(event.id).inserted ? .event(event) : .eventAgain(event)
        case ("call", 7):
            return payload.isEmpty ? .closed(parts[6]) : .call(try WireJSON.read(CallMessage.self, from: payload))
        case ("fault", 6):
            return payload.isEmpty ? .cleared(parts[5]) : .fault(try WireJSON.read(FaultMessage.self, from: payload))
        case ("status", 5): return .status(try WireJSON.read(StatusMessage.self, from: payload))
        case ("point", 6):
            return payload.isEmpty ? nil : .point(try WireJSON.read(PointMessage.self, from: payload))
        case ("reply", 6): return .reply(try WireJSON.read(ReplyMessage.self, from: payload))
        default: return nil
        }
    }
}

/// How things stand, as far as they have been seen.
package struct Standing {
    /// The open calls, by their ids.
    package private(set) var calls: [String: CallMessage] = [:]
    package private(set) var faults: [String: FaultMessage] = [:]
    package private(set) var localFaults: [String: FaultMessage] = [:]
    package private(set) var status: StatusMessage.State?
    package private(set) var points: [String: PointMessage] = [:]
    package private(set) var outputs: [String: String] = [:]

    /// The newest record of each point, of calls that are closed too.
    private var newest: [String: CallMessage] = [:]

    package init() {}

    /// What is seen changes how things stand.
    package mutating func take(_ seen: Seen) {
        switch seen.what {
        case .call(let record):
            calls[record.data.call] = record
            newest[record.data.point] = record
        case .closed(let id): calls[id] = nil
        case .fault(let fault): faults[fault.fault] = fault
        case .cleared(let id): faults[id] = nil
        case .localFaults(let standing):
            localFaults = Dictionary(standing.map { ($0.fault, $0) }) { first, _ in first }
        case .status(let message): status = message.state
        case .point(let message): points[message.point] = message
        case .output(let id, let signal): outputs[id] = signal
        case .event, .eventAgain, .reply, .line, .desk, .unreadable: break
        }
    }

    /// The open calls, the oldest first.
    package var openCalls: [CallMessage] {
        calls.values.sorted { ($0.data.raisedAt, $0.data.call) < ($1.data.raisedAt, $1.data.call) }
    }

    /// The newest record of a point's calls, open or not.
    package func lastRecord(of point: PointID) -> CallMessage? { newest[point.text] }

    /// A fault, told over MQTT or on the board.
    package func fault(_ id: String) -> FaultMessage? { faults[id] ?? localFaults[id] }
}
