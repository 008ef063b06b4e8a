internal import CLinux
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// The link's thread: attempts, waits between them, and the connection in use.
final class NetworkThread: @unchecked Sendable {
    // SAFETY (unchecked Sendable): `shared` is behind its mutex; everything else mutable belongs to the thread.
    enum Request: Sendable {
        case retry
        case run(@Sendable () -> Void)
        case stop(Message?, Duration)
    }

    private struct Shared: ~Copyable {
        /// The connection in use. The library is called with the mutex held only.
        var connection: Connection?
        var requests: [Request] = []
    }

    private let settings: MQTTLink.Settings
    private let makeAttempt: @Sendable () -> MQTTLink.Attempt
    private let report: @Sendable (LinkReport) -> Void
    private let shared = Mutex(Shared())
    private let wakeUp = WakeUp()

    private var stopping: (lastWords: Message?, until: ContinuousMoment)?
    private var wait: Duration
    private var lastForced: ContinuousMoment?
    private var takenOver: ContinuousMoment?

    /// The signal that ends a connect(2) which takes too long.
    private static let interrupt = SIGUSR2

    init(
        _ settings: MQTTLink.Settings, attempt: @escaping @Sendable () -> MQTTLink.Attempt,
        report: @escaping @Sendable (LinkReport) -> Void
    ) {
        precondition(!settings.brokers.isEmpty, "a link needs a broker")
        self.settings = settings
        makeAttempt = attempt
        self.report = report
        wait = settings.firstWait
    }

    // MARK: From other threads

    func publish(_ message: Message) throws(PublishError) -> PublishID {
        let (result, mustWrite) = shared.withLock { shared -> (Result<PublishID, PublishError>, Bool) in
            guard let connection = shared.connection else { return (.failure(.notConnected), false) }
            guard connection.inFlight < settings.window else { return (.failure(.windowFull), false) }
            do throws(PublishError) {
                return (.success(try connection.publish(message)), connection.wantsWrite)
            } catch {
                return (.failure(error), false)
            }
        }
        if mustWrite { wakeUp.wake() }
        return try result.get()
    }

    func withConnection(_ body: (Connection) -> Void) {
        shared.withLock { shared in
            if let connection = shared.connection { body(connection) }
        }
        wakeUp.wake()
    }

    func post(_ request: Request) {
        shared.withLock { $0.requests.append(request) }
        wakeUp.wake()
    }

    // MARK: The thread

    func run() {
        clinux_let_interrupt(Self.interrupt)
        while stopping == nil {
            if let failure = round() { report(.away(judge(failure))) }
            if stopping == nil { pause() }
        }
    }

    /// Tries each broker in turn; serves the first that answers until it is lost.
    private func round() -> LinkFailure? {
        var last: LinkFailure?
        for broker in settings.brokers where stopping == nil {
            do throws(LinkFailure) {
                let connection = try attempt(broker)
                wait = settings.firstWait
                try serve(connection)
                return nil
            } catch {
                if error.kind == .lost || error.kind == .takenOver { return error }
                if let last { report(.away(last)) }
                last = error
            }
        }
        return last
    }

    /// Being thrown out once is a restart that the broker noticed late; twice within a minute is a twin.
    private func judge(_ failure: LinkFailure) -> LinkFailure {
        guard failure.kind == .takenOver else { return failure }
        defer { takenOver = .now }
        if let takenOver, ContinuousMoment.now < takenOver + .seconds(60) {
            wait = settings.longestWait
            return failure
        }
        return LinkFailure(kind: .lost, broker: failure.broker, reason: failure.reason)
    }

    /// Waits between rounds: longer each time, by a random part, unless someone presses.
    private func pause() {
        let until = ContinuousMoment.now + wait * Double.random(in: 0.75...1.25)
        wait = min(wait * 2, settings.longestWait)
        while stopping == nil {
            let ahead = until.millisecondsAhead
            guard ahead > 0 else { return }
            var entry = pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
            poll(&entry, 1, ahead)
            if obey(), lastForced.map({ $0 + .seconds(1) < .now }) ?? true {
                lastForced = .now
                return
            }
        }
    }

    /// Carries out what was asked; true if someone wants an attempt now.
    private func obey() -> Bool {
        wakeUp.clear()
        let requests = shared.withLock { shared in
            let requests = shared.requests
            shared.requests = []
            return requests
        }
        var retry = false
        for request in requests {
            switch request {
            case .retry: retry = true
            case .run(let done): done()
            case .stop(let message, let limit): stopping = (message, .now + limit)
            }
        }
        return retry
    }

