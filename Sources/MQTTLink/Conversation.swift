internal import Certificates
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// One connection from TCP to its end, as the network thread leads it.
///
/// Not mosquitto_loop: that sleeps in a pselect of its own, on which our watchdog and `stop` could not be waited for,
/// and in 2.0.11 spins on a TLS handshake that the broker has cut off. So we poll and call its parts.
struct Conversation {
    private let core: LinkCore
    private let connection: Connection
    private let number: UInt64
    private let broker: Int
    private let begun: Tick
    private let handshakeEnd: Tick
    private var opened: Tick?
    private var closed: Tick?
    private var handshakeReads = 0
    /// The end that the last message was sent for.
    private var saidLastFor: MQTTFailure?

    /// A TLS handshake and CONNACK take a few dozen; more means that it does not get on.
    private static let mostHandshakeReads = 10_000
    /// How often a TLS handshake is looked after, whether or not something came.
    private static let handshakeTick: Duration = .milliseconds(200)
    /// For DISCONNECT to leave a full socket, when `stop`'s time is up.
    private static let flushTime: Duration = .milliseconds(100)

    /// - Parameter patience: for the broker's CONNACK.
    init(_ core: LinkCore, _ connection: Connection, number: UInt64, broker: Int, patience: Duration) {
        self.core = core
        self.connection = connection
        self.number = number
        self.broker = broker
        begun = SuspendingClock().now
        handshakeEnd = begun + patience
    }

    /// How long it was connected; nil if the broker never took us.
    var lasted: Duration? { opened.map { (closed ?? SuspendingClock().now) - $0 } }

    /// Returns why it is over.
    mutating func run() -> MQTTFailure {
        core.line.withLock { [self] in
            $0.attach(connection, number: number, window: core.configuration.window, now: begun)
        }
        defer {
            closed = SuspendingClock().now
            core.line.withLock { $0.detach() }
        }
        while true {
            if let farewell, let end = sayGoodbye(farewell) { return end }
            let ready = sleep()
            core.answerCheckIns()
            if let end = work(ready) { return end }
        }
    }

    /// How it is to be left, if it is; a stop is the stronger word.
    private var farewell: (LinkCore.Farewell, MQTTFailure)? {
        if let stop = core.stop { return (stop, .stopped) }
        return core.leave(of: number).map { ($0, .left) }
    }

    /// Sleeps until the broker says something, a caller needs the thread, or a deadline comes.
    private func sleep() -> Int32 {
        let now = SuspendingClock().now
        let end = farewell?.0.deadline
        let (socket, events, deadline) = core.line.withLock { line in
            var deadline = line.nextDeadline ?? handshakeEnd
            if let end { deadline = min(deadline, end) }
            if line.writeFailure != nil { deadline = now }  // it failed while we were awake: nobody woke us
            // 2.0.11 says that it wants to write all through a TLS handshake: no reason to wake.
            let isShakingHands = !line.isOpen && connection.broker.tls != nil
            if isShakingHands { deadline = min(deadline, now + Self.handshakeTick) }
            let writes = connection.wantsToWrite && !isShakingHands
            line.sleepsUntil = deadline
            return (connection.socket, writes ? POLLIN | POLLOUT : POLLIN, deadline)
        }
        defer { core.line.withLock { $0.sleepsUntil = nil } }
        return core.wakeUp.sleep(until: deadline, orReady: socket, for: events)
    }

    /// One turn of reading, writing and pinging; returns the end, if this was it.
    private mutating func work(_ ready: Int32) -> MQTTFailure? {
        let now = SuspendingClock().now
        let result = core.line.withLock { line in exchange(&line, ready, now) }
        for event in connection.events.take() {
            if let end = handle(event, now) { return end }
        }
        if !result.isSuccess { return Failure.ofConnection(result, connection) }
        return isOver(ready, now)
    }

    /// Moves packets, under the line's lock.
    private func exchange(_ line: inout Line, _ ready: Int32, _ now: Tick) -> LibraryResult {
        var result = LibraryResult(0)
        if ready & (POLLIN | POLLHUP | POLLERR) != 0 {
            result = connection.read()
            line.noteTraffic(in: now)
        }
        if let failure = line.writeFailure {
            // The broker may have said why it hung up.
            for _ in 0..<16 where result.isSuccess && connection.socket >= 0 { result = connection.read() }
            return result.isSuccess ? failure : result
        }
        if result.isSuccess && connection.socket >= 0 && !line.isOpen && connection.broker.tls != nil {
            // A broker that does not like our certificate says so and resets the connection. Writing CONNECT before its
            // word is read would find the reset first, and lose the word.
            result = connection.read()
        }
        if result.isSuccess && connection.socket >= 0 && (connection.wantsToWrite || !line.isOpen) {
            result = connection.write()
            if line.isOpen { line.noteTraffic(out: now) }
        }
        if result.isSuccess && connection.socket >= 0 && line.isKeepAliveDue(now) {
            line.postponeKeepAlive(now)
            result = connection.keepAlive()
        }
        return result
    }

