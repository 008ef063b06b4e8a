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
    /// The lines of the wired points and of their loops (`PointID.loop`), one for each at most; empty on simulated
    /// hardware.
    public var lines: [WatchedLine]
    /// In the order of the file.
    public var outputs: [BoardOutput]
    /// The outputs' lines, one for each; empty on simulated hardware.
    public var outputLines: [OutputLine]
    /// The radio receivers, in the order of the file; on simulated hardware they have no line.
    public var receivers: [RadioReceiver] = []
    /// The absolute path of the folder of the site's own kinds of transmitters.
    public var deviceFolder = ""
    /// The absolute path of the table that `enrol` keeps; nil if there is none.
    public var transmitters: String?
    /// The points that stand in it.
    public var enrolled: Set<PointID> = []
    /// What makes a call `delivered`.
    public var acknowledgement: SiteRules.Acknowledgement
    /// When the daily test is due, in minutes after local midnight; nil: no test.
    public var dailyTestMinute: Int?
    /// What is done besides the fault while an emergency is heard by nobody.
    public var nobodyListening: Service.Rules.Level
    /// For how long closed calls are kept; nil: for ever.
    public var retention: Duration?
    /// Home Assistant's discovery prefix; nil: the gateway is not introduced to it.
    public var homeAssistant: String?
    public var files: Files

    /// How long closed calls are kept unless the site file says otherwise: two years.
    public static let standardRetention = Duration.seconds(730 * 86_400)

    /// What the core is to know of it.
    public var rules: SiteRules {
        SiteRules(
            points: points, services: services, outputs: outputs, receivers: receivers,
            acknowledgement: acknowledgement, dailyTestMinute: dailyTestMinute, nobodyListening: nobodyListening)
    }

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
