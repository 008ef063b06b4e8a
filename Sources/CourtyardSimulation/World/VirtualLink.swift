internal import CallContract
internal import CallCore
internal import GatewayAgent

/// The agent's transport over virtual brokers. It behaves as MQTTLink does: tries the brokers in their order, waits
/// longer after each round in vain, retries at once when somebody presses, and has a window.
final class VirtualLink: Transport {
    private let agenda: Agenda
    private let clock: VirtualClock
    private let identity: GatewayAgent.Identity
    private let brokers: [VirtualBroker]
    private let path: VirtualPath
    private let numbers: ConnectionNumbers
    private var dice: Dice
    /// Where reports go.
    private let report: (LinkInput) -> Void
    /// Told of what leaves, at the moment at which it is handed over.
    var onSend: ((OutgoingMessage) -> Void)?

    private var connection: VirtualConnection?
    /// Of the connection in use, or of the last attempt.
    private(set) var number: UInt64 = 0
    /// Nil while there is no connection.
    private(set) var brokerInUse: VirtualBroker?
    private var position = 0
    /// The broker that a round begins with.
    private var start = 0
    private var rounds = 0
    private var packets: UInt64 = 0
    private var onTheWay = 0
    private var connectedAt: Moment?
    /// When the next attempt is made, while there is no connection.
    private var attemptAt: Moment?
    private var lastForced: Moment?
    private var isStopped = false

    /// MQTTLink.Configuration's own.
    static let window = 32
    private static let shortestWait = Duration.milliseconds(500)
    private static let longestWait = Duration.seconds(30)
    private static let stableAfter = Duration.seconds(10)

    init(
        _ identity: GatewayAgent.Identity, _ brokers: [VirtualBroker], over path: VirtualPath, _ agenda: Agenda,
        _ clock: VirtualClock, numbers: ConnectionNumbers, _ dice: Dice, report: @escaping (LinkInput) -> Void
    ) {
        self.identity = identity
        self.brokers = brokers
        self.path = path
        self.agenda = agenda
        self.clock = clock
        self.numbers = numbers
        self.dice = dice
        self.report = report
    }

    // MARK: Connecting

    /// As brokers know the gateway.
    static func clientID(_ topics: Topics) -> String { "courtyard-\(topics.site)-\(topics.gateway)" }

    func connect() { attempt(at: agenda.now) }

    private func attempt(at moment: Moment) {
        attemptAt = moment
        agenda.at(moment) { [weak self] in
            guard let self, attemptAt == moment, !isStopped else { return }
            attemptAt = nil
            begin()
        }
    }

    private func begin() {
        number = numbers.next()
        let will = StatusMessage(
            state: .offline, boot: identity.boot, connection: number, version: identity.version,
            simulated: identity.simulated)
        let broker = brokers[(start + position) % brokers.count]
        let connection = VirtualConnection(
            Self.clientID(identity.topics), isPersistent: true,
            will: VirtualMessage(topic: identity.topics.status, payload: WireJSON.bytes(will), retain: true),
            agenda, path, broker)
        self.connection = connection
        connection.onOpen = { [weak self] in self?.opened(broker) }
        connection.onMessage = { [weak self] message in
            self?.report(
                .received(
                    IncomingMessage(topic: message.topic, payload: message.payload, retained: message.retain)))
        }
        connection.onEnd = { [weak self] reason in self?.ended(reason, broker) }
        connection.open(subscribing: [identity.topics.commands, identity.topics.desks])
    }

    private func opened(_ broker: VirtualBroker) {
        (packets, onTheWay, connectedAt) = (0, 0, agenda.now)
        brokerInUse = broker
        report(.connected(connection: number, broker: broker.name))
    }

    private func ended(_ reason: VirtualConnection.End, _ broker: VirtualBroker) {
        (connection, brokerInUse) = (nil, nil)
        let lasted = connectedAt.map { agenda.now - $0 }
        connectedAt = nil
        let text =
            reason == .broken
            ? "no answer"
            : broker.saysWhy
                ? "another client has taken the session over" : "the broker closed the connection without a reason"
        report(
            .away(
                reason: "\(broker.name): \(text)",
                fault: reason == .takenOver && broker.saysWhy ? .clonedIdentity : nil,
                silently: reason == .takenOver && !broker.saysWhy))
        guard let lasted else { return tryNext() }
        position = 0
        let isGood = lasted >= (reason == .takenOver ? Self.longestWait * 4 : Self.stableAfter)
        if isGood { rounds = 0 }
        attempt(at: agenda.now + (isGood ? .zero : backoff()))
    }

    private func tryNext() {
        position += 1
        guard position == brokers.count else { return attempt(at: agenda.now) }
        position = 0
        attempt(at: agenda.now + backoff())
    }

    private func backoff() -> Duration {
        var wait = Self.shortestWait
        for _ in 0..<rounds where wait < Self.longestWait { wait *= 2 }
        if wait < Self.longestWait { rounds += 1 }
        return min(wait, Self.longestWait) * (0.5 + dice.fraction() / 2)
    }

    /// The program is gone.
    func die(withPower: Bool) {
        isStopped = true
        connection?.die(withPower: withPower)
        connection = nil
    }

    /// The last word, and the end.
    func disconnect(last: OutgoingMessage?) {
        isStopped = true
        connection?.leave(last: last.map { message($0) })
        connection = nil
    }

    // MARK: Transport

    func send(_ outgoing: OutgoingMessage) -> SendResult {
        guard let connection, connection.isOpen else { return .notConnected }
        guard onTheWay < Self.window else { return .windowFull }
        onSend?(outgoing)
        onTheWay += 1
        packets += 1
        let token = number << 16 | packets & 0xffff
        connection.publish(message(outgoing), delay: clock.ahead) { [weak self] reason in
            self?.onTheWay -= 1
            self?.report(.acknowledged(token: token, reason: reason))
        }
        return .sent(token: token)
    }

    private func message(_ outgoing: OutgoingMessage) -> VirtualMessage {
        VirtualMessage(
            topic: outgoing.topic, payload: outgoing.payload, retain: outgoing.retain,
            expiresAt: outgoing.expirySeconds.map { agenda.now + .seconds(Int64($0)) })
    }

    func subscribe(_ filter: String) { connection?.subscribe(filter) }
    func unsubscribe(_ filter: String) { connection?.unsubscribe(filter) }

    func retryNow() {
        guard let waiting = attemptAt, !isStopped else { return }
        let forced = max(agenda.now, (lastForced ?? agenda.now - .seconds(1)) + .seconds(1))
        guard forced < waiting else { return }
        lastForced = forced
        attempt(at: forced)
    }

    func tryNextBroker(last: OutgoingMessage?) -> Bool {
        guard brokers.count > 1 else { return false }
        start = (start + position + 1) % brokers.count
        position = 0
        guard let connection, connection.isOpen else { return true }
        self.connection = nil
        (connectedAt, brokerInUse) = (nil, nil)
        connection.leave(last: last.map { message($0) })
        agenda.after(.zero) { [weak self] in self?.report(.left) }
        attempt(at: agenda.now)
        return true
    }
}
