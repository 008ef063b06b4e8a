package import CallCore

/// One message as a broker handles it.
package struct VirtualMessage {
    package var topic: String
    package var payload: [UInt8]
    package var retain = false
    /// MQTT 5 message expiry, in the world's time.
    package var expiresAt: Moment?

    package init(topic: String, payload: [UInt8], retain: Bool = false, expiresAt: Moment? = nil) {
        self.topic = topic
        self.payload = payload
        self.retain = retain
        self.expiresAt = expiresAt
    }
}

/// A broker as far as its clients can tell: sessions that outlive connections, retained messages, wills, QoS 1 in both
/// directions with all the repeats that it allows (MQTT 5, sections 3.1.2.5, 3.3.1.3 and 4.3.2).
package final class VirtualBroker {
    /// What the broker keeps of a client.
    private final class Session {
        var filters: [[UInt8]] = []
        var connection: VirtualConnection?
        /// Not acknowledged yet, by number; those up to `sent` were sent on this connection.
        var queue: [(number: UInt64, message: VirtualMessage)] = []
        var sent: UInt64 = 0
        var numbers: UInt64 = 0
        let isPersistent: Bool
        init(isPersistent: Bool) { self.isPersistent = isPersistent }
    }

    /// What it is called in logs: `broker-1`.
    package let name: String
    private let agenda: Agenda
    private var sessions: [String: Session] = [:]
    private var kept: [String: VirtualMessage] = [:]
    /// What stands retained, by topic: what has not expired.
    package var retained: [String: VirtualMessage] { kept.filter { !isExpired($0.value) } }
    /// False while the program isn't running: connections are refused.
    package private(set) var isUp = true
    /// Tells when nobody subscribes, as MQTT 5 does; 3.1.1 does not.
    package var tellsNobodySubscribes = true
    /// Tells a client that another one has taken its session (MQTT 5, section 3.1.4); mosquitto 2.0.11 does not.
    package var saysWhy = true
    /// Publishing is refused to clients whose id begins so (an access list gone wrong).
    package var refuses: String?
    /// Told of every message that the broker takes, at that moment.
    package var onTaken: ((VirtualMessage) -> Void)?

    /// "No matching subscribers" and "Not authorized" (MQTT 5, section 2.4).
    private static let noSubscribers: UInt8 = 0x10
    private static let notAuthorized: UInt8 = 0x87
    /// Longer queues lose their oldest, as mosquitto's do (mosquitto.conf(5), max_queued_messages).
    private static let queueLimit = 1000

    package init(_ name: String, _ agenda: Agenda) {
        self.name = name
        self.agenda = agenda
    }

    /// What stands at a topic.
    package func standing(at topic: String) -> VirtualMessage? { kept[topic].flatMap { isExpired($0) ? nil : $0 } }

    // MARK: Running

    /// The program ends, and comes back when it is started.
    /// - Parameter forgetting: what share of its retained messages and sessions the disk doesn't have: 0 for a stop in
    ///   order, up to all for one that keeps nothing on disk.
    package func stop(forgetting share: Double, _ dice: inout Dice) {
        isUp = false
        for session in sessions.sorted(by: { $0.key < $1.key }) {
            session.value.connection?.brokerIsGone()
            session.value.connection = nil
            if dice.fraction() < share { sessions[session.key] = nil }
        }
        for topic in kept.keys.sorted() where dice.fraction() < share {
            kept[topic] = nil
            // One file has both: a queued copy is no older than what was retained when that was written.
            for session in sessions.values { session.queue.removeAll { $0.message.topic == topic } }
        }
    }

    package func start() { isUp = true }

    // MARK: Connections

    /// A client's CONNECT has arrived. A session of its id is taken over, whoever has it.
    func accept(_ connection: VirtualConnection) {
        let session = sessions[connection.clientID] ?? Session(isPersistent: connection.isPersistent)
        sessions[connection.clientID] = session
        if let before = session.connection { drop(before, reason: .takenOver) }
        session.connection = connection
        session.sent = session.queue.first.map { $0.number - 1 } ?? session.numbers
    }

    /// The CONNACK has gone out: subscriptions first, then what waits.
    func begin(_ connection: VirtualConnection, subscribing filters: [String]) {
        for filter in filters { subscribe(connection, filter) }
        send(connection.clientID)
    }

    /// The connection has ended without a DISCONNECT: the will is published.
    func drop(_ connection: VirtualConnection, reason: VirtualConnection.End) {
        guard let session = sessions[connection.clientID], session.connection === connection else { return }
        session.connection = nil
        if !session.isPersistent { sessions[connection.clientID] = nil }
        connection.closedByBroker(reason)
        if let will = connection.will, reason != .left { take(will) }
    }

    /// The connection of a client is broken from outside.
    package func cut(_ clientID: String) {
        if let connection = sessions[clientID]?.connection { drop(connection, reason: .broken) }
    }

    /// The client has said DISCONNECT: no will.
    func leave(_ connection: VirtualConnection) { drop(connection, reason: .left) }

    func subscribe(_ connection: VirtualConnection, _ filter: String) {
        guard let session = sessions[connection.clientID] else { return }
        let filter = Array(filter.utf8)
        if !session.filters.contains(filter) { session.filters.append(filter) }
        for topic in kept.keys.filter({ Self.matches(filter, Array($0.utf8)) }).sorted() {
            guard let message = kept[topic], !isExpired(message) else { continue }
            queue(message, for: session)
        }
        send(connection.clientID)
    }

    func unsubscribe(_ connection: VirtualConnection, _ filter: String) {
        sessions[connection.clientID]?.filters.removeAll { $0 == Array(filter.utf8) }
    }

    // MARK: Messages

    /// A client's PUBLISH has arrived.
    /// - Returns: the reason code of its PUBACK.
    func publish(_ message: VirtualMessage, from connection: VirtualConnection) -> UInt8 {
        if let refuses, connection.clientID.hasPrefix(refuses) { return Self.notAuthorized }
        return take(message) || !tellsNobodySubscribes ? 0 : Self.noSubscribers
    }

    /// Puts a message on record and sends it to whom it concerns.
    /// - Returns: false if that is nobody.
    @discardableResult
    package func take(_ message: VirtualMessage) -> Bool {
        if message.retain { kept[message.topic] = message.payload.isEmpty ? nil : message }
        onTaken?(message)
        var live = message
        live.retain = false
        var isHeard = false
        let topic = Array(message.topic.utf8)
        for (id, session) in sessions where session.filters.contains(where: { Self.matches($0, topic) }) {
            isHeard = true
            guard session.connection != nil || session.isPersistent else { continue }
            queue(live, for: session)
            send(id)
        }
        return isHeard
    }

    private func queue(_ message: VirtualMessage, for session: Session) {
        session.numbers += 1
        session.queue.append((session.numbers, message))
        if session.queue.count > Self.queueLimit { session.queue.removeFirst() }
    }

    /// Sends what has not been sent on this connection.
    private func send(_ id: String) {
        guard let session = sessions[id], let connection = session.connection, connection.isOpen else { return }
        for (number, message) in session.queue where number > session.sent {
            session.sent = number
            guard !isExpired(message) else {
                acknowledged(number, by: connection)
                continue
            }
            connection.deliver(message, number)
        }
    }

    /// A client's PUBACK has arrived.
    func acknowledged(_ number: UInt64, by connection: VirtualConnection) {
        guard let session = sessions[connection.clientID], session.connection === connection else { return }
        if let index = session.queue.firstIndex(where: { $0.number == number }) { session.queue.remove(at: index) }
    }

    private func isExpired(_ message: VirtualMessage) -> Bool { message.expiresAt.map { $0 <= agenda.now } ?? false }

    /// Topic filters with `+` and `#` (MQTT 5, section 4.7).
    static func matches(_ filter: [UInt8], _ topic: [UInt8]) -> Bool {
        var (place, end) = (0, 0)
        while place < filter.count {
            switch filter[place] {
            case UInt8(ascii: "#"): return true
            case UInt8(ascii: "+"): while end < topic.count, topic[end] != UInt8(ascii: "/") { end += 1 }
            default:
                guard end < topic.count, topic[end] == filter[place] else { return false }
                end += 1
            }
            place += 1
        }
        return end == topic.count
    }
}
