internal import LinuxSupport

/// Why a call on a link was refused. What happens on the connection itself is reported as `MQTTFailure`.
public enum MQTTError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The configuration cannot work; the text says which part and what would.
    case configuration(String)
    /// No broker is connected just now: keep the message and offer it after `.connected`.
    case notConnected
    /// So many publishes are unacknowledged: offer it again after the next `.acknowledged`.
    case windowFull(Int)
    /// MQTT does not allow this topic, filter or attribute, or the broker no packet of this size.
    case refused(topic: String, reason: String)
    /// `stop` has been called.
    case stopped
    /// `start` has been called before.
    case alreadyStarted
    /// The system refused what the link needs.
    case system(operation: String, errno: Int32)

    public var description: String {
        switch self {
        case .configuration(let text): "MQTT configuration: \(text)"
        case .notConnected: "not connected to a broker; the message is to be offered again after the next connect"
        case .windowFull(let count): "\(count) messages wait for the broker's acknowledgement; offer this one later"
        case .refused(let topic, let reason): "message on '\(topic)' not sent: \(reason)"
        case .stopped: "the MQTT link has been stopped"
        case .alreadyStarted: "the MQTT link was started before; make a new one"
        case .system(let operation, let errno): "MQTT link: \(operation): \(words(of: errno))"
        }
    }
}

extension MQTTError {
    init(_ error: SystemError) { self = .system(operation: error.operation, errno: error.code) }
}
