/// The connection that is in use and what is under way on it; behind one lock, which every call of libmosquitto holds.
struct Line: Sendable {
    let acknowledgeTimeout: Duration
    private(set) var connection: Connection?
    private(set) var number: UInt64 = 0
    /// From CONNACK to the end: publishes are taken.
    private(set) var isOpen = false
    /// `stop` has been called: only its last message goes out.
    var isStopping = false
    /// `tryNextBroker` has been called: only its last message goes out on this connection.
    var isLeaving = false
    /// A write failed: the network thread is to read what the broker said last, and close.
    private(set) var writeFailure: LibraryResult?
    private(set) var window: Int
    /// Publishes without PUBACK, oldest first.
    private(set) var inFlight: [(packet: UInt16, since: Tick)] = []
    private(set) var pingSince: Tick?
    /// Until when the network thread sleeps; nil while it is awake.
    var sleepsUntil: Tick?
    private var subscribing: [Int32: [String]] = [:]
    private var unsubscribing: [Int32: String] = [:]
    private var keepAlive: Duration = .seconds(60)
    private var lastOut: Tick
    private var lastIn: Tick
    private var nextKeepAlive: Tick

    init(configuration: MQTTLink.Configuration, now: Tick) {
        acknowledgeTimeout = configuration.acknowledgeTimeout
        window = configuration.window
        (lastOut, lastIn, nextKeepAlive) = (now, now, now)
    }

    /// A connection whose TCP stands; not open before CONNACK.
    mutating func attach(_ connection: Connection, number: UInt64, window: Int, now: Tick) {
        self.connection = connection
        self.number = number
        self.window = window
        isOpen = false
        isLeaving = false
        writeFailure = nil
        inFlight = []
        pingSince = nil
        subscribing = [:]
        unsubscribing = [:]
        keepAlive = .seconds(connection.broker.keepAliveSeconds)
        noteTraffic(in: now, out: now)
    }

    mutating func open(keepAliveSeconds: UInt16?, receiveMaximum: UInt16?) {
        isOpen = true
        // 0 is the broker's wish for no pings at all: a day is as good as never.
        if let keepAliveSeconds { keepAlive = .seconds(keepAliveSeconds == 0 ? 86_400 : Int(keepAliveSeconds)) }
        if let receiveMaximum { window = min(window, Int(receiveMaximum)) }
    }

    /// Lets the connection go; its conversation still holds it, so that it is not closed under the lock.
    mutating func detach() {
        connection = nil
        isOpen = false
        inFlight = []
    }
}

// What callers do.
extension Line {
    /// `isLast`: the message of a farewell, which goes out although the line is being left and the window full.
    mutating func publish(_ message: Message, isLast: Bool = false, now: Tick) -> Result<PublishID, MQTTError> {
        guard isLast || !isStopping else { return .failure(.stopped) }
        guard isLast || !isLeaving else { return .failure(.notConnected) }
        guard isOpen, writeFailure == nil, let connection else { return .failure(.notConnected) }
        guard isLast || inFlight.count < window else { return .failure(.windowFull(inFlight.count)) }
        var packet: Int32 = 0
        let result = connection.publish(message, packet: &packet)
        if let error = note(result, topic: message.topic) { return .failure(error) }
        let identifier = UInt16(truncatingIfNeeded: packet)
        inFlight.append((identifier, now))
        noteTraffic(out: now)
        return .success(PublishID(connection: number, packet: identifier))
    }

    mutating func subscribe(_ filters: [String], now: Tick) -> Result<Void, MQTTError> {
        guard isOpen, writeFailure == nil, let connection else { return .failure(.notConnected) }
        var packet: Int32 = 0
        let result = connection.subscribe(filters, packet: &packet)
        if let error = note(result, topic: filters.joined(separator: "', '")) { return .failure(error) }
        subscribing[packet] = filters
        noteTraffic(out: now)
        return .success(())
    }

    mutating func unsubscribe(_ filter: String, now: Tick) -> Result<Void, MQTTError> {
        guard isOpen, writeFailure == nil, let connection else { return .failure(.notConnected) }
        var packet: Int32 = 0
        let result = connection.unsubscribe(filter, packet: &packet)
        if let error = note(result, topic: filter) { return .failure(error) }
        unsubscribing[packet] = filter
        noteTraffic(out: now)
        return .success(())
    }

    /// True when the network thread must wake for what a caller has just done: bytes wait for the socket, the
    /// connection is broken, or an acknowledgement falls due before it would wake by itself.
    var needsThread: Bool {
        guard let sleepsUntil else { return false }
        return writeFailure != nil || connection?.wantsToWrite == true || nextDeadline.map { $0 < sleepsUntil } == true
    }

    /// Sorts a refusal of the message from a broken connection; nil when all is well.
    private mutating func note(_ result: LibraryResult, topic: String) -> MQTTError? {
        if result.isSuccess { return nil }
        if let reason = Failure.refusalOfMessage(result) { return .refused(topic: topic, reason: reason) }
        writeFailure = result
        return .notConnected
    }
}

// What the network thread does.
extension Line {
    mutating func acknowledge(_ packet: UInt16) { inFlight.removeAll { $0.packet == packet } }

    mutating func subscribed(_ packet: Int32) -> [String] { subscribing.removeValue(forKey: packet) ?? [] }

    mutating func unsubscribed(_ packet: Int32) -> String? { unsubscribing.removeValue(forKey: packet) }

    /// libmosquitto pings when nothing has gone out, or come in, for the keep-alive time. Its clock counts whole
    /// seconds; the twentieth of a second makes sure that ours is not a moment early.
    mutating func noteTraffic(in inwards: Tick? = nil, out outwards: Tick? = nil) {
        if let inwards {
            lastIn = inwards
            pingSince = nil
        }
        if let outwards { lastOut = outwards }
        nextKeepAlive = min(lastIn, lastOut) + keepAlive + .milliseconds(50)
    }

    mutating func notePing(_ now: Tick) {
        noteTraffic(in: now, out: now)
        pingSince = now
    }

    /// The library did not find it time yet: ask again soon.
    mutating func postponeKeepAlive(_ now: Tick) { nextKeepAlive = now + .seconds(1) }

    /// When the connection counts as half open, unless something comes before.
    var silenceDeadline: (at: Tick, stage: MQTTFailure.Stage)? {
        let publish = inFlight.first.map { oldest in
            // A broker that still sends us something has much to do, and nothing is gained by a new connection: it would
            // have to take everything once more.
            let patience = min(max(lastIn, oldest.since) + acknowledgeTimeout, oldest.since + acknowledgeTimeout * 3)
            return (patience, MQTTFailure.Stage.acknowledgement)
        }
        let ping = pingSince.map { ($0 + acknowledgeTimeout, MQTTFailure.Stage.ping) }
        guard let publish, let ping else { return publish ?? ping }
        return publish.0 < ping.0 ? publish : ping
    }

    func isKeepAliveDue(_ now: Tick) -> Bool { isOpen && now >= nextKeepAlive }

    var nextDeadline: Tick? {
        guard isOpen else { return nil }
        return min(nextKeepAlive, silenceDeadline?.at ?? nextKeepAlive)
    }
}
