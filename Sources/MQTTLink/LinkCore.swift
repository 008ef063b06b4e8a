internal import LinuxSupport
internal import Synchronization

/// The monotonic clock every decision of the link is made on (CLOCK_MONOTONIC, as `SuspendingClock` reads it).
typealias Tick = SuspendingClock.Instant

/// What callers and the network thread share. The thread holds it until it has ended, whatever becomes of the link.
final class LinkCore: Sendable {
    /// What callers have asked of the network thread.
    struct Requests {
        var hasStarted = false
        /// `retryNow` was called and no attempt has begun since.
        var wantsAttempt = false
        var lastForced: Tick?
        var checkIns: [@Sendable () -> Void] = []
        var stop: Farewell?
        /// `tryNextBroker` was called while this connection stood.
        var leave: (connection: UInt64, farewell: Farewell)?
        /// The broker that the next round begins with.
        var start = 0
        /// The last message was acknowledged, and DISCONNECT sent.
        var endedCleanly = false
    }

    /// How a connection is to be left.
    struct Farewell: Sendable {
        let last: Message?
        /// When the thread disconnects, acknowledged or not.
        let deadline: Tick
    }

    let configuration: MQTTLink.Configuration
    let attempt: @Sendable () -> Attempt
    let report: @Sendable (LinkReport) -> Void
    /// Wakes the network thread.
    let wakeUp: WakeUp
    /// Opens when the network thread has ended.
    let ended: DriverThread.Gate
    let requests = Mutex(Requests())
    let line: Mutex<Line>

    /// A watchdog that gets no answers stops asking anew after this many.
    private static let mostCheckIns = 16
    /// A resident who presses like mad makes one attempt a second, not a storm.
    private static let forcedInterval: Duration = .seconds(1)

    init(
        _ configuration: MQTTLink.Configuration, attempt: @escaping @Sendable () -> Attempt,
        report: @escaping @Sendable (LinkReport) -> Void
    ) throws(MQTTError) {
        self.configuration = configuration
        self.attempt = attempt
        self.report = report
        do throws(SystemError) {
            wakeUp = try WakeUp(orThrow: ())
            ended = try DriverThread.Gate(orThrow: ())
        } catch { throw MQTTError(error) }
        line = Mutex(Line(configuration: configuration, now: SuspendingClock().now))
    }

    /// Does something on the line and wakes the network thread if that needs it.
    func onLine<Success>(
        _ body: @Sendable (inout Line, Tick) -> Result<Success, MQTTError>
    ) throws(MQTTError) -> Success where Success: Sendable {
        let now = SuspendingClock().now
        let (result, needsThread) = line.withLock { line in
            let result = body(&line, now)
            return (result, line.needsThread)
        }
        if needsThread { wakeUp.wake() }
        return try result.get()
    }

    func ask(checkIn: @escaping @Sendable () -> Void) {
        requests.withLock { if $0.checkIns.count < Self.mostCheckIns { $0.checkIns.append(checkIn) } }
        wakeUp.wake()
    }

    /// The first stop counts. False when there is no thread to stop.
    func ask(stop: Farewell) -> Bool {
        line.withLock { $0.isStopping = true }
        let hasStarted = requests.withLock { requests in
            if requests.stop == nil { requests.stop = stop }
            return requests.hasStarted
        }
        wakeUp.wake()
        return hasStarted
    }

    /// Has the open connection left, or else moves the starting point of the next round. The first of several calls on
    /// one connection counts.
    func ask(next farewell: Farewell) {
        // Under the line's lock, so that a connection which opens meanwhile is seen by one of the two sides.
        line.withLock { line in
            if line.isOpen { line.isLeaving = true }
            let open = line.isOpen ? line.number : nil
            requests.withLock { requests in
                if let open {
                    if requests.leave?.connection != open { requests.leave = (open, farewell) }
                } else {
                    requests.start = (requests.start + 1) % configuration.brokers.count
                }
            }
        }
        wakeUp.wake()
    }
}

// What the network thread asks.
extension LinkCore {
    var stop: Farewell? { requests.withLock { $0.stop } }

    /// How this connection is to be left for the next broker, if it is.
    func leave(of connection: UInt64) -> Farewell? {
        requests.withLock { $0.leave?.connection == connection ? $0.leave?.farewell : nil }
    }

    /// The broker that a round begins with; the one after it begins at the start of the list again.
    func takeStart() -> Int {
        requests.withLock { requests in
            defer { requests.start = 0 }
            return requests.start
        }
    }

    func answerCheckIns() {
        let checkIns = requests.withLock { requests in
            defer { requests.checkIns = [] }
            return requests.checkIns
        }
        for checkIn in checkIns { checkIn() }
    }

    /// When a forced attempt may begin, if one was asked for.
    func forcedAttempt(_ now: Tick) -> Tick? {
        requests.withLock { requests in
            guard requests.wantsAttempt else { return nil }
            return requests.lastForced.map { $0 + Self.forcedInterval } ?? now
        }
    }

    func beginForcedAttempt(_ now: Tick) {
        requests.withLock { requests in
            requests.wantsAttempt = false
            requests.lastForced = now
        }
    }
}
