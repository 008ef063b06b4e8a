internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import LinuxSupport
internal import MQTTLink
internal import SiteConfig
internal import Synchronization

/// The agent's transport: its messages in the link's terms, the link's reports in the agent's.
final class MQTTTransport: Transport {
    private let identity: GatewayAgent.Identity
    private let inbox: Inbox
    private var link: MQTTLink?
    private var ear: LinkEar?
    private var numbers: ConnectionNumbers?

    init(_ identity: GatewayAgent.Identity, inbox: Inbox) {
        self.identity = identity
        self.inbox = inbox
    }

    /// The client id: one session per gateway at the broker.
    static func clientID(_ topics: Topics) -> String { "courtyard-\(topics.site)-\(topics.gateway)" }

    func connect(_ site: Site, numbers: ConnectionNumbers) {
        self.numbers = numbers
        let settings = MQTTLink.Settings(
            clientID: Self.clientID(identity.topics), brokers: site.brokers.map { MQTTLink.Broker($0) },
            subscriptions: [identity.topics.commands])
        let identity = identity
        let ear = LinkEar(inbox)
        let link = MQTTLink(settings) {
            let number = numbers.next()
            let status = StatusMessage(
                state: .offline, boot: identity.boot, connection: number, version: identity.version,
                simulated: identity.simulated)
            var will = Message(topic: identity.topics.status, payload: WireJSON.bytes(status), retain: true)
            will.contentType = "application/json"
            return .init(number: number, will: will)
        } report: { report in
            ear.hear(report)
        }
        self.ear = ear
        self.link = link
        link.start()
    }

    /// Other brokers: the old link leaves its last words and parts in its own time, heard no more.
    func reconnect(_ site: Site, lastWords: OutgoingMessage?) {
        guard let numbers, let old = link else { return }
        link = nil
        ear?.close()
        let message = lastWords.map { Message($0) }
        DriverThread(named: "mqtt-parting") { old.stop(lastWords: message, within: .seconds(2)) }.start()
        connect(site, numbers: numbers)
    }

    func disconnect(lastWords: OutgoingMessage?, within limit: Duration) {
        link?.stop(lastWords: lastWords.map { Message($0) }, within: limit)
        link = nil
    }

    func checkIn(_ done: @escaping @Sendable () -> Void) { link?.checkIn(done) }

    // MARK: Transport

    func send(_ message: OutgoingMessage) -> SendResult {
        guard let link else { return .notConnected }
        do throws(PublishError) {
            return .sent(token: try link.publish(Message(message)).value)
        } catch {
            return error == .windowFull ? .windowFull : .notConnected
        }
    }

    func subscribe(_ filter: String) { link?.subscribe(filter) }
    func unsubscribe(_ filter: String) { link?.unsubscribe(filter) }
    func retryNow() { link?.retryNow() }
}

/// What a link reports, into the inbox until the link is left for another: an old link's failure must never be taken
/// for the new one's.
private final class LinkEar: Sendable {
    private let inbox: Inbox
    private let isOpen = Mutex(true)

    init(_ inbox: Inbox) { self.inbox = inbox }

    func hear(_ report: LinkReport) {
        guard let input = LinkInput(report) else { return }
        isOpen.withLock { if $0 { inbox.put(input) } }
    }

    func close() { isOpen.withLock { $0 = false } }
}

extension Message {
    init(_ message: OutgoingMessage) {
        self.init(topic: message.topic, payload: message.payload, retain: message.retain)
        contentType = message.payload.isEmpty ? nil : message.contentType
        expirySeconds = message.expirySeconds
        userProperties = message.userProperties
        correlation = message.correlation
    }
}

extension MQTTLink.Broker {
    init(_ broker: Site.Broker) {
        self.init(host: broker.host, port: broker.port)
        version = broker.version == .v5 ? .v5 : .v311
        keepAliveSeconds = broker.keepAliveSeconds
        username = broker.username
        passwordFile = broker.passwordFile
        tls = broker.tls.map { .init(ca: $0.ca, certificate: $0.certificate, key: $0.key) }
    }
}

extension LinkInput {
    init?(_ report: LinkReport) {
        switch report {
        case .connected(let number, let broker): self = .connected(connection: number, broker: broker.description)
        case .acknowledged(let id, let reason): self = .acknowledged(token: id.value, reason: reason)
        case .received(let message):
            self = .received(
                IncomingMessage(
                    topic: message.topic, payload: message.payload, retained: message.retain,
                    responseTopic: message.responseTopic, correlation: message.correlation))
        case .subscriptionRefused: self = .subscriptionRefused
        case .away(let failure):
            let fault: FaultID? =
                switch failure.kind {
                case .refused, .password: .notAuthorised
                case .takenOver: .clonedIdentity
                case .unreachable, .tls, .lost: nil
                }
            self = .away(reason: failure.description, fault: fault)
        }
    }
}
