public import CallCore
public import Journal

// The agent's ports: what it needs of the outside world, small enough to be simulated. Drivers don't know them; the
// program joins the two.

/// The way to a broker. Never blocks and never queues: the journal is the queue.
public protocol Transport: AnyObject {
    /// Hands one message over; its token comes back with `LinkInput.acknowledged`.
    func send(_ message: OutgoingMessage) -> SendResult
    /// Asks for topics of this gateway; what is retained there comes as `LinkInput.received`.
    func subscribe(_ filter: String)
    func unsubscribe(_ filter: String)
    /// Someone pressed: cut a wait between attempts short.
    func retryNow()
    /// Nobody hears at this broker: leave it with a last message, and go on at the next of the list.
    /// - Returns: false if there is no other.
    func tryNextBroker(last: OutgoingMessage?) -> Bool
}

/// What became of a message that was handed over.
public enum SendResult: Hashable, Sendable {
    case sent(token: UInt64)
    /// As many are on their way as may be.
    case windowFull
    case notConnected
}

/// One message to publish with QoS 1.
public struct OutgoingMessage: Hashable, Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var retain = false
    /// MQTT 5 message expiry.
    public var expirySeconds: UInt32?
    /// MQTT 5 content type.
    public var contentType = "application/json"
    /// MQTT 5 user properties: never the only place of a fact.
    public var userProperties: [String: String] = [:]
    /// MQTT 5 correlation data, on replies to a response topic.
    public var correlation: [UInt8]?

    public init(topic: String, payload: [UInt8], retain: Bool = false) {
        self.topic = topic
        self.payload = payload
        self.retain = retain
    }
}

/// One message that the broker sent.
public struct IncomingMessage: Hashable, Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var retained: Bool
    /// MQTT 5 response topic and correlation data.
    public var responseTopic: String?
    public var correlation: [UInt8]?

    public init(
        topic: String, payload: [UInt8], retained: Bool, responseTopic: String? = nil, correlation: [UInt8]? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.retained = retained
        self.responseTopic = responseTopic
        self.correlation = correlation
    }
}

/// What the transport tells.
public enum LinkInput: Sendable {
    /// On line; `connection` is the number that the will carries.
    case connected(connection: UInt64, broker: String)
    /// The broker answered a message: below 128 it has it (MQTT 5, section 2.4).
    case acknowledged(token: UInt64, reason: UInt8)
    case received(IncomingMessage)
    /// An attempt failed, or the connection is lost; the transport goes on trying.
    /// - Parameter silently: the broker closed the connection without a word.
    case away(reason: String, fault: FaultID?, silently: Bool = false)
    /// The broker was left for the next one, as was asked: nothing is wrong with it.
    case left
    /// The broker refused a subscription.
    case subscriptionRefused(filter: String)
}

/// Where events and calls are kept: `Journal` on SQLite, as a rule within a `JournalStore`.
public protocol Store: AnyObject {
    /// Writes all of it, durably, or throws.
    func commit(_ batch: Journal.Batch) throws(JournalError)
    /// Up to `limit` events from `sequence` on, in order.
    func events(
        journal: JournalID, service: ServiceID, from sequence: UInt64, limit: Int
    ) throws(JournalError) -> [CallEvent]
    /// The sequence numbers that are kept; nil if there are none.
    func keptRange(journal: JournalID, service: ServiceID) throws(JournalError) -> ClosedRange<UInt64>?
    /// True if the call is kept and closed.
    func isClosed(_ id: CallID) throws(JournalError) -> Bool
    /// True, once, if the last commit went into a new file that knows nothing of what was committed before.
    func takeBegunAnew() -> Bool
    /// True when `checkpoint` is worth its two flushes.
    var isCheckpointDue: Bool { get }
    /// Folds the store's log in; a failure loses nothing.
    func checkpoint()
    /// Deletes at most `limit` rows of what was closed and told before `time`.
    /// - Returns: how many; fewer than `limit` when nothing is left to delete.
    func prune(olderThan time: WallTime, limit: Int) throws(JournalError) -> Int
}

extension Journal: Store {
    /// Never: what was committed stays.
    public func takeBegunAnew() -> Bool { false }
}

/// Both clocks.
public protocol Clock: Sendable {
    func now() -> Now
}

/// What the board can show.
public protocol Outputs: AnyObject {
    /// Shows the signal on an output until another one is given.
    func show(_ output: OutputID, _ signal: Signal, _ pattern: OutputPattern)
    /// Blinks, for someone who looks for this board.
    func identify()
}

/// Where the agent tells what it does: systemd's journal, or a terminal.
public protocol AgentLog {
    func log(_ level: LogLevel, _ text: String, _ fields: [String: String])
}

/// syslog(3)'s severities, as far as they are used here.
public enum LogLevel: Int, Hashable, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
    case debug = 7
}
