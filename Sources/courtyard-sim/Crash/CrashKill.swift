internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import Glibc

extension CrashServers {
    /// The journal's log will soon be long enough to be folded in.
    var checkpointIsNear: Bool { DatabaseWatch.logPages(journal + "-wal") >= 800 }
}

extension CrashRun {
    /// How long the broker may take to say that a dead agent is gone.
    private static let willTakes = Duration.milliseconds(500)
    /// An event that came so shortly before a kill, or after it, was being acknowledged.
    private static let acknowledgementTakes = Duration.milliseconds(1)

    /// Kills the agent, and finds out what that hit.
    /// - Parameter first: the first press that this agent was to take.
    func kill(from first: Int, _ database: DatabaseWatch, isStarting: Bool) throws {
        let wasAsked = desk.calls.values.contains { $0.pending != nil }
        let isFolding = database.hasBeenWritten
        try servers.check()
        let asked = Moment.now
        let dead = servers.killAgent()
        fingers = nil
        lamps?.join()
        takeLamps()
        lamps = nil
        evidence.killed(at: dead, from: first)
        // The will comes after all that the agent had handed over: what is not here by then was never published.
        let connection = evidence.status?.connection
        try pump(for: evidence.status?.state == .offline ? .milliseconds(2) : Self.willTakes) {
            evidence.status?.state == .offline && evidence.status?.connection == connection
        }
        let rows = try takeJournal()
        evidence.noteKept(from: first, among: rows)

        var hit: Set<KillWindow> = []
        if isStarting { hit.insert(.starting) }
        if wasAsked { hit.insert(.command) }
        if isFolding { hit.insert(.checkpoint) }
        if evidence.presses[first...].contains(where: { !$0.wasKept }) { hit.insert(.beforeCommit) }
        if !evidence.hasAll(of: rows) { hit.insert(.beforePublish) }
        if let last = evidence.lastArrival, last + Self.acknowledgementTakes > asked {
            hit.insert(.aroundAcknowledgement)
        }
        tally.add(hit)
    }

    /// Reads what the journal has since the last time, and which points have an open call.
    private func takeJournal() throws -> [CallEvent] {
        guard access(servers.journal, F_OK) == 0 else { return [] }
        let (rows, open) = try servers.readJournal(after: known)
        for row in rows { known[row.service] = max(known[row.service] ?? 0, row.sequence) }
        evidence.read(rows, whole: false)
        taken = Set(open.map(\.point.text))
        return rows
    }

    // MARK: The end

    /// How long all that is still on its way may take; less where something is wrong already.
    private var finishTakes: Duration { evidence.wrongs.isEmpty ? .seconds(20) : .seconds(2) }
    private static let lastPresses = 8

    /// A last agent that nobody kills: everything is delivered, every command answered; then the evidence is judged.
    func finish() throws {
        try servers.startAgent()
        try awaitButtons()
        try pressAll()
        let calm = try pump(for: finishTakes) { desk.calls.isEmpty && hasAllPresses }
        if !calm {
            evidence.complain(
                .unrest,
                "after \(finishTakes) without a kill, \(desk.calls.count) calls are still open at a desk that answers: "
                    + desk.calls.keys.sorted().prefix(10).joined(separator: " "))
        }
        try settleCommands()
        // From here on calls stay as they are, so that there is something to compare.
        desk.manner.ignores = true
        try pump(for: .seconds(1))
        try pressAll()
        try pump(for: finishTakes) { hasAllPresses }
        try fillGaps()
        try judge()
    }

    /// So many of the last commands are sent once more; the agent remembers twice as many answers (docs/mqtt-contract.md).
    private static let repeatedCommands = 500
    /// The agent takes in 256 messages at a time, and drops what is more.
    private static let commandsAtOnce = 50

    /// Every command gets an answer in the end, and the same one again.
    private func settleCommands() throws {
        let deadline = Moment.now + finishTakes
        var unanswered: [String] { commandOrder.filter { evidence.answers[$0] == nil } }
        var rest = Array(commandOrder.suffix(Self.repeatedCommands))
        repeat {
            if rest.isEmpty { rest = unanswered }
            for id in rest.prefix(Self.commandsAtOnce) { if let command = commands[id] { send(command) } }
            rest.removeFirst(min(rest.count, Self.commandsAtOnce))
            try pump(for: .milliseconds(100))
        } while (!rest.isEmpty || !unanswered.isEmpty) && .now < deadline
        for id in unanswered { evidence.complain(.answer, "command \(id) never had an answer") }
    }

    private func pressAll() throws {
        for _ in 0..<Self.lastPresses {
            try press()
            try pump(for: .milliseconds(30))
        }
    }

    /// Every press that was made since the last kill has come.
    private var hasAllPresses: Bool { evidence.hasAllPresses(from: evidence.presses.count { $0.killed != nil }) }

    /// A broker that was killed may have acknowledged what it then forgot. The contract's remedy is what a subscriber does
    /// that finds a gap: it asks for a replay.
    private func fillGaps() throws {
        let before = evidence.arrivals.count
        let deadline = Moment.now + finishTakes
        // One replay is of 10,000 events at most.
        while !evidence.firstGaps.isEmpty, .now < deadline {
            for (service, from) in evidence.firstGaps.sorted(by: { $0.key < $1.key }) {
                tally.replays += 1
                let payload = #"{"id":"gap-\#(tally.replays)","service":"\#(service)","from":\#(from)}"#
                _ = subscriber.publish(courtyard.topics.commandPrefix + "replay", Array(payload.utf8))
            }
            try pump(for: .seconds(5)) { evidence.firstGaps.isEmpty }
        }
        tally.forgotten = evidence.arrivals.count - before
    }

    private func judge() throws {
        let shown = try fingers?.lamps() ?? []
        let lamps = Dictionary(
            shown.map { (CrashCourtyard.point(ofLamp: $0.output), $0.signal) }, uniquingKeysWith: { $1 })
        fingers = nil
        servers.stopAgent()
        self.lamps = nil
        let (rows, open) = try servers.readJournal()
        evidence.read(rows, whole: true)
        try pump(for: finishTakes) { evidence.hasAll(of: rows) }
        try recordsReader.connect(["\(courtyard.topics.base)/call/#"])
        try pump(for: finishTakes) { evidence.records.count >= open.count && recordsReader.isConnected }
        try pump(for: .milliseconds(300))  // what should not come
        evidence.judge(open: open, lamps: lamps)
    }
}
