internal import CallCore

/// How events and calls stand in their tables. The order here is the order of ``Columns``.
enum Columns {
    static let stamp = ["ms", "synchronized", "uncertainty_ms", "monotonic_ns", "boot"]
    /// What an event and a call row share, after the call's own names.
    static let progress =
        ["priority", "state", "revision", "presses"] + stamp.map { "raised_\($0)" }
        + ["escalation", "actor", "reason", "on_the_way", "receiver", "level"]
    static let event =
        ["stream", "sequence", "type"] + stamp.map { "occurred_\($0)" } + ["journaled", "call", "point", "label"]
        + progress
    static let states = CallState.allCases.map(\.rawValue)
    /// In parts: Swift 6.0 takes minutes to find the types of one long sum.
    static let call: [String] = [
        ["journal", "number", "closed", "point", "label", "service"], progress, states.map { "time_\($0)" },
        states.map { "actor_\($0)" }, ["press_times"], stamp.map { "waiting_\($0)" },
        ["pressed_revision", "opened_revision"],
    ].flatMap { $0 }
    /// What is written anew whenever a call is saved.
    static let changing = call.filter { !["journal", "number", "closed"].contains($0) }
    static let answer = ["number", "id", "command", "refusal", "call", "state", "revision", "actor"]

    static let transmitter = [
        "point", "identity", "heard_ms", "receiver", "level", "missing", "tampered", "low_since_ms", "low_told_ms",
    ]

    static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    static func marks(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }
}

extension Statement {
    func put(_ stamp: Stamp, boot: Int64) {
        put(stamp.wall.milliseconds)
        put(stamp.quality.synchronized)
        put(stamp.quality.uncertaintyMs)
        put(stamp.moment.nanoseconds)
        put(boot)
    }

    /// `Columns.progress`.
    func putProgress(of call: Call, boot: Int64) {
        put(call.priority)
        put(call.state.rawValue)
        put(call.revision)
        put(call.presses)
        put(call.raised, boot: boot)
        put(call.escalation)
        put(call.actor)
        put(call.reason)
        put(call.isOnTheWay)
        put(call.reception?.receiver.text)
        put((call.reception?.level).map { Int64($0) })
    }

    /// `Columns.event`.
    func put(_ event: CallEvent, stream: Int64, boot: Int64, raisedBoot: Int64) {
        put(stream)
        put(Int64(clamping: event.sequence))
        put(event.type.rawValue)
        put(event.occurred, boot: boot)
        put(event.journaled)
        put(event.call.id.description)
        put(event.call.point.text)
        put(event.call.label)
        putProgress(of: event.call, boot: raisedBoot)
    }

    /// `Columns.call`. `waitingBoot` is nil if somebody is waited for since it was raised.
    func put(_ call: Call, boot: Int64, waitingBoot: Int64?) {
        put(call.id.journal.text)
        put(Int64(bitPattern: call.id.number))  // an adopted call's number may be any
        put(call.state.isClosed)
        put(call.point.text)
        put(call.label)
        put(call.service.text)
        putProgress(of: call, boot: boot)
        for state in CallState.allCases { put(call.times[state]?.milliseconds) }
        for state in CallState.allCases { put(call.actors[state]) }
        put("[" + call.pressTimes.map { String($0.milliseconds) }.joined(separator: ",") + "]")
        if let waitingBoot {
            put(call.waitingSince, boot: waitingBoot)
        } else {
            for _ in Columns.stamp { put(nil as Int64?) }
        }
        put(call.pressedRevision)
        put(call.openedRevision)
    }

    /// `Columns.answer`.
    func put(_ answer: CommandAnswer, number: Int64) {
        put(number)
        put(answer.id)
        put(answer.command)
        put(answer.refusal)
        put(answer.call?.id.description)
        put(answer.call?.state.rawValue)
        put((answer.call?.revision).map { Int64($0) })
        put(answer.call?.actor)
    }
}

extension Statement {
    /// `Columns.transmitter`.
    func put(_ state: TransmitterState) {
        put(state.point.text)
        put(state.identity)
        put(state.heard?.milliseconds)
        put(state.reception?.receiver.text)
        put((state.reception?.level).map { Int64($0) })
        put(state.isMissing)
        put(state.isTampered)
        put(state.lowSince?.milliseconds)
        put(state.lowTold?.milliseconds)
    }
}

/// Reads rows back. What can't be an event or a call means that the file is damaged.
struct RowReader {
    let path: String
    /// The boot ids by their number.
    let boots: [Int64: String]

    func stamp(_ row: Statement) throws(JournalError) -> Stamp {
        let wall = WallTime(milliseconds: row.number())
        let quality = ClockQuality(synchronized: row.flag(), uncertaintyMs: row.integer())
        let moment = Moment(nanoseconds: row.number())
        return Stamp(boot: try known(boots[row.number()], "boot"), moment: moment, wall: wall, quality: quality)
    }

    /// Five columns that are all NULL, or a stamp.
    private func optionalStamp(_ row: Statement) throws(JournalError) -> Stamp? {
        guard row.isNull else { return try stamp(row) }
        row.skip(Columns.stamp.count)
        return nil
    }