    /// The ends that no packet tells.
    private mutating func isOver(_ ready: Int32, _ now: Tick) -> MQTTFailure? {
        let socket = core.line.withLock { [connection] _ in connection.socket }
        if socket < 0 { return .closedSilently }
        if opened == nil {
            if now >= handshakeEnd { return .timedOut(.handshake) }
            if ready != 0 { handshakeReads += 1 }
            if handshakeReads > Self.mostHandshakeReads { return .protocolError("the handshake does not get on") }
            if ready != 0 && hasHungUp(socket) {
                return Failure.tls(connection) ?? .closedSilently
            }
        }
        if let deadline = core.line.withLock({ $0.silenceDeadline }), now >= deadline.at {
            return .timedOut(deadline.stage)
        }
        return nil
    }

    /// All is read and nothing will come. libmosquitto 2.0.11 takes this, during a TLS handshake, for "try again".
    private func hasHungUp(_ socket: Int32) -> Bool {
        var byte: UInt8 = 0
        // SAFETY: peeks one byte into `byte`.
        return recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }
}

// What came in.
extension Conversation {
    /// Returns the end, if this is it.
    private mutating func handle(_ event: ConnectionEvents.Event, _ now: Tick) -> MQTTFailure? {
        switch event {
        case .connack(let code, let sessionPresent, let keepAlive, let receiveMaximum, let reason):
            guard code == 0 else { return Failure.ofConnack(code, connection.broker.version, reason: reason) }
            open(sessionPresent, keepAlive, receiveMaximum, now)
        case .puback(let packet, let reason):
            core.line.withLock { $0.acknowledge(packet) }
            core.report(.acknowledged(PublishID(connection: number, packet: packet), reason: reason))
        case .suback(let packet, let reasons):
            let filters = core.line.withLock { $0.subscribed(packet) }
            for (filter, reason) in zip(filters, reasons) { core.report(.subscribed(filter: filter, reason: reason)) }
        case .unsuback(let packet):
            guard let filter = core.line.withLock({ $0.unsubscribed(packet) }) else { break }
            core.report(.unsubscribed(filter: filter))
        case .message(let message):
            core.line.withLock { $0.noteTraffic(out: now) }  // its PUBACK
            core.report(.received(message))
        case .discarded(let topic, let bytes):
            core.line.withLock { $0.noteTraffic(out: now) }
            core.report(.discarded(topic: topic, bytes: bytes))
        case .pingSent:
            core.line.withLock { $0.notePing(now) }
        case .closed(let code):
            // Below 128 it is the library's own code, which its call returns as well.
            if code >= 128 { return Failure.ofDisconnect(UInt8(truncatingIfNeeded: code)) }
        }
        return nil
    }

    private mutating func open(_ sessionPresent: Bool, _ keepAlive: UInt16?, _ receiveMaximum: UInt16?, _ now: Tick) {
        opened = now
        let filters = core.configuration.subscriptions
        let (window, certificate) = core.line.withLock { line in
            core.requests.withLock { requests in
                requests.wantsAttempt = false
                requests.start = 0
            }
            line.open(keepAliveSeconds: keepAlive, receiveMaximum: receiveMaximum)
            // What it answers comes as a report; if the line breaks in this instant, the next turn sees it.
            if !filters.isEmpty { _ = line.subscribe(filters, now: now) }
            return (line.window, connection.certificate)
        }
        if let certificate {
            core.report(.brokerCertificate(number: number, broker: broker, certificate))
        }
        core.report(.connected(number: number, broker: broker, sessionPresent: sessionPresent, window: window))
    }
}

// The end of all.
extension Conversation {
    /// Sends the last message, waits for what is under way, and disconnects; nil while there is something to wait for.
    private mutating func sayGoodbye(_ farewell: (LinkCore.Farewell, for: MQTTFailure)) -> MQTTFailure? {
        let (farewell, end) = farewell
        let now = SuspendingClock().now
        if opened != nil && saidLastFor != end {
            saidLastFor = end
            if let message = farewell.last { core.line.withLock { _ = $0.publish(message, isLast: true, now: now) } }
        }
        let waits = core.line.withLock { $0.isOpen && !$0.inFlight.isEmpty && $0.writeFailure == nil }
        if waits && now < farewell.deadline { return nil }
        core.line.withLock { [connection] _ in _ = connection.disconnect() }
        flush(until: now + Self.flushTime)
        if end == .stopped { core.requests.withLock { $0.endedCleanly = opened != nil && !waits } }
        return end
    }

    private func flush(until deadline: Tick) {
        while SuspendingClock().now < deadline {
            let socket = core.line.withLock { [connection] _ in connection.socket }
            if socket < 0 { return }  // the library closes it when DISCONNECT is out
            _ = core.wakeUp.sleep(until: deadline, orReady: socket, for: POLLOUT)
            let result = core.line.withLock { [connection] _ in connection.write() }
            if !result.isSuccess { return }
        }
    }
}
