extension MQTTLink {
    /// Whom to connect to, and how.
    public struct Settings: Sendable {
        /// The same for ever: the broker keeps this client's session under it.
        public var clientID: String
        /// Tried in this order.
        public var brokers: [Broker]
        /// Subscribed to with QoS 1 on every connection.
        public var subscriptions: [String]
        /// How many published messages may wait for their PUBACK.
        public var window = 32
        /// How long the broker keeps the session of a client that is away (MQTT 5, section 3.1.2.11.2).
        public var sessionExpirySeconds: UInt32 = 86_400
        /// How long a TCP connection may take, and then how long until the CONNACK.
        public var connectWithin = Duration.seconds(5)
        /// Without a PUBACK for this long while one is due, the connection is taken for dead.
        public var acknowledgeWithin = Duration.seconds(10)
        /// How long to wait after the first round of failures; doubles with each further round.
        public var firstWait = Duration.milliseconds(500)
        public var longestWait = Duration.seconds(30)

        public init(clientID: String, brokers: [Broker], subscriptions: [String] = []) {
            self.clientID = clientID
            self.brokers = brokers
            self.subscriptions = subscriptions
        }
    }

    /// One broker.
    public struct Broker: Sendable, Hashable, CustomStringConvertible {
        /// A name or an address, as the broker's certificate has it.
        public var host: String
        public var port: Int
        public var version = Version.v5
        public var keepAliveSeconds = 60
        public var username: String?
        /// Read anew for every attempt; the first line counts.
        public var passwordFile: String?
        public var tls: TLS?

        public enum Version: Sendable, Hashable {
            case v5, v311
        }

        public struct TLS: Sendable, Hashable {
            /// PEM file of the authorities that may have signed the broker's certificate.
            public var ca: String
            /// PEM files of this client's own certificate and key.
            public var certificate: String?
            public var key: String?

            public init(ca: String, certificate: String? = nil, key: String? = nil) {
                self.ca = ca
                self.certificate = certificate
                self.key = key
            }
        }

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        public var description: String { "\(host):\(port)" }
    }

    /// One attempt's number and last will, made just before it.
    public struct Attempt: Sendable {
        /// Counts up; comes back with `connected`, so that the birth can carry what the will carries.
        public var number: UInt64
        public var will: Message?

        public init(number: UInt64, will: Message?) {
            self.number = number
            self.will = will
        }
    }
}

/// One message, in or out. Always QoS 1. What only MQTT 5 has is silently left out on 3.1.1.
public struct Message: Sendable, Hashable {
    public var topic: String
    public var payload: [UInt8]
    public var retain: Bool
    public var expirySeconds: UInt32?
    /// With a content type the payload is also marked as UTF-8 (payload format 1).
    public var contentType: String?
    public var userProperties: [String: String] = [:]
    public var responseTopic: String?
    public var correlation: [UInt8]?

    public init(topic: String, payload: [UInt8], retain: Bool = false) {
        self.topic = topic
        self.payload = payload
        self.retain = retain
    }
}

/// Identifies a published message until its PUBACK: unique over connections.
public struct PublishID: Hashable, Sendable {
    /// The connection's number and the packet id on it.
    public let value: UInt64

    init(connection: UInt64, packet: Int32) { value = connection << 16 | UInt64(packet & 0xFFFF) }
}

/// What the link tells, on its own thread.
public enum LinkReport: Sendable {
    case connected(number: UInt64, broker: MQTTLink.Broker)
    /// The broker's answer to a publish: below 128 it has it. Always 0 on MQTT 3.1.1. May come before `publish` has
    /// returned to its caller.
    case acknowledged(PublishID, reason: UInt8)
    case received(Message)
    /// The broker refused a subscription.
    case subscriptionRefused
    /// An attempt failed, or a connection was lost. The link goes on trying.
    case away(LinkFailure)
}

/// Why there is no connection.
public struct LinkFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// No TCP connection, or no answer in time.
        case unreachable
        /// The broker doesn't want this client: its CONNACK says why.
        case refused
        /// The TLS handshake failed, or its files are unusable.
        case tls
        /// There was a connection.
        case lost
        /// Another client connected with this one's id, twice within a minute (MQTT 5, reason code 142).
        case takenOver
        /// The password file can't be read.
        case password
    }

    public let kind: Kind
    public let broker: MQTTLink.Broker
    /// In the words of whoever said so.
    public let reason: String

    public var description: String { "\(broker): \(reason)" }
}

/// Why a message was not handed over.
public enum PublishError: Error, Hashable, Sendable {
    case notConnected
    /// As many wait for their PUBACK as may: try again after an acknowledgement.
    case windowFull
}
