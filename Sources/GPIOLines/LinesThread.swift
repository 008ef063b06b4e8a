internal import CallCore
internal import Glibc

/// What the lines thread does and knows.
final class LinesThread: @unchecked Sendable {
    // SAFETY (unchecked Sendable): everything mutable belongs to the thread that calls `run`, once; the mailbox is
    // how others reach it.

    /// How often lines without interrupts are looked at. A press shorter than this may go unseen on such a line.
    static let samplingPeriod = Duration.milliseconds(5)

    private let mailbox: Mailbox<LinesCommand>
    private let sampled: SampledPoints
    private let report: @Sendable ([LineReport]) -> Void
    private let poll: EventPoll
    private let buffer: EdgeBuffer
    private let chipWatch: ChipWatch

    /// In the order of the list that was given.
    private var slots: [LineSlot] = []
    private var slotsByToken: [UInt64: LineSlot] = [:]
    private var lastToken: UInt64 = Token.lastFixed
    private var opening = Opening<LineSlot>()
    private var retries = RetrySchedule<PointID>()
    private var nextSample: Moment?
    private var batch = ReportBatch()

    private enum Token {
        static let mailbox: UInt64 = 0
        static let chips: UInt64 = 1
        static let lastFixed: UInt64 = 1
    }

    init(
        mailbox: Mailbox<LinesCommand>, sampled: SampledPoints, report: @escaping @Sendable ([LineReport]) -> Void
    ) throws(GPIOError) {
        self.mailbox = mailbox
        self.sampled = sampled
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
            for ready in poll.wait(until: nextDue) { attend(to: ready) }
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

    /// The next retry or sample; nil if neither is to come, now while lines are being opened.
    private var nextDue: Moment? {
        opening.isDone ? [retries.next, nextSample].compactMap { $0 }.min() : Moment.now
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
        retries = RetrySchedule<PointID>()
        opening = Opening(slots.filter { !$0.isHeld })
        noteSampledLines()
    }

    private func openSome() {
        guard !opening.isDone else { return }
        opening.nextRound { slot, directory in
            batch.add(slot.open(in: directory))
            listen(to: slot)
            if slot.isTroubled { gaveUp(slot, token: nil) } else { retries.forget(slot.line.point) }
        }
        noteSampledLines()
    }

    private func listen(to slot: LineSlot) {
        guard let descriptor = slot.descriptor else { return }
        lastToken += 1
        do throws(ErrorNumber) {
            try poll.add(descriptor, token: lastToken)
            slotsByToken[lastToken] = slot
        } catch {
            let reason = refusal(code: error.code, of: .wait)
            batch.add(slot.fail(.refused(line: slot.line.address.description, reason: reason)))
        }
    }

    private func retryIfDue() {
        guard opening.isDone else { return }
        let due = Set(retries.due(at: Moment.now))
        if !due.isEmpty { opening = Opening(slots.filter { due.contains($0.line.point) }) }
    }

    /// A chip came or went, or its permissions changed.
    private func lookAtChips() {
        for (token, slot) in slotsByToken {
            batch.add(slot.checkPresence())
            if slot.isTroubled { gaveUp(slot, token: token) }
        }
        opening.lookAgain()
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
        let points = slots.filter(\.isSampled).map(\.line.point)
        if points.isEmpty { nextSample = nil } else if nextSample == nil { nextSample = Moment.now }
        sampled.publish(points)
    }
}
