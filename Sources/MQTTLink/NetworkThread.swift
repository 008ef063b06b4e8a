internal import LinuxSupport
internal import Synchronization

/// The thread that keeps a link up: round after round over the brokers, one conversation at a time.
struct NetworkThread {
    /// How a turn with one broker went.
    private enum Outcome {
        case failed
        case stopped
        /// It was connected for this long.
        case connected(Duration, displaced: Bool)
        /// It was connected, and left for the next broker.
        case left
    }

    private let core: LinkCore
    private var backoff: Backoff
    /// Per broker the dial that was given up and may still hang: while it does, no second one is started.
    private var abandoned: [Dial?]
    /// A broker gets less time while another one waits; in every second of several failed rounds it gets all of it.
    private var isHurried = true

    /// Name look-up and this many addresses of a name get the connect timeout each.
    private static let patience = 3

    static func start(_ core: LinkCore) throws(MQTTError) {
        do throws(SystemError) {
            try DriverThread.detach(named: "mqtt") {
                var thread = NetworkThread(core)
                thread.run()
            }
        } catch { throw MQTTError(error) }
    }

    private init(_ core: LinkCore) {
        self.core = core
        let configuration = core.configuration
        backoff = Backoff(
            shortest: configuration.shortestWait, longest: configuration.longestWait,
            stableAfter: configuration.stableAfter)
        abandoned = Array(repeating: nil, count: configuration.brokers.count)
    }

    private mutating func run() {
        while core.stop == nil {
            let wait = round()
            if core.stop == nil && wait > .zero {
                core.report(.waiting(wait))
                pause(wait)
            }
        }
        core.answerCheckIns()
        core.report(.ended)
        core.ended.open()
    }

    /// Tries the brokers in order until one has been connected; returns how long to wait after it.
    private mutating func round() -> Duration {
        let count = core.configuration.brokers.count
        let first = core.takeStart()
        for position in 0..<count {
            let broker = (first + position) % count
            switch turn(with: broker, isHurried: isHurried && position + 1 < count) {
            case .failed: continue
            case .stopped: return .zero
            case .left:
                isHurried = true
                core.requests.withLock { $0.start = (broker + 1) % count }
                return .zero
            case .connected(let lasting, let displaced):
                isHurried = true
                let random = Double.random(in: 0..<1)
                return backoff.afterConnection(lasting: lasting, displaced: displaced, random: random)
            }
        }
        isHurried.toggle()
        return backoff.afterFailedRound(random: Double.random(in: 0..<1))
    }

    /// Sleeps out the back-off, or until a new press may force an attempt.
    private func pause(_ wait: Duration) {
        let end = SuspendingClock().now + wait
        while core.stop == nil {
            let now = SuspendingClock().now
            let forced = core.forcedAttempt(now)
            if let forced, now >= forced { return core.beginForcedAttempt(now) }
            if now >= end { return }
            core.wakeUp.sleep(until: min(end, forced ?? end))
            core.answerCheckIns()
        }
    }

    private mutating func turn(with broker: Int, isHurried: Bool) -> Outcome {
        let attempt = core.attempt()
        core.report(.connecting(number: attempt.number, broker: broker))
        let connection: Connection
        do {
            connection = try connect(to: broker, will: attempt.will, isHurried: isHurried)
        } catch {
            core.report(.failed(number: attempt.number, broker: broker, error))
            return error == .stopped ? .stopped : .failed
        }
        let (connectTime, handshakeTime) = (core.configuration.connectTimeout, core.configuration.handshakeTimeout)
        var conversation = Conversation(
            core, connection, number: attempt.number, broker: broker,
            patience: isHurried ? min(handshakeTime, connectTime) : handshakeTime)
        let failure = conversation.run()
        guard let lasting = conversation.lasted else {
            core.report(.failed(number: attempt.number, broker: broker, failure))
            return failure == .stopped ? .stopped : .failed
        }
        core.report(.disconnected(number: attempt.number, broker: broker, lasting: lasting, failure))
        let isDisplaced = failure == .sessionTakenOver || failure == .closedSilently
        if failure == .stopped { return .stopped }
        // Asked to leave, it is left, even if it broke first.
        if core.leave(of: attempt.number) != nil { return .left }
        return .connected(lasting, displaced: isDisplaced)
    }
}

// Dialling.
extension NetworkThread {
    private mutating func connect(
        to broker: Int, will: Message?, isHurried: Bool
    ) throws(MQTTFailure) -> Connection {
        let target = core.configuration.brokers[broker]
        if let hanging = abandoned[broker], !hanging.hasEnded {
            hanging.nudge()
            throw .unreachable("the name look-up or connect of an earlier attempt at '\(target.host)' still hangs")
        }
        abandoned[broker] = nil
        let connection = try Connection(to: target, as: core.configuration, will: will)
        let dial: Dial
        do {
            dial = try Dial.start(connection, core.configuration, done: core.wakeUp)
        } catch { throw .unreachable("\(error)") }
        let timeout = core.configuration.connectTimeout
        for _ in 0..<(isHurried ? 1 : Self.patience) {
            let deadline = SuspendingClock().now + timeout
            if let reached = try outcome(of: dial, until: deadline) { return reached }
            dial.nudge()
        }
        // The last nudge deserves a moment to take effect; if it was the only one, the name's next address as well.
        let moment = max(.milliseconds(250), isHurried ? timeout / 4 : .zero)
        if let reached = try outcome(of: dial, until: SuspendingClock().now + moment) { return reached }
        dial.abandon()
        abandoned[broker] = dial
        throw .timedOut(.connect)
    }

    /// The connection; nil at the deadline.
    private func outcome(of dial: Dial, until deadline: Tick) throws(MQTTFailure) -> Connection? {
        while true {
            if let (connection, result) = dial.take() {
                if result.isSuccess { return connection }
                throw Failure.ofDial(result, connection)
            }
            if core.stop != nil {
                leave(dial)
                throw .stopped
            }
            if SuspendingClock().now >= deadline { return nil }
            core.wakeUp.sleep(until: deadline)
            core.answerCheckIns()
        }
    }

    /// Gives a dial up for good. A nudge is lost on a thread that has not reached its connect(2) yet, hence several; one
    /// that hangs in a name look-up is left to end by itself.
    private func leave(_ dial: Dial) {
        dial.abandon()
        for _ in 0..<10 where !dial.hasEnded {
            core.wakeUp.sleep(until: SuspendingClock().now + .milliseconds(20))
            dial.nudge()
        }
    }
}
