internal import CallCore

/// What the outputs thread does and knows.
final class OutputsThread: @unchecked Sendable {
    // SAFETY (unchecked Sendable): everything mutable belongs to the thread that calls `run`, once; the mailbox is
    // how others reach it.

    /// Outputs that aren't on the list and are remembered all the same; the list may be on its way.
    static let mostUnlisted = 256

    private let mailbox: Mailbox<OutputsCommand>
    private let report: @Sendable ([OutputReport]) -> Void
    private let poll: EventPoll
    private let chipWatch: ChipWatch

    /// In the order of the list that was given.
    private var slots: [OutputSlot] = []
    /// What outputs show that aren't on the list.
    private var unlisted: [OutputID: PatternPlayer] = [:]
    private var opening = Opening<OutputSlot>()
    private var retries = RetrySchedule<OutputID>()
    private var nextChange: Moment?
    private var batch: [OutputReport] = []

    private enum Token {
        static let mailbox: UInt64 = 0
        static let chips: UInt64 = 1
    }

    init(
        mailbox: Mailbox<OutputsCommand>, report: @escaping @Sendable ([OutputReport]) -> Void
    ) throws(GPIOError) {
        self.mailbox = mailbox
        self.report = report
        poll = try EventPoll(room: 2)
        chipWatch = try ChipWatch()
        do throws(ErrorNumber) {
            try poll.add(mailbox.descriptor, token: Token.mailbox)
            try poll.add(chipWatch.descriptor, token: Token.chips)
        } catch {
            throw .setUp(operation: "epoll_ctl", code: error.code)
        }
    }

    /// Works until told to stop; then turns everything off and gives every line back.
    func run() {
        var stopping = false
        while !stopping {
            for ready in poll.wait(until: nextDue) { attend(to: ready) }
            var checkIns: [@Sendable () -> Void] = []
            for command in mailbox.take() {
                switch command {
                case .drive(let lines): drive(lines)
                case .show(let output, let pattern): show(output, pattern)
                case .checkIn(let done): checkIns.append(done)
                case .stop: stopping = true
                }
            }
            if !stopping { work() }
            for done in checkIns { done() }
        }
        opening = Opening()
        slots = []
    }

    /// The next retry or switching; nil if neither is to come, now while lines are being opened.
    private var nextDue: Moment? {
        opening.isDone ? [retries.next, nextChange].compactMap { $0 }.min() : Moment.now
    }

    private func attend(to ready: EventPoll.Ready) {
        switch ready.token {
        case Token.mailbox: mailbox.clearWakeUp()  // commands are taken in every round
        default: if chipWatch.chipsChanged() { lookAtChips() }
        }
    }

    /// Opens what is to be opened, switches what is to be switched, and tells.
    private func work() {
        let now = Moment.now
        if opening.isDone, case let due = Set(retries.due(at: now)), !due.isEmpty {
            opening = Opening(slots.filter { due.contains($0.line.output) })
        }
        opening.nextRound { slot, directory in
            batch += slot.open(in: directory, at: .now)
            if slot.isTroubled { retries.failed(slot.line.output, at: .now) } else { retries.forget(slot.line.output) }
        }
        play()
        guard !batch.isEmpty else { return }
        report(batch)
        batch = []
    }

    private func play() {
        let now = Moment.now
        for slot in slots { noteTrouble(slot.play(at: now), of: slot) }
        nextChange = slots.compactMap { $0.nextChange(after: now) }.min()
    }

    private func drive(_ lines: [OutputLine]) {
        let plan = WatchPlan(from: slots.map(\.line), to: lines)
        let released = Set(plan.released)
        let shown = Dictionary(slots.map { ($0.line.output, $0.player) }, uniquingKeysWith: { first, _ in first })
            .merging(unlisted) { listed, _ in listed }
        // A slot that nobody names any more turns its line off and releases it: here, or below if it was being opened.
        slots.removeAll { released.contains($0.line.output) }
        slots += plan.requested.map { line in
            OutputSlot(line, showing: shown[line.output] ?? PatternPlayer(.off, at: .now))
        }
        unlisted = [:]
        // A new list is a reason to try everything again now.
        retries = RetrySchedule<OutputID>()
        opening = Opening(slots.filter { !$0.isHeld })
    }

    private func show(_ output: OutputID, _ pattern: OutputPattern) {
        let slot = slots.first { $0.line.output == output }
        // A repeating pattern that is shown already goes on in its rhythm.
        if pattern.repeats, (slot?.player ?? unlisted[output])?.pattern == pattern { return }
        let player = PatternPlayer(pattern, at: .now)
        if let slot {
            slot.player = player
        } else if unlisted[output] != nil || unlisted.count < Self.mostUnlisted {
            unlisted[output] = player
        }
    }

    /// A chip came or went, or its permissions changed.
    private func lookAtChips() {
        for slot in slots { noteTrouble(slot.checkPresence(), of: slot) }
        opening.lookAgain()
        retries.hurry(at: .now)
    }

    /// A line that was just found in trouble is told of, and tried again.
    private func noteTrouble(_ found: [OutputReport], of slot: OutputSlot) {
        guard !found.isEmpty else { return }
        batch += found
        retries.failed(slot.line.output, at: .now)
    }
}
