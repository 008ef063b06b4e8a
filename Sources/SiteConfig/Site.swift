public import CallCore

/// A site file that was read and found good.
public struct Site: Hashable, Sendable {
    public var site: SiteID
    public var gateway: GatewayID
    /// Where presses come from.
    public var hardware: Hardware
    /// Tried in this order; at least one.
    public var brokers: [Broker]
    /// The standard services as this site has them, and its own, most urgent first.
    public var services: [Service]
    /// In the order of the file.
    public var points: [CallPoint]
    /// The wired points' lines, one per point at most; empty on simulated hardware.
    public var lines: [WatchedLine]
    public var files: Files

    /// Where presses come from.
    public enum Hardware: String, Hashable, Sendable, CaseIterable {
        /// Kernel GPIO lines through libgpiod.
        case gpio
        /// A socket that `courtyard-sim` presses buttons through.
        case simulated
    }

    /// One MQTT broker.
    public struct Broker: Hashable, Sendable {
        /// A host name or an address, as its certificate has it.
        public var host: String
        public var port: Int
        public var version: MQTTVersion
        public var username: String?
        /// The file whose first line is the password.
        public var passwordFile: String?
        public var tls: TLS?
        /// Seconds without traffic after which a ping is sent.
        public var keepAliveSeconds: Int

        /// The protocol that a broker speaks.
        public enum MQTTVersion: String, Hashable, Sendable, CaseIterable {
            case v5 = "5"
            case v311 = "3.1.1"
        }

        /// How a connection is secured.
        public struct TLS: Hashable, Sendable {
            /// PEM file of the authorities that may have signed the broker's certificate. Never empty.
            public var ca: String
            /// PEM file with the gateway's own certificate, and its key.
            public var certificate: String?
            public var key: String?
        }
    }

    /// Where the gateway keeps and offers things; absolute paths.
    public struct Files: Hashable, Sendable {
        /// The journal database. Default `/var/lib/courtyard-gateway/gateway.db`.
        public var journal: String
        /// Where `status` and `watch` ask. Default `/run/courtyard-gateway/control.sock`.
        public var control: String
        /// Where `courtyard-sim` presses buttons, on simulated hardware. Default `/run/courtyard-gateway/lines.sock`.
        public var simulator: String

        /// Where they are unless the site file says otherwise.
        public static let standard = Files(
            journal: "/var/lib/courtyard-gateway/gateway.db", control: "/run/courtyard-gateway/control.sock",
            simulator: "/run/courtyard-gateway/lines.sock")
    }
}
