internal import CallContract
internal import CallCore

/// A press that a resident made, and what anybody has said about it.
struct CrashPress {
    let point: String
    let service: String
    /// Read just before its edge was sent.
    let begun: Moment
    /// When the gateway's driver had said that it has the edge.
    let confirmed: Moment
    /// The lamp beside the button was dark, so that its light is the answer to this press and to nothing else.
    let wasDark: Bool
    /// When the lamp lit up: from here on the resident may rely on it.
    var shown: Moment?
    /// When the agent that was to take it was killed; nil while it lives.
    var killed: Moment?
    /// The journal had it at that kill.
    var wasKept = false

    /// No event of it can tell an earlier or later time than this: the driver reads the clock between hearing of the edge
    /// and confirming it.
    var window: ClosedRange<Moment> { begun...confirmed }

    /// Somebody was told, or it is on the disk: from here on it must never be lost.
    var isAccepted: Bool { shown != nil || wasKept }
}

/// Everything that an independent subscriber, the lamps and the journal have said, held against what was pressed.
struct CrashEvidence {
    let topics: Topics
    private(set) var presses: [CrashPress] = []
    /// Events as the subscriber first had them, by id.
    private(set) var arrivals: [String: EventMessage] = [:]
    /// When the last new event came.
    private(set) var lastArrival: Moment?
    /// Events whose id had come before.
    private(set) var sentAgain = 0
    /// Retained call records, by call id.
    private(set) var records: [String: CallMessage] = [:]
    /// The answers that each command's id has had, without repetitions.
    private(set) var answers: [String: Set<ReplyMessage>] = [:]
    private(set) var status: StatusMessage?
    /// What the journal held when it was read, by id.
    private(set) var kept: [String: EventMessage] = [:]
    private var complaints: [(kind: Wrong, text: String)] = []
    private var complaintCounts: [Wrong: Int] = [:]

    /// Of one kind, more of the same helps nobody.
    private static let mostOfAKind = 5

    init(_ topics: Topics) { self.topics = topics }

    /// What must not be.
    enum Wrong: String, CaseIterable {
        case lostPress = "presses lost"
        case doublePress = "presses told in a wrong way"
        case lostRow = "rows of the journal that are gone or changed"
        case lostEvent = "events missing, or otherwise than the journal has them"
        case gap = "gaps"
        case record = "wrong records"
        case answer = "wrong answers"
        case lamp = "wrong lamps"
        case unrest = "no rest in the end"
        case contract = "not what the contract promises"
    }

    mutating func complain(_ kind: Wrong, _ text: String) {
        complaintCounts[kind, default: 0] += 1
        if complaintCounts[kind]! <= Self.mostOfAKind { complaints.append((kind, text)) }
    }

    /// What must not be, in words, the gravest first; nothing if all is well.
    var wrongs: [String] {
        Wrong.allCases.flatMap { kind -> [String] in
            guard let count = complaintCounts[kind] else { return [] }
            return ["\(kind.rawValue): \(count)"] + complaints.filter { $0.kind == kind }.map { "  \($0.text)" }
        }
    }

    // MARK: The resident

    mutating func press(_ press: CrashPress) { presses.append(press) }

    /// A lamp lit up. It answers the last press at its point, if it was dark then.
    mutating func lamp(of point: String, lit moment: Moment) {
        guard let index = presses.lastIndex(where: { $0.point == point }), presses[index].wasDark,
            presses[index].shown == nil
        else { return }
        presses[index].shown = moment
    }

    /// The agent was killed; `first` is the first press it was to take.
    mutating func killed(at moment: Moment, from first: Int) {
        for index in first..<presses.count { presses[index].killed = moment }
    }

    // MARK: The subscriber

    mutating func hear(_ topic: String, _ payload: [UInt8], at moment: Moment) {
        if topic.hasPrefix("\(topics.base)/event/") || topic.hasPrefix("\(topics.base)/replay/") {
            if let event = read(EventMessage.self, payload, topic) { hear(event, at: moment) }
        } else if topic.hasPrefix("\(topics.base)/reply/") {
            if let reply = read(ReplyMessage.self, payload, topic), reply.command != "replay" {
                answers[reply.id, default: []].insert(reply)
            }
        } else if topic == topics.status {
            status = read(StatusMessage.self, payload, topic) ?? status
        } else if case .call(_, let id) = topics.subject(of: topic) {
            records[id] = payload.isEmpty ? nil : read(CallMessage.self, payload, topic) ?? records[id]
        }
    }

    private mutating func hear(_ event: EventMessage, at moment: Moment) {
        guard let before = arrivals[event.id] else {
            arrivals[event.id] = event
            lastArrival = moment
            return
        }
        sentAgain += 1
        if before.fixed != event.fixed {
            complain(.lostEvent, "\(event.id) came twice, and not the same: \(Self.words(before, event))")
        }
    }

    private mutating func read<T: Decodable>(_ type: T.Type, _ payload: [UInt8], _ topic: String) -> T? {
        let message = try? WireJSON.read(type, from: payload)
        if message == nil {
            complain(.contract, "\(topic): \(String(decoding: payload, as: UTF8.self))")
        }
        return message
    }

    // MARK: The journal

    /// The journal was read; a row that was there before must be there as it was.
    /// - Parameter whole: these are all rows, otherwise only those that were not known yet.
    mutating func read(_ rows: [CallEvent], whole: Bool) {
        var found: Set<String> = []
        for row in rows {
            let event = EventMessage(row, source: topics.source, boot: row.occurred.boot, now: .never).fixed
            found.insert(event.id)
            if let before = kept.updateValue(event, forKey: event.id), before != event {
                complain(.lostRow, "the journal's row \(event.id) has changed: \(Self.words(before, event))")
            }
        }
        guard whole else { return }
        for id in kept.keys.sorted() where !found.contains(id) { complain(.lostRow, "the journal has lost \(id)") }
    }

    /// Presses from `first` on of which the journal had a row at the kill.
    mutating func noteKept(from first: Int, among rows: [CallEvent]) {
        for index in first..<presses.count {
            presses[index].wasKept = rows.contains { row in
                row.type == .pressed && row.call.point.text == presses[index].point
                    && presses[index].window.contains(row.occurred.moment)
            }
        }
    }

    static let pressed = "courtyard.call.pressed"

    static func tells(_ event: EventMessage, of press: CrashPress) -> Bool {
        event.data.point == press.point && press.window.contains(Moment(nanoseconds: event.data.monotonicNs))
    }

    /// Two events that should be one.
    static func words(_ a: EventMessage, _ b: EventMessage) -> String {
        func words(_ event: EventMessage) -> String {
            "\(event.type.dropFirst("courtyard.call.".count)) \(event.data.point) at \(event.data.monotonicNs) ns, call "
                + "\(event.data.call), \(event.data.state), revision \(event.data.revision)"
        }
        return words(a) == words(b)
            ? "\(String(decoding: WireJSON.bytes(a), as: UTF8.self)) / \(String(decoding: WireJSON.bytes(b), as: UTF8.self))"
            : "\(words(a)) / \(words(b))"
    }
}

extension EventMessage {
    /// Without what changes from one delivery to the next: its age.
    var fixed: EventMessage {
        var event = self
        (event.data.late, event.data.ageMs) = (false, 0)
        return event
    }
}

extension Now {
    /// For ages that nobody asks for.
    static let never = Now(
        moment: Moment(nanoseconds: 0), wall: WallTime(milliseconds: 0),
        quality: ClockQuality(synchronized: true, uncertaintyMs: 0))
}
