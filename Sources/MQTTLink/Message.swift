/// One MQTT message, to be sent at QoS 1 or as it was received.
///
/// The attributes after `retain` travel by MQTT 5 only (MQTT 5.0, section 3.3.2.3); on a 3.1.1 connection they are left
/// out without a word, so no fact may stand in them alone.
public struct Message: Hashable, Sendable {
    /// At most 65,535 bytes of UTF-8, without wildcards and without NUL.
    public var topic: String
    /// At most 268,435,455 bytes less the header (MQTT 5.0, section 2.1.4); brokers often allow less.
    public var payload: [UInt8]
    /// Sending: the broker keeps it for later subscribers. Received: it was such a kept one.
    public var retain: Bool
    /// Seconds after which a broker that could not deliver it yet drops it; nil is never.
    public var expirySeconds: UInt32?
    /// A media type, such as `application/cloudevents+json`.
    public var contentType: String?
    /// Payload format indicator 1: the payload is UTF-8 text.
    public var isUTF8: Bool
    /// Names may repeat; the order is kept.
    public var userProperties: [UserProperty]
    /// Where the sender wants an answer.
    public var responseTopic: String?
    /// What the answer must carry so that its asker knows it; at most 65,535 bytes.
    public var correlation: [UInt8]?

    /// A name and a value that MQTT 5 carries unread.
    public struct UserProperty: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(
        topic: String, payload: [UInt8] = [], retain: Bool = false, expirySeconds: UInt32? = nil,
        contentType: String? = nil, isUTF8: Bool = false, userProperties: [UserProperty] = [],
        responseTopic: String? = nil, correlation: [UInt8]? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.retain = retain
        self.expirySeconds = expirySeconds
        self.contentType = contentType
        self.isUTF8 = isUTF8
        self.userProperties = userProperties
        self.responseTopic = responseTopic
        self.correlation = correlation
    }

    /// True when no text of it holds a NUL: C strings would silently end there.
    var isFreeOfNul: Bool {
        let texts = [topic, contentType ?? "", responseTopic ?? ""] + userProperties.flatMap { [$0.name, $0.value] }
        return texts.allSatisfy { !$0.utf8.contains(0) }
    }
}

/// Names one `publish` of one connection for its acknowledgement.
///
/// The packet identifier alone restarts at 1 with every connection (MQTT 5.0, section 2.2.1).
public struct PublishID: Hashable, Sendable, CustomStringConvertible {
    /// The connection's number, as `Attempt.number` gave it.
    public let connection: UInt64
    /// The packet identifier, 1 to 65,535.
    public let packet: UInt16

    public init(connection: UInt64, packet: UInt16) {
        self.connection = connection
        self.packet = packet
    }

    public var description: String { "\(connection)/\(packet)" }
}

/// What one connection attempt is made with: asked for anew before each.
public struct Attempt: Hashable, Sendable {
    /// Different for every attempt of this link, and counting up, so that readers can tell a late will from a birth.
    public var number: UInt64
    /// What the broker publishes, at QoS 1, when the connection ends without a clean stop. Nil is no will.
    public var will: Message?

    public init(number: UInt64, will: Message? = nil) {
        self.number = number
        self.will = will
    }
}