    // MARK: Connecting

    private func attempt(_ broker: MQTTLink.Broker) throws(LinkFailure) -> Connection {
        let attempt = makeAttempt()
        guard let connection = Connection(settings, broker, attempt, report: report) else {
            throw LinkFailure(
                kind: .unreachable, broker: broker, reason: "libmosquitto: \(String(cString: strerror(errno)))")
        }
        try connection.secure()
        let alarm = ThreadAlarm(after: settings.connectWithin, signal: Self.interrupt)
        do throws(LinkFailure) {
            try connection.connect(sessionExpirySeconds: settings.sessionExpirySeconds)
            alarm.cancel()
        } catch {
            alarm.cancel()
            throw error
        }
        try shakeHands(connection)
        shared.withLock { $0.connection = connection }
        report(.connected(number: attempt.number, broker: broker))
        withConnection { for filter in settings.subscriptions { $0.subscribe(filter) } }
        return connection
    }

    /// Until the CONNACK. A handshake that fails can make the library's loop return at once, for ever: it is slowed
    /// down to a hundred rounds a second, and ends at the deadline.
    private func shakeHands(_ connection: Connection) throws(LinkFailure) {
        let deadline = ContinuousMoment.now + settings.connectWithin
        while try !connection.shakeHands() {
            _ = obey()
            guard stopping == nil else { throw connection.failure(.unreachable, "stopping") }
            guard deadline.millisecondsAhead > 0 else {
                throw connection.failure(.unreachable, "no answer from a broker")
            }
            usleep(10_000)
        }
    }

    // MARK: Connected

    private func serve(_ connection: Connection) throws(LinkFailure) {
        defer { shared.withLock { $0.connection = nil } }
        var readable = true
        while true {
            try turn(connection, readable: readable)
            if let stopping, try part(connection, stopping) { return }
            var entries = [
                pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let milliseconds = shared.withLock { _ in
                if connection.wantsWrite { entries[0].events |= Int16(POLLOUT) }
                return timeout(connection)
            }
            poll(&entries, 2, milliseconds)
            readable = entries[0].revents & Int16(POLLIN | POLLERR | POLLHUP) != 0
            if entries[1].revents != 0 { _ = obey() }
        }
    }

    private func turn(_ connection: Connection, readable: Bool) throws(LinkFailure) {
        let failure = shared.withLock { _ -> LinkFailure? in
            do throws(LinkFailure) {
                try connection.turn(readable: readable)
                if connection.inFlight > 0, connection.progress + settings.acknowledgeWithin < .now {
                    return connection.failure(.lost, "no acknowledgement for \(settings.acknowledgeWithin)")
                }
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// The next look at the keep-alive or at a PUBACK that is due. Three looks per keep-alive interval keep the ping
    /// within the broker's one and a half.
    private func timeout(_ connection: Connection) -> Int32 {
        if let stopping { return min(20, stopping.until.millisecondsAhead) }
        let idle = Int32(connection.broker.keepAliveSeconds) * 1000 / 3
        guard connection.inFlight > 0 else { return idle }
        return min(idle, (connection.progress + settings.acknowledgeWithin).millisecondsAhead + 1)
    }

    /// The last words, their PUBACK, the DISCONNECT. True when that is done or time is up.
    private func part(
        _ connection: Connection, _ stopping: (lastWords: Message?, until: ContinuousMoment)
    ) throws(LinkFailure) -> Bool {
        if let message = stopping.lastWords {
            self.stopping?.lastWords = nil
            _ = try? publish(message)
        }
        return shared.withLock { shared in
            guard connection.inFlight == 0 || stopping.until.millisecondsAhead < 100 else { return false }
            connection.disconnect()
            shared.connection = nil
            return true
        }
    }
}

/// Interrupts the calling thread's system call after a while, and again every 250 ms until cancelled.
private struct ThreadAlarm {
    private var timer = timer_t(bitPattern: 0)
    private let isSet: Bool  // the kernel's first timer has the id 0, which looks like no pointer

    init(after limit: Duration, signal: Int32) {
        isSet = clinux_thread_timer(&timer, signal) == 0
        let (seconds, attoseconds) = limit.components
        var times = itimerspec(
            it_interval: timespec(tv_sec: 0, tv_nsec: 250_000_000),
            it_value: timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000)))
        if isSet { timer_settime(timer, 0, &times, nil) }
    }

    func cancel() {
        if isSet { timer_delete(timer) }
    }
}
