internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// A connection to one of several MQTT brokers that comes back by itself.
///
/// It knows bytes and topics, nothing of calls. It keeps no queue: `publish` sends or refuses, and whoever calls it
/// keeps the message until `.acknowledged`. All methods may be called from any thread and none of them waits for the
/// network, `stop` excepted.
///
/// libmosquitto is used as it wants to be for this: one fresh handle per attempt, a blocking connect on a thread of its
/// own, and all other calls under one lock. SIGPIPE is ignored in the whole process from the first attempt on, and
/// SIGURG gets a handler that does nothing: it ends a connect that takes too long.
public final class MQTTLink: Sendable {
    private let core: LinkCore

    /// Checks the configuration; connects nothing yet.
    ///
    /// - Parameters:
    ///   - attempt: asked on the network thread before every attempt for its number and its will.
    ///   - report: told on the network thread what happens; see `LinkReport`.
    /// - Throws: `MQTTError.configuration` naming what cannot work, `MQTTError.system` without file descriptors.
    public init(
        _ configuration: Configuration, attempt: @escaping @Sendable () -> Attempt,
        report: @escaping @Sendable (LinkReport) -> Void
    ) throws(MQTTError) {
        try configuration.check()
        core = try LinkCore(configuration, attempt: attempt, report: report)
    }

    /// Lets the connection go without waiting for anything.
    deinit { _ = core.ask(stop: LinkCore.Farewell(last: nil, deadline: SuspendingClock().now)) }

    /// Starts the network thread, which begins with the first broker.
    ///
    /// - Throws: `MQTTError.alreadyStarted` at the second call, `.system` when there is no thread to be had.
    public func start() throws(MQTTError) {
        let isFirst = core.requests.withLock { requests in
            defer { requests.hasStarted = true }
            return !requests.hasStarted
        }
        guard isFirst else { throw .alreadyStarted }
        do {
            try NetworkThread.start(core)
        } catch {
            core.requests.withLock { $0.hasStarted = false }
            throw error
        }
    }

    /// Sends a message at QoS 1, at once and on the calling thread. Its `.acknowledged` report may come before this
    /// returns; a `.disconnected` before it means that it must be offered again.
    ///
    /// - Throws: `.notConnected`, `.windowFull`, `.stopped`: keep it. `.refused`: it can never be sent like this.
    public func publish(_ message: Message) throws(MQTTError) -> PublishID {
        guard message.isFreeOfNul else {
            throw .refused(topic: message.topic, reason: "a NUL in the topic or an attribute")
        }
        return try core.onLine { line, now in line.publish(message, now: now) }
    }

    /// Subscribes at QoS 1 for this connection, besides the configuration's; `.subscribed` tells the answer.
    ///
    /// - Throws: `.notConnected`, `.stopped`; `.refused` for what is no topic filter.
    public func subscribe(_ filter: String) throws(MQTTError) {
        try core.onLine { line, now in line.subscribe([filter], now: now) }
    }

    /// Ends a subscription; `.unsubscribed` follows.
    ///
    /// - Throws: `.notConnected`, `.stopped`; `.refused` for what is no topic filter.
    public func unsubscribe(_ filter: String) throws(MQTTError) {
        try core.onLine { line, now in line.unsubscribe(filter, now: now) }
    }

    /// Somebody presses: cuts the wait between attempts short, at most once a second. Without effect while connected.
    public func retryNow() {
        guard !core.line.withLock({ $0.isOpen }) else { return }
        core.requests.withLock { $0.wantsAttempt = true }
        core.wakeUp.wake()
    }

    /// Goes on with the broker after the present one in the list, or with the first after the last: for whoever finds
    /// that this broker works and nobody is there.
    ///
    /// The present connection takes no more publishes from here on; `last` goes out on it, what is unacknowledged is
    /// waited for up to `time`, and the broker is told, so that it sends no will. `.disconnected` with `.left` follows,
    /// and the next attempt without a wait. The brokers after that one are tried next if it can't be reached, the one
    /// that was left last of all. Once connected, the usual order holds: after a loss the list is tried from its start.
    ///
    /// While no connection stands, the next round over the brokers begins one further down the list than it would have;
    /// an attempt under way goes on, and `last` is dropped. A connect sets that back.
    ///
    /// Each call costs a connection; how often is the caller's business, and the back-off has no say in it.
    ///
    /// - Returns: False, and nothing is done, when there is one broker only.
    @discardableResult
    public func tryNextBroker(last: Message? = nil, within time: Duration = .seconds(1)) -> Bool {
        guard core.configuration.brokers.count > 1 else { return false }
        core.ask(next: LinkCore.Farewell(last: last, deadline: SuspendingClock().now + time))
        return true
    }

    /// Calls `done` on the network thread, as proof that it gets on; in every state, within a moment.
    ///
    /// At most 16 may be unanswered; more are dropped.
    public func checkIn(_ done: @escaping @Sendable () -> Void) { core.ask(checkIn: done) }

    /// Publishes a last message, waits for what is unacknowledged, disconnects so that the will is not sent, and ends
    /// the network thread.
    ///
    /// Returns after `time` at the latest, however a connect may hang; then the threads end by themselves. Not to be
    /// called from `report`: it would wait for itself.
    ///
    /// - Returns: True when everything was acknowledged and the broker was told.
    @discardableResult
    public func stop(last: Message? = nil, within time: Duration = .seconds(2)) -> Bool {
        let now = SuspendingClock().now
        // The thread's part ends a little earlier than the caller's patience.
        guard core.ask(stop: LinkCore.Farewell(last: last, deadline: now + time * 0.8)) else { return false }
        guard core.ended.pass(by: now + time) else { return false }
        return core.requests.withLock { $0.endedCleanly }
    }
}

extension MQTTLink.Configuration {
    /// Everything that can be known to be wrong without a network.
    func check() throws(MQTTError) {
        guard !clientID.isEmpty, clientID.utf8.count <= 65_535, !clientID.utf8.contains(0) else {
            throw .configuration("the client id is empty, too long or holds a NUL")
        }
        guard !brokers.isEmpty else { throw .configuration("no broker is named; one at least is needed") }
        guard (1...1000).contains(window) else { throw .configuration("window \(window); 1 to 1,000 work") }
        guard largestPacket >= 1024 else {
            throw .configuration("largest packet \(largestPacket); 1,024 bytes at least")
        }
        let times = [connectTimeout, handshakeTimeout, acknowledgeTimeout, shortestWait, longestWait]
        guard times.allSatisfy({ $0 > .zero }), shortestWait <= longestWait else {
            throw .configuration("time-outs and waits must be over zero, and the shortest wait not above the longest")
        }
        for broker in brokers { try broker.check() }
    }
}

extension MQTTLink.Broker {
    func check() throws(MQTTError) {
        guard !host.isEmpty, !host.utf8.contains(0) else { throw .configuration("a broker without a host name") }
        guard (1...65_535).contains(port) else { throw .configuration("\(host): port \(port); 1 to 65535 work") }
        guard (5...65_535).contains(keepAliveSeconds) else {
            throw .configuration("\(host): keep-alive \(keepAliveSeconds) s; 5 to 65535 work")
        }
        guard password == nil || username != nil else {
            throw .configuration("\(host): a password without a user name")
        }
        guard let tls else { return }
        guard !tls.ca.isEmpty else {
            throw .configuration("\(host): TLS without a CA file would trust anybody; name one")
        }
        guard (tls.certificate == nil) == (tls.key == nil) else {
            throw .configuration("\(host): the TLS certificate and its key go together; name both or neither")
        }
    }
}
