internal import CallCore
internal import Glibc

/// What the lines thread does and knows.
final class LinesThread: @unchecked Sendable {
    // SAFETY (unchecked Sendable): everything mutable belongs to the thread that calls `run`, once; the mailbox is
    // how others reach it.

    /// How often lines without interrupts are looked at. A press shorter than this may go unseen on such a line.
    static let samplingPeriod = Duration.milliseconds(5)

    private let mailbox: Mailbox
    private let report: @Sendable ([LineReport]) -> Void
    private let poll: EventPoll
    private let buffer: EdgeBuffer
    private let chipWatch: ChipWatch

    /// In the order of the list that was given.
    private var slots: [LineSlot] = []
    private var slotsByToken: [UInt64: LineSlot] = [:]
    private var lastToken: UInt64 = Token.lastFixed
    private var opening = Opening()
    private var retries = RetrySchedule()
    private var nextSample: Moment?
    private var batch = ReportBatch()

    /// Lines that are being requested, a few per round: the kernel takes about a millisecond for each, and edges of
    /// the lines that work shouldn't wait for hundreds of them.
    private struct Opening {
        static let linesPerRound = 8
        /// Closed as soon as no line is left, so that no chip is held open.
        var directory: ChipDirectory?
        var slots: ArraySlice<LineSlot> = []
    }

    private enum Token {
        static let mailbox: UInt64 = 0
        static let chips: UInt64 = 1
        static let lastFixed: UInt64 = 1
    }

    init(mailbox: Mailbox, report: @escaping @Sendable ([LineReport]) -> Void) throws(GPIOError) {
        self.mailbox = mailbox
        self.report = report
        poll = try EventPoll(room: 256)
        buffer = try EdgeBuffer()
        chipWatch = try ChipWatch()
        do throws(ErrorNumber) {
            try poll.add(mailbox.descriptor, token: Token.mailbox)
            try poll.add(chipWatch.descriptor, token: Token.chips)
        } catch {
            throw .setUp(operation: "epoll_ctl", code: error.code)
        }
    }

    /// Works until told to stop; then gives every line back.
    func run() {
        var stopping = false
        while !stopping {
            for ready in poll.wait(milliseconds: millisecondsToWait()) { attend(to: ready) }
            sampleIfDue()
            retryIfDue()
            // Commands come after the edges: what was queued before a reload is reported before it.
            var checkIns: [@Sendable () -> Void] = []
            for command in mailbox.take() {
                switch command {
                case .watch(let lines): watch(lines)
                case .checkIn(let done): checkIns.append(done)
                case .stop: stopping = true
                }
            }
            openSome()
            if !batch.isEmpty { report(batch.take()) }
            for done in checkIns { done() }
        }
        slots = []
        slotsByToken = [:]
        opening = Opening()
    }

    // MARK: Waiting

    /// Until the next retry or sample; -1 (for ever) if neither is to come, 0 while lines are being opened.
    private func millisecondsToWait() -> Int32 {
        guard opening.slots.isEmpty else { return 0 }
        guard let due = [retries.next, nextSample].compactMap({ $0 }).min() else { return -1 }
        let nanoseconds = max(0, (due - Moment.now).nanoseconds)
        return Int32((nanoseconds + 999_999) / 1_000_000)
    }

    private func attend(to ready: EventPoll.Ready) {
        switch ready.token {
        case Token.mailbox: mailbox.clearWakeUp()  // commands are taken in every round
        case Token.chips: if chipWatch.chipsChanged() { lookAtChips() }
        default:
            guard let slot = slotsByToken[ready.token] else { return }
            batch.add(slot.drain(into: buffer))
            if ready.isBroken && !slot.isTroubled {
                batch.add(slot.fail(.missing(line: slot.line.address.description)))
            }
            if slot.isTroubled { gaveUp(slot, token: ready.token) }
        }
    }

    private func gaveUp(_ slot: LineSlot, token: UInt64?) {
        if let token { slotsByToken[token] = nil }
        retries.failed(slot.line.point, at: Moment.now)
    }

    // MARK: Lines

    private func watch(_ lines: [WatchedLine]) {
        let plan = WatchPlan(from: slots.map(\.line), to: lines)
        let released = Set(plan.released)
        slots.removeAll { released.contains($0.line.point) }
        // A slot that nobody names any more releases its line here.
        slotsByToken = slotsByToken.filter { !released.contains($0.value.line.point) }
        slots += plan.requested.map { LineSlot($0) }
        // A new list is a reason to try everything again now.
        retries = RetrySchedule()
        open(slots.filter { !$0.isHeld })
    }

    /// Requests these lines, and none else, from the chips that are there now; in rounds.
    private func open(_ closed: [LineSlot]) {
        opening = closed.isEmpty ? Opening() : Opening(directory: ChipDirectory(), slots: closed[...])
    }

    private func openSome() {
        guard let directory = opening.directory else { return }
        for slot in opening.slots.prefix(Opening.linesPerRound) {
            batch.add(slot.open(in: directory))
            listen(to: slot)
            if slot.isTroubled { gaveUp(slot, token: nil) } else { retries.forget(slot.line.point) }
        }
        opening.slots = opening.slots.dropFirst(Opening.linesPerRound)
        if opening.slots.isEmpty { opening.directory = nil }
        noteSampledLines()
    }

    private func listen(to slot: LineSlot) {
        guard let descriptor = slot.descriptor else { return }
        lastToken += 1
        do throws(ErrorNumber) {
            try poll.add(descriptor, token: lastToken)
            slotsByToken[lastToken] = slot
        } catch {
            let reason = refusal(code: error.code, of: "epoll_ctl")
            batch.add(slot.fail(.refused(line: slot.line.address.description, reason: reason)))
        }
    }

    private func retryIfDue() {
        guard opening.slots.isEmpty else { return }
        let due = Set(retries.due(at: Moment.now))
        if !due.isEmpty { open(slots.filter { due.contains($0.line.point) }) }
    }

    /// A chip came or went, or its permissions changed.
    private func lookAtChips() {
        for (token, slot) in slotsByToken {
            batch.add(slot.checkPresence())
            if slot.isTroubled { gaveUp(slot, token: token) }
        }
        if opening.directory != nil { opening.directory = ChipDirectory() }
        retries.hurry(at: Moment.now)
    }

    // MARK: Sampling

    private func sampleIfDue() {
        guard let due = nextSample else { return }
        let now = Moment.now
        guard due <= now else { return }
        var isOneLost = false
        for slot in slots where slot.isSampled {
            batch.add(slot.sample())
            guard slot.isTroubled else { continue }
            gaveUp(slot, token: nil)
            isOneLost = true
        }
        // After a stall the missed samples aren't made up for.
        nextSample = max(due + Self.samplingPeriod, now)
        if isOneLost { noteSampledLines() }
    }

    private func noteSampledLines() {
        let sampled = slots.filter(\.isSampled).map(\.line.point)
        if sampled.isEmpty { nextSample = nil } else if nextSample == nil { nextSample = Moment.now }
        if mailbox.sampled != sampled { mailbox.publish(sampled: sampled) }
    }
}