    /// A row of `Columns.event`: the call as ``CallEvent/asStored`` has it.
    func event(_ row: Statement, journal: JournalID, service: ServiceID) throws(JournalError) -> CallEvent {
        _ = row.number()
        let sequence = UInt64(clamping: row.number())
        let type = try known(CallEventType(rawValue: row.text()), "event type")
        let occurred = try stamp(row)
        let journaled = row.flag()
        let id = try known(CallID(row.text()), "call id")
        let point = try known(PointID(row.text()), "point")
        let label = row.text()
        let call = try call(row, id: id, point: point, label: label, service: service)
        return CallEvent(
            journal: journal, sequence: sequence, type: type, occurred: occurred, call: call, journaled: journaled)
    }

    /// A row of `Columns.call`.
    func call(_ row: Statement) throws(JournalError) -> Call {
        let journal = try known(JournalID(row.text()), "journal id")
        let id = CallID(journal: journal, number: UInt64(bitPattern: row.number()))
        _ = row.flag()
        let point = try known(PointID(row.text()), "point")
        let label = row.text()
        let service = try known(ServiceID(row.text()), "service")
        let progress = try call(row, id: id, point: point, label: label, service: service)
        var times: [CallState: WallTime] = [:]
        var actors: [CallState: String] = [:]
        for state in CallState.allCases {
            if let time = row.optionalNumber() { times[state] = WallTime(milliseconds: time) }
        }
        for state in CallState.allCases { actors[state] = row.optionalText() }
        let presses = row.text().dropFirst().dropLast().split(separator: ",")
        let pressTimes = presses.compactMap { Int64($0) }.map { WallTime(milliseconds: $0) }
        return progress.with(
            times: times, actors: actors, pressTimes: pressTimes, waitingSince: try optionalStamp(row),
            pressedRevision: row.integer(), openedRevision: row.integer())
    }

    /// A row of `Columns.answer`.
    func answer(_ row: Statement) throws(JournalError) -> CommandAnswer {
        _ = row.number()
        let id = row.text()
        let command = row.text()
        let refusal = row.optionalText()
        let call: CommandAnswer.Standing?
        if let name = row.optionalText() {
            call = .init(
                id: try known(CallID(name), "call id"), state: try known(CallState(rawValue: row.text()), "call state"),
                revision: row.integer(), actor: row.optionalText())
        } else {
            call = nil
        }
        return CommandAnswer(id: id, command: command, refusal: refusal, call: call)
    }

    /// A row of `Columns.transmitter`.
    func transmitter(_ row: Statement) throws(JournalError) -> TransmitterState {
        TransmitterState(
            point: try known(PointID(row.text()), "point"), identity: row.text(),
            heard: row.optionalNumber().map { WallTime(milliseconds: $0) }, reception: try reception(row),
            isMissing: row.flag(), isTampered: row.flag(),
            lowSince: row.optionalNumber().map { WallTime(milliseconds: $0) },
            lowTold: row.optionalNumber().map { WallTime(milliseconds: $0) })
    }

    /// `Columns.progress`.
    private func call(
        _ row: Statement, id: CallID, point: PointID, label: String, service: ServiceID
    ) throws(JournalError) -> Call {
        let priority = row.integer()
        let state = try known(CallState(rawValue: row.text()), "call state")
        let revision = row.integer()
        let presses = row.integer()
        let raised = try stamp(row)
        return Call(
            id: id, point: point, label: label, service: service, priority: priority, state: state, revision: revision,
            presses: presses, raised: raised, escalation: row.integer(), actor: row.optionalText(),
            reason: row.optionalText(), times: [:], actors: [:], pressTimes: [], isOnTheWay: row.flag(),
            reception: try reception(row))
    }

    private func reception(_ row: Statement) throws(JournalError) -> Reception? {
        let receiver = row.optionalText()
        let level = row.optionalNumber().map { Int($0) }
        guard let receiver else { return nil }
        return Reception(receiver: try known(ReceiverID(receiver), "receiver"), level: level)
    }

    func known<Value>(_ value: Value?, _ what: String) throws(JournalError) -> Value {
        guard let value else { throw .corrupt(path, "reading its rows", "a row has no valid \(what)") }
        return value
    }
}

extension Call {
    /// The same progress with what stands with a call alone.
    fileprivate func with(
        times: [CallState: WallTime], actors: [CallState: String], pressTimes: [WallTime], waitingSince: Stamp? = nil,
        pressedRevision: Int? = nil, openedRevision: Int? = nil
    ) -> Call {
        Call(
            id: id, point: point, label: label, service: service, priority: priority, state: state, revision: revision,
            presses: presses, raised: raised, escalation: escalation, actor: actor, reason: reason, times: times,
            actors: actors, pressTimes: pressTimes, waitingSince: waitingSince, pressedRevision: pressedRevision,
            openedRevision: openedRevision, isOnTheWay: isOnTheWay, reception: reception)
    }
}

extension CallEvent {
    /// The event as its row holds it. An event is told without its call's `times`, `actors`, `pressTimes`,
    /// `waitingSince` and the two revisions, so those are kept with the call alone; here they are empty, or what a
    /// retained record would be taken to mean.
    var asStored: CallEvent {
        CallEvent(
            journal: journal, sequence: sequence, type: type, occurred: occurred,
            call: call.with(times: [:], actors: [:], pressTimes: []), journaled: journaled)
    }
}
