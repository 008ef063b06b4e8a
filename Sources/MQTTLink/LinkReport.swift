public import Certificates

/// What a link tells its owner, in the order in which it happened.
///
/// Reports come on the link's network thread, outside all locks: they may call `publish` and the like, but whatever
/// they take, the network waits for. An acknowledgement can arrive before the `publish` it belongs to has returned to
/// its caller on another thread; the `PublishID` ties the two together.
public enum LinkReport: Hashable, Sendable {
    /// An attempt begins. `broker` counts from 0 in the configuration's order.
    case connecting(number: UInt64, broker: Int)
    /// The attempt ended without a connection; the next broker, or the wait, follows.
    case failed(number: UInt64, broker: Int, MQTTFailure)
    /// Every broker has failed, or the connection did not last: the next attempt comes after this, or after `retryNow`.
    case waiting(Duration)
    /// A broker with TLS is about to be `.connected`. The certificate is its own, or one of the authorities that vouch for
    /// it: whichever ends first. From then on it can't be reached.
    case brokerCertificate(number: UInt64, broker: Int, Certificate)
    /// The broker has taken us. `sessionPresent`: it had kept our subscriptions. `window` publishes may be under way.
    case connected(number: UInt64, broker: Int, sessionPresent: Bool, window: Int)
    /// The connection is over; nothing that is still unacknowledged on it will be.
    case disconnected(number: UInt64, broker: Int, lasting: Duration, MQTTFailure)
    /// The broker's answer to a publish. MQTT 5 reasons (section 3.4.2.1): 0 taken, 16 nobody subscribes to it, 128 and
    /// above refused, 135 not authorised. MQTT 3.1.1 hides them all behind 0.
    case acknowledged(PublishID, reason: UInt8)
    /// The broker's answer to a subscription: 0, 1 or 2 the QoS granted, 128 and above refused.
    case subscribed(filter: String, reason: UInt8)
    /// The broker's answer to `unsubscribe`; libmosquitto 2.0 hands no reason on.
    case unsubscribed(filter: String)
    /// A message came in. The broker has had our PUBACK for it by now.
    case received(Message)
    /// A message larger than the configuration's `largestPacket` came in and was dropped.
    case discarded(topic: String, bytes: Int)
    /// The network thread has ended; nothing follows.
    case ended
}

/// Why an attempt failed or a connection ended.
public enum MQTTFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Name look-up or TCP: not found, refused, no route.
    case unreachable(String)
    /// Nothing came in time.
    case timedOut(Stage)
    /// The broker answered, and it was no. The code is CONNACK's, of MQTT 5 (128 and above) or 3.1.1 (1 to 5).
    case refused(Refusal, code: UInt8, String)
    /// The TLS handshake failed, or a certificate file could not be used.
    case tls(TLSProblem, String)
    /// The password could not be read; the text names the file.
    case password(String)
    /// The connection broke.
    case lost(String)
    /// The broker closed the connection without a word: it was stopped, or another client came with our client id.
    /// MQTT 3.1.1 has no word for the latter, and mosquitto before 2.0.21 or so says none in MQTT 5 either, so several
    /// of these in a row, each soon after a connect, mean a cloned card as `sessionTakenOver` does.
    case closedSilently
    /// The broker closed the connection with an MQTT 5 DISCONNECT; the code is its reason (section 3.14.2.1).
    case closedByBroker(code: UInt8, String)
    /// Another client came with our client id (MQTT 5 reason 142): a cloned card, most likely.
    case sessionTakenOver
    /// What came back is not MQTT, or breaks its rules.
    case protocolError(String)
    /// `tryNextBroker` was called.
    case left
    /// The link was stopped.
    case stopped

    /// What was waited for.
    public enum Stage: String, Hashable, Sendable {
        case connect = "connecting"
        case handshake = "the broker's CONNACK"
        case acknowledgement = "the broker's PUBACK"
        case ping = "the broker's answer to a ping"
    }

    /// What the broker has against us.
    public enum Refusal: Hashable, Sendable {
        case badCredentials
        case notAuthorised
        case clientIDRejected
        case protocolVersion
        case serverUnavailable
        case other
    }

    /// What is wrong with certificates.
    public enum TLSProblem: Hashable, Sendable {
        /// The broker's certificate begins in the future: usually our clock is wrong.
        case notYetValid
        case expired
        /// No authority of our CA file has signed the broker's certificate.
        case unknownAuthority
        case hostMismatch
        /// The broker does not take our certificate, or wants one and got none.
        case refusedByBroker
        /// The CA, certificate or key file is missing, unreadable or does not fit.
        case files
        case other
    }

    public var description: String {
        switch self {
        case .unreachable(let text): "unreachable: \(text)"
        case .timedOut(let stage): "timed out waiting for \(stage.rawValue)"
        case .refused(_, let code, let text): "refused by the broker: \(text) (code \(code))"
        case .tls(_, let text): "TLS: \(text)"
        case .password(let text): "password: \(text)"
        case .lost(let text): "connection lost: \(text)"
        case .closedSilently: "the broker closed the connection without a reason"
        case .closedByBroker(let code, let text): "closed by the broker: \(text) (reason \(code))"
        case .sessionTakenOver: "another client connected with this client id (reason 142)"
        case .protocolError(let text): "not MQTT as expected: \(text)"
        case .left: "left for the next broker"
        case .stopped: "stopped"
        }
    }
}
