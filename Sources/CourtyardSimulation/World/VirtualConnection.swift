internal import CallCore

/// One client's connection to a broker, from CONNECT to its end, over a path on which anything may happen.
package final class VirtualConnection {
    /// Why it ended.
    package enum End: Equatable {
        /// The client disconnected in order.
        case left
        /// Another client came with the same id.
        case takenOver
        /// The other side is gone, or hasn't answered for too long.
        case broken
    }

    let clientID: String
    /// The session outlives the connection.
    let isPersistent: Bool
    let will: VirtualMessage?
    private let agenda: Agenda
    private let path: VirtualPath
    private let broker: VirtualBroker
    /// True from the CONNACK until either side knows that it has ended.
    private(set) var isOpen = false
    private var hasEnded = false
    /// Packets that should have been answered by now, since when.
    private var unanswered = 0
    private var lastHeard = Moment(nanoseconds: 0)

    /// The CONNACK has come.
    var onOpen: (() -> Void)?
    /// A message has come; `retained` is its flag.
    var onMessage: ((VirtualMessage) -> Void)?
    /// It is over, and the client knows.
    var onEnd: ((End) -> Void)?

    /// For how long either side goes on without hearing of the other: MQTTLink's time for an answer is 10 s after a ping
    /// every 60 s; a broker waits one and a half times the keep-alive (MQTT 5, section 3.1.2.10).
    static let clientPatience = Duration.seconds(10)
    static let pingEvery = Duration.seconds(60)
    static let brokerPatience = Duration.seconds(90)
    /// For a CONNACK.
    static let connectPatience = Duration.seconds(5)

    package init(
        _ clientID: String, isPersistent: Bool, will: VirtualMessage?, _ agenda: Agenda, _ path: VirtualPath,
        _ broker: VirtualBroker
    ) {
        self.clientID = clientID
        self.isPersistent = isPersistent
        self.will = will
        self.agenda = agenda
        self.path = path
        self.broker = broker
    }

    // MARK: The client's side

    /// Sends CONNECT; `onOpen` or `onEnd` follows.
    func open(subscribing filters: [String]) {
        path.carry(.up) { [self] in
            guard !hasEnded else { return }
            guard broker.isUp, !path.refuses else { return path.carry(.down) { self.end(.broken) } }
            broker.accept(self)
            path.carry(.down) { [self] in
                guard !hasEnded else { return }
                isOpen = true
                lastHeard = agenda.now
                ping()
                onOpen?()
                path.carry(.up) { [self] in if !hasEnded { broker.begin(self, subscribing: filters) } }
            }
        }
        agenda.after(Self.connectPatience) { [self] in if !isOpen { end(.broken) } }
        watchAsBroker()
    }

    /// Publishes at QoS 1.
    /// - Parameters:
    ///   - delay: how much later than now it is sent.
    ///   - answered: the PUBACK has come, with its reason code.
    func publish(_ message: VirtualMessage, delay: Duration = .zero, answered: @escaping (UInt8) -> Void) {
        request(delay: delay) { [self] in
            broker.publish(message, from: self)
        } answered: {
            answered($0)
        }
    }

    func subscribe(_ filter: String) {
        request { [self] in
            broker.subscribe(self, filter)
        } answered: { _ in
        }
    }

    func unsubscribe(_ filter: String) {
        request { [self] in
            broker.unsubscribe(self, filter)
        } answered: { _ in
        }
    }

    /// Says a last message and DISCONNECT.
    func leave(last: VirtualMessage?) {
        guard isOpen, !hasEnded else { return }
        path.carry(.up) { [self] in
            if let last { _ = broker.publish(last, from: self) }
            broker.leave(self)
        }
        (hasEnded, isOpen) = (true, false)
    }

    /// The client's program is gone; its kernel closes the connection, unless the power went with it.
    func die(withPower: Bool) {
        (hasEnded, isOpen) = (true, false)
        (onOpen, onMessage, onEnd) = (nil, nil, nil)
        if withPower { return }
        path.carry(.up) { [self] in broker.drop(self, reason: .broken) }
    }

    private func request<Answer>(
        delay: Duration = .zero, _ body: @escaping () -> Answer, answered: @escaping (Answer) -> Void
    ) {
        guard isOpen else { return }
        unanswered += 1
        if unanswered == 1 { expectAnswer(since: agenda.now) }
        path.carry(.up, delay: delay) { [self] in
            guard !isForgotten else { return }
            let answer = body()
            path.carry(.down) { [self] in
                guard isOpen else { return }
                unanswered -= 1
                lastHeard = agenda.now
                answered(answer)
            }
        }
    }

    private func ping() {
        agenda.after(Self.pingEvery) { [self] in
            guard isOpen else { return }
            if agenda.now - lastHeard >= Self.pingEvery {
                request {
                } answered: { _ in
                }
            }
            ping()
        }
    }

    private func expectAnswer(since start: Moment) {
        agenda.after(Self.clientPatience) { [self] in
            guard isOpen, unanswered > 0 else { return }
            if lastHeard <= start { return end(.broken) }
            expectAnswer(since: agenda.now)
        }
    }

    private func end(_ reason: End) {
        guard !hasEnded else { return }
        (hasEnded, isOpen) = (true, false)
        // The kernel's last word; it may never get there.
        if reason == .broken { path.carry(.up) { [self] in broker.drop(self, reason: .broken) } }
        onEnd?(reason)
    }

    // MARK: The broker's side

    /// The broker knows nothing of this connection any more.
    private var isForgotten = false

    /// The broker's process has ended: its kernel says so.
    func brokerIsGone() {
        isForgotten = true
        path.carry(.down) { [self] in end(.broken) }
    }

    func closedByBroker(_ reason: End) {
        isForgotten = true
        guard reason != .left else { return }
        path.carry(.down) { [self] in end(reason) }
    }

    /// Sends a message to the client; its PUBACK comes back.
    func deliver(_ message: VirtualMessage, _ number: UInt64) {
        path.carry(.down) { [self] in
            guard isOpen else { return }
            lastHeard = agenda.now
            onMessage?(message)
            path.carry(.up) { [self] in if !isForgotten { broker.acknowledged(number, by: self) } }
        }
    }

    /// The broker gives a client up that it has not heard of for too long: one without power, or behind a cut cable.
    private func watchAsBroker() {
        agenda.after(Self.brokerPatience) { [self] in
            guard !isForgotten else { return }
            if hasEnded || !path.isOpen { return broker.drop(self, reason: .broken) }
            watchAsBroker()
        }
    }
}
