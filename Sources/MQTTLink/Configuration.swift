internal import Glibc

extension MQTTLink {
    /// How a link behaves; checked as a whole by `MQTTLink.init`.
    public struct Configuration: Sendable {
        /// Stable over restarts and unique at the broker: a second client with it throws the first one out.
        public var clientID: String
        /// Tried in this order; at least one. So that a broker which hangs doesn't keep the others waiting, one that is
        /// not the last to be tried gets a single `connectTimeout` for reaching it and one for its CONNACK; in every
        /// second of several rounds without success each broker gets its full time.
        public var brokers: [Broker]
        /// Subscribed at QoS 1 after every connect, before `.connected` is reported.
        public var subscriptions: [String] = []
        /// Unacknowledged publishes at a time, 1 to 1,000; a broker that allows fewer is obeyed.
        public var window = 32
        /// How long the broker keeps our subscriptions and what comes in on them while we are away (MQTT 5 only;
        /// 3.1.1 brokers decide themselves). Default a day: a command given during an outage still arrives.
        public var sessionExpirySeconds: UInt32 = 86_400
        /// The largest packet the broker may send us, in bytes, so that nobody can fill the gateway's memory.
        /// MQTT 5 brokers drop larger ones themselves; on 3.1.1 they are reported as `.discarded`.
        public var largestPacket: UInt32 = 262_144
        /// For each address of a broker until TCP stands. Three times this, name look-up included, ends the attempt;
        /// once and a quarter where the next broker waits.
        public var connectTimeout: Duration = .seconds(5)
        /// From TCP to the broker's CONNACK, TLS handshake included; at most `connectTimeout` where the next broker
        /// waits.
        public var handshakeTimeout: Duration = .seconds(10)
        /// For a PUBACK or PINGRESP; later ones mean a half-open link, and it is closed. A broker that sends other things
        /// meanwhile is a busy one, and is given three times as long for a PUBACK.
        public var acknowledgeTimeout: Duration = .seconds(10)
        /// The wait after the first round in which no broker could be reached; doubles each round.
        public var shortestWait: Duration = .milliseconds(500)
        /// Where the doubling ends.
        public var longestWait: Duration = .seconds(30)
        /// A connection that lasted this long was a good one: its loss is followed by an attempt at once.
        public var stableAfter: Duration = .seconds(10)

        public init(clientID: String, brokers: [Broker]) {
            self.clientID = clientID
            self.brokers = brokers
        }
    }

    /// One MQTT broker.
    public struct Broker: Sendable {
        /// A host name or an address: with TLS exactly what its certificate names.
        public var host: String
        /// 1 to 65,535.
        public var port: Int
        public var version: Version = .v5
        /// Needed where there is a password.
        public var username: String?
        /// Read anew at each attempt, so that a changed password needs no restart.
        public var password: Password?
        public var tls: TLS?
        /// Seconds without traffic after which a ping is sent; 5 to 65,535, libmosquitto's range.
        public var keepAliveSeconds = 60

        /// The protocol to speak.
        public enum Version: Hashable, Sendable {
            case v5
            case v311
        }

        public init(host: String, port: Int = 1883) {
            self.host = host
            self.port = port
        }
    }

    /// TLS 1.2 or later, with the broker's certificate and host name checked: there is no way to turn that off.
    public struct TLS: Hashable, Sendable {
        /// PEM file of the authorities that may have signed the broker's certificate.
        public var ca: String
        /// PEM file with our own certificate, where the broker asks for one; `key` goes with it.
        public var certificate: String?
        /// PEM file with that certificate's key, not encrypted.
        public var key: String?

        public init(ca: String, certificate: String? = nil, key: String? = nil) {
            self.ca = ca
            self.certificate = certificate
            self.key = key
        }
    }
}

/// Where a password comes from. It is read when needed, handed to libmosquitto and never logged.
public struct Password: Sendable {
    /// Why there is none just now, in words for the installer.
    public struct Missing: Error, Hashable, Sendable {
        public let reason: String
        public init(_ reason: String) { self.reason = reason }
    }

    let read: @Sendable () throws(Missing) -> [UInt8]

    /// A password from anywhere; called on a thread of the link, and may block it for a moment.
    public init(_ read: @escaping @Sendable () throws(Missing) -> [UInt8]) { self.read = read }

    /// The first line of a file; a byte order mark and any line end, as Windows editors leave them, are dropped.
    public static func file(_ path: String) -> Password {
        Password { () throws(Missing) -> [UInt8] in
            let bytes = try readStart(of: path)
            let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
            let line = text.prefix { $0 != 0x0A && $0 != 0x0D }
            guard !line.isEmpty else { throw Missing("\(path): its first line is empty") }
            guard line.count <= 1024, !line.contains(0) else {
                throw Missing("\(path): its first line is no password (over 1,024 bytes, or binary)")
            }
            return Array(line)
        }
    }

    private static func readStart(of path: String) throws(Missing) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Missing("\(path): \(words(of: errno))") }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 2048)
        // SAFETY: read writes at most the array's own count into it, and the pointer ends with the call.
        let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw Missing("\(path): \(words(of: errno))") }
        return Array(bytes.prefix(count))
    }
}

/// The system's words for an error number.
func words(of number: Int32) -> String {
    // SAFETY: glibc's strerror answers from storage of this thread (since 2.32), copied here before any other call.
    String(cString: strerror(number))
}
