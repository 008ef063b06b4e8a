internal import CallContract
internal import CallCore

/// What is demanded when all is over: the journal is read whole, the subscriber has everything, every desk has its answer.
extension CrashEvidence {
    /// The presses of which an event has come.
    var arrivedPresses: Int { pressesByEvents.values.count { !$0.isEmpty } }

    /// True once the subscriber has every event of the journal.
    func hasAll(of rows: [CallEvent]) -> Bool {
        rows.allSatisfy { arrivals["\($0.journal)-\($0.service)-\($0.sequence)"] != nil }
    }

    /// True once each press from `first` on has come.
    func hasAllPresses(from first: Int) -> Bool {
        let events = arrivals.values.lazy.filter { $0.type == Self.pressed }
        return presses[first...].allSatisfy { press in events.contains { Self.tells($0, of: press) } }
    }

    /// By service, the lowest number that the subscriber lacks below one that it has.
    var firstGaps: [String: Int] {
        Dictionary(grouping: arrivals.values, by: \.data.service).compactMapValues { events in
            let numbers = Set(events.compactMap { Int($0.sequence) })
            return (1...(numbers.max() ?? 1)).first { !numbers.contains($0) }
        }
    }

    /// Press events by the index of the press that they tell of.
    private var pressesByEvents: [Int: [EventMessage]] {
        var byPress: [Int: [EventMessage]] = [:]
        let byPoint = Dictionary(grouping: presses.indices) { presses[$0].point }
        for event in arrivals.values where event.type == Self.pressed {
            if let index = byPoint[event.data.point]?.last(where: { Self.tells(event, of: presses[$0]) }) {
                byPress[index, default: []].append(event)
            }
        }
        return byPress
    }

    /// Complains about everything that is not as it must be.
    /// - Parameters:
    ///   - open: the calls that the journal holds open.
    ///   - lamps: what each lamp shows, by its point.
    mutating func judge(open: [Call], lamps: [String: String]) {
        judgePresses()
        judgeEvents()
        judgeSequences()
        judgeRecords(open)
        judgeAnswers()
        judgeLamps(open, lamps)
    }

    private mutating func judgePresses() {
        let byPress = pressesByEvents
        for (index, press) in presses.enumerated() {
            let events = byPress[index] ?? []
            let name = "press \(index) at \(press.point), \(Self.words(press))"
            if events.count > 1 {
                complain(.doublePress, "\(name): told \(events.count) times: \(events.map(\.id).sorted())")
            }
            if let event = events.first, event.data.service != press.service {
                complain(.doublePress, "\(name): told as \(event.data.service), and is a \(press.service)")
            }
            guard events.isEmpty else { continue }
            if press.shown != nil {
                complain(.lostPress, "\(name): LOST, though its lamp had lit up")
            } else if press.wasKept {
                complain(.lostPress, "\(name): LOST, though the journal had it")
            } else if press.killed == nil {
                complain(.lostPress, "\(name): LOST, though nobody was killed")
            }
        }
        let told = byPress.values.flatMap { $0.map(\.id) }
        for event in arrivals.values where event.type == Self.pressed && !Set(told).contains(event.id) {
            complain(
                .doublePress,
                "\(event.id) tells of a press at \(event.data.point) at \(event.data.monotonicNs) ns: nobody pressed then"
            )
        }
    }

    private mutating func judgeEvents() {
        for (id, row) in kept.sorted(by: { $0.key < $1.key }) {
            guard let event = arrivals[id] else {
                complain(.lostEvent, "\(id), \(row.type) at \(row.data.point), is in the journal and never came")
                continue
            }
            if event.fixed != row {
                complain(.lostEvent, "\(id) came otherwise than the journal has it: \(Self.words(row, event))")
            }
        }
        for id in arrivals.keys.sorted() where kept[id] == nil {
            complain(.lostEvent, "\(id) was published, and the journal has no such event")
        }
    }

    private mutating func judgeSequences() {
        let journals = Set(arrivals.values.map(\.data.journal))
        if journals.count > 1 { complain(.lostRow, "one journal became \(journals.count): \(journals.sorted())") }
        for (service, events) in Dictionary(grouping: arrivals.values, by: \.data.service) {
            let numbers = Set(events.compactMap { Int($0.sequence) })
            for number in 1...(numbers.max() ?? 1) where !numbers.contains(number) {
                complain(.gap, "a gap: \(service) has no number \(number)")
            }
        }
    }

    private mutating func judgeRecords(_ open: [Call]) {
        for call in open {
            guard let record = records[call.id.description]?.data else {
                complain(.record, "call \(call.id) is open, and has no record at the broker")
                continue
            }
            let (said, true_) = (
                "\(record.state), revision \(record.revision), \(record.presses) presses",
                "\(call.state.rawValue), revision \(call.revision), \(call.presses) presses"
            )
            if said != true_ { complain(.record, "the record of call \(call.id) says \(said); it is \(true_)") }
        }
        let ids = Set(open.map(\.id.description))
        for id in records.keys.sorted() where !ids.contains(id) {
            complain(.record, "a record of call \(id) still stands at the broker, and the call is closed")
        }
    }

    /// An accepted command has happened, once; and was never answered in another way.
    private mutating func judgeAnswers() {
        let events: [String: String] = [
            "received": "delivered", "accept": "accepted", "arrive": "arrived", "resolve": "resolved",
        ]
        var happened: [String: [Int]] = [:]
        for event in arrivals.values {
            happened["\(event.data.call) \(event.type.dropFirst("courtyard.call.".count))", default: []]
                .append(event.data.revision)
        }
        for (id, answers) in answers.sorted(by: { $0.key < $1.key }) {
            let words = answers.map { String(decoding: WireJSON.bytes($0), as: UTF8.self) }.sorted()
            if answers.count > 1 { complain(.answer, "command \(id) was answered in \(answers.count) ways: \(words)") }
            guard let answer = answers.first, answer.accepted, let call = answer.call,
                let event = events[answer.command], let revision = answer.revision
            else { continue }
            let matching = (happened["\(call) \(event)"] ?? []).filter { $0 <= revision }
            if matching.isEmpty { complain(.answer, "command \(id) was accepted and has not happened: \(words)") }
        }
        for (what, revisions) in happened where Set(revisions).count != revisions.count {
            complain(.answer, "\(what) happened twice with one revision: \(revisions.sorted())")
        }
    }

    private mutating func judgeLamps(_ open: [Call], _ lamps: [String: String]) {
        let lit = Set(open.map(\.point.text))
        for (point, signal) in lamps.sorted(by: { $0.key < $1.key })
        where (signal != Signal.idle.rawValue) != lit.contains(point) {
            complain(
                .lamp,
                "the lamp of \(point) shows \(signal), and \(lit.contains(point) ? "a call" : "no call") is open there")
        }
    }

    private static func words(_ press: CrashPress) -> String {
        let after = { (moment: Moment?) in moment.map { "after \(($0 - press.begun).nanoseconds / 1000) µs" } ?? "never"
        }
        return
            "made at \(press.begun.nanoseconds) ns, confirmed \(after(press.confirmed)), lamp \(after(press.shown)), "
            + "agent killed \(after(press.killed))\(press.wasKept ? ", in the journal then" : "")"
    }
}
