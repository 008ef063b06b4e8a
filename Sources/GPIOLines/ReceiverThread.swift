internal import CallCore
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// The thread of one receiver: pin, decoder, and what becomes of both.
final class ReceiverThread: @unchecked Sendable {
    // SAFETY (unchecked Sendable): `commands` is behind its mutex; everything else mutable belongs to the thread.
    private struct Commands {
        var checkIns: [@Sendable () -> Void] = []
        var isStopping = false
    }

    private let address: LineAddress
    private let report: GPIOReceivers.Report
    private let wakeUp: WakeUp
    private let commands = Mutex(Commands())
    private let noted = Mutex(ReceiverStatistics())
    private var notedAt = Moment(nanoseconds: 0)
    private let ended: DriverThread.Gate
    private var ear: ReceiverEar
    private var told: ReceiverCondition?
    private var retries = RetrySchedule<ReceiverID>()

    /// A receiver gives out an edge every 50 µs: between two reads they are left to gather, in as much room as the kernel
    /// has for them. libgpiod 1.6 keeps 16 of a line; 2.x as many as `EdgeBuffer` holds.
    private static let gathers = Duration.microseconds(silentQueue == nil ? 5000 : 600)

    init(
        _ receiver: RadioReceiver, at address: LineAddress, for protocols: Set<RadioProtocol>,
        report: @escaping GPIOReceivers.Report
    ) throws(GPIOError) {
        self.address = address
        self.report = report
        do {
            wakeUp = try WakeUp(orThrow: ())
            ended = try DriverThread.Gate(orThrow: ())
        } catch { throw .setUp(operation: error.operation, code: error.code) }
        ear = ReceiverEar(receiver, protocols: protocols, at: .now)
    }

    func start() {
        do {
            try DriverThread.detach(named: "radio") { [self] in
                run()
                ended.open()
            }
        } catch { preconditionFailure("\(error)") }
    }

    func checkIn(_ done: @escaping @Sendable () -> Void) {
        commands.withLock { $0.checkIns.append(done) }
        wakeUp.wake()
    }

    /// As it was a moment ago.
    var statistics: ReceiverStatistics { noted.withLock { $0 } }

    func stop() {
        commands.withLock { $0.isStopping = true }
        wakeUp.wake()
        _ = ended.pass(within: .seconds(1))
    }

    private func run() {
        while !isStopping {
            do throws(LineTrouble) {
                let pin = try ReceiverPin(address, wakeUp: wakeUp.descriptor)
                retries.forget(ear.id)
                tell([], ear.condition)
                while !isStopping { try listen(pin) }
            } catch {
                tell([], .dead(error.what))
                ear.lostEdges()
                retries.failed(ear.id, at: .now)
                wait(until: retries.next)
            }
        }
    }

    private func listen(_ pin: ReceiverPin) throws(LineTrouble) {
        let due = ear.nextDeadline
        let batch = try pin.wait(until: due)
        if batch.isBroken { ear.lostEdges() }
        for edge in batch.edges { ear.take(carrier: edge.carrier, at: edge.at) }
        if batch.edges.isEmpty { wakeUp.clear() }
        if let due, batch.edges.isEmpty { ear.pass(until: max(due, .now - .milliseconds(1))) }
        let condition = ear.condition
        tell(ear.takeReports(), condition)
        note()
        if batch.edges.count > 1 { wait(for: Self.gathers) }
    }

    /// Seldom: somebody asks now and then.
    private func note() {
        guard notedAt + .seconds(1) <= .now else { return }
        notedAt = .now
        let statistics = ear.statistics
        noted.withLock { $0 = statistics }
    }

    private func tell(_ presses: [RadioReport], _ condition: ReceiverCondition) {
        let news = condition == told ? nil : ReceiverReport(ear.id, condition)
        told = condition
        if !presses.isEmpty || news != nil { report(presses, news) }
    }

    private var isStopping: Bool {
        let taken = commands.withLock { commands in
            defer { commands.checkIns = [] }
            return commands
        }
        for done in taken.checkIns { done() }
        return taken.isStopping
    }

    private func wait(until due: Moment?) {
        guard !isStopping else { return }
        wakeUp.sleep(until: due.map { SuspendingClock().now + max(.zero, $0 - .now) })
    }

    private func wait(for duration: Duration) {
        var time = timespec(tv_sec: 0, tv_nsec: Int(duration.nanoseconds))
        nanosleep(&time, nil)
    }
}
