public import CallContract
internal import CallCore
public import Certificates
public import GatewayAgent
internal import LinuxSupport
public import MQTTLink
internal import Synchronization

/// The agent's transport: its messages in the link's terms, the link's reports in the agent's.
public final class MQTTTransport: Transport {
    private let identity: GatewayAgent.Identity
    private let tell: @Sendable (LinkInput) -> Void
    private var link: MQTTLink?
    private var ear: LinkEar?
    private var numbers: ConnectionNumbers?

    /// - Parameter tell: puts what the link reports into the agent's inbox; called on the link's thread.
    public init(_ identity: GatewayAgent.Identity, tell: @escaping @Sendable (LinkInput) -> Void) {
        self.identity = identity
        self.tell = tell
    }

    /// The client id: one session per gateway at the broker.
    public static func clientID(_ topics: Topics) -> String { "courtyard-\(topics.site)-\(topics.gateway)" }

    /// Connects to the first of the brokers that answers, and again after every loss.
    ///
    /// - Throws: what is wrong with a broker's settings, or that there is no thread to be had.
    public func connect(_ brokers: [MQTTLink.Broker], numbers: ConnectionNumbers) throws(MQTTError) {
        self.numbers = numbers
        var configuration = MQTTLink.Configuration(clientID: Self.clientID(identity.topics), brokers: brokers)
        configuration.subscriptions = [identity.topics.commands, identity.topics.desks]
        let identity = identity
        let names = brokers.map { "\($0.host):\($0.port)" }
        let ear = LinkEar(tell, brokers: names)
        let link = try MQTTLink(configuration) {
            let number = numbers.next()
            return Attempt(number: number, will: Self.will(identity, connection: number))
        } report: { report in
            ear.hear(report)
        }
        try link.start()
        self.ear = ear
        self.link = link
    }

    private static func will(_ identity: GatewayAgent.Identity, connection: UInt64) -> Message {
        let status = StatusMessage(
            state: .offline, boot: identity.boot, connection: connection, version: identity.version,
            simulated: identity.simulated)
        return Message(
            OutgoingMessage(topic: identity.topics.status, payload: WireJSON.bytes(status), retain: true))
    }

    /// Other brokers: the old link leaves its last words and parts in its own time, heard no more.
    ///
    /// - Throws: as `connect` does; there is no link then.
    public func reconnect(_ brokers: [MQTTLink.Broker], lastWords: OutgoingMessage?) throws(MQTTError) {
        guard let numbers, let old = link else { return }
        link = nil
        ear?.close()
        let message = lastWords.map { Message($0) }
        DriverThread(named: "mqtt-parting") { old.stop(last: message, within: .seconds(2)) }.start()
        try connect(brokers, numbers: numbers)
    }

    /// Says `lastWords` and parts; returns within `limit`.
    public func disconnect(lastWords: OutgoingMessage?, within limit: Duration) {
        link?.stop(last: lastWords.map { Message($0) }, within: limit)
        link = nil
    }

    /// Of the last broker with TLS that was connected; known before the agent hears of the connection.
    public var brokerCertificate: BrokerCertificate? { ear?.brokerCertificate }

    /// See ``MQTTLink/checkIn(_:)``.
    public func checkIn(_ done: @escaping @Sendable () -> Void) { link?.checkIn(done) }

    // MARK: Transport

    /// See ``Transport``.
    public func send(_ message: OutgoingMessage) -> SendResult {
        guard let link else { return .notConnected }
        do throws(MQTTError) {
            return .sent(token: try link.publish(Message(message)).token)
        } catch {
            if case .windowFull = error { return .windowFull }
            return .notConnected
        }
    }

    // Without a connection both are moot: connecting subscribes anew.
    /// See ``Transport``.
    public func subscribe(_ filter: String) { try? link?.subscribe(filter) }
    /// See ``Transport``.
    public func unsubscribe(_ filter: String) { try? link?.unsubscribe(filter) }
    /// See ``Transport``.
    public func retryNow() { link?.retryNow() }
    /// See ``Transport``.
    public func tryNextBroker(last: OutgoingMessage?) -> Bool {
        link?.tryNextBroker(last: last.map { Message($0) }) ?? false
    }
}

extension PublishID {
    /// As the agent knows it.
    fileprivate var token: UInt64 { connection << 16 | UInt64(packet) }
}

/// A connected broker's certificate, or the one above it that ends before it.
public struct BrokerCertificate: Hashable, Sendable {
    /// `host:port`
    public let broker: String
    /// Good until its `notAfter`.
    public let certificate: Certificate

    public init(broker: String, certificate: Certificate) {
        self.broker = broker
        self.certificate = certificate
    }
}

/// What a link reports, told until the link is left for another: an old link's failure must never be taken
/// for the new one's.
private final class LinkEar: Sendable {
    private let tell: @Sendable (LinkInput) -> Void
    private let isOpen = Mutex(true)
    private let certificate = Mutex<BrokerCertificate?>(nil)

    /// What the brokers are called, in the configuration's order.
    private let brokers: [String]

    init(_ tell: @escaping @Sendable (LinkInput) -> Void, brokers: [String]) {
        self.tell = tell
        self.brokers = brokers
    }

    func hear(_ report: LinkReport) {
        if case .brokerCertificate(_, let broker, let found) = report {
            certificate.withLock { $0 = BrokerCertificate(broker: brokers[broker], certificate: found) }
        }
        guard let input = LinkInput(report, brokers: brokers) else { return }
        isOpen.withLock { if $0 { tell(input) } }
    }

    var brokerCertificate: BrokerCertificate? { certificate.withLock { $0 } }

    func close() { isOpen.withLock { $0 = false } }
}

extension Message {
    init(_ message: OutgoingMessage) {
        self.init(topic: message.topic, payload: message.payload, retain: message.retain)
        contentType = message.payload.isEmpty ? nil : message.contentType
        isUTF8 = !message.payload.isEmpty
        expirySeconds = message.expirySeconds
        userProperties = message.userProperties.sorted { $0.key < $1.key }.map { UserProperty($0.key, $0.value) }
        correlation = message.correlation
    }
}

extension LinkInput {
    /// - Parameter brokers: what the brokers are called, in the configuration's order.
    init?(_ report: LinkReport, brokers: [String]) {
        switch report {
        case .connected(let number, let broker, _, _): self = .connected(connection: number, broker: brokers[broker])
        case .acknowledged(let id, let reason): self = .acknowledged(token: id.token, reason: reason)
        case .received(let message):
            self = .received(
                IncomingMessage(
                    topic: message.topic, payload: message.payload, retained: message.retain,
                    responseTopic: message.responseTopic, correlation: message.correlation))
        case .subscribed(let filter, let reason):
            guard reason >= 128 else { return nil }
            self = .subscriptionRefused(filter: filter)
        case .disconnected(_, _, _, .left): self = .left
        case .failed(_, let broker, let failure), .disconnected(_, let broker, _, let failure):
            self = .away(
                reason: "\(brokers[broker]): \(failure)", fault: failure.fault, silently: failure == .closedSilently)
        // Nothing for the agent to decide.
        case .connecting, .brokerCertificate, .waiting, .unsubscribed, .discarded, .ended: return nil
        }
    }
}

extension MQTTFailure {
    /// The fault that a failure is besides `broker-away`.
    fileprivate var fault: FaultID? {
        switch self {
        case .refused(.badCredentials, _, _), .refused(.notAuthorised, _, _), .refused(.clientIDRejected, _, _),
            .password:
            .notAuthorised
        case .sessionTakenOver: .clonedIdentity
        default: nil
        }
    }
}
