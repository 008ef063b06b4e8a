/// What the core knows of a site: its call points, services and outputs, and how calls are followed.
public struct SiteRules: Hashable, Sendable {
    public var points: [CallPoint]
    public var services: [Service]
    public var outputs: [BoardOutput]
    /// The radio receivers through which transmitters are heard.
    public var receivers: [RadioReceiver]
    /// What makes a call `delivered`.
    public var acknowledgement: Acknowledgement
    /// When the daily end-to-end test is due, in minutes after local midnight; nil: no test.
    public var dailyTestMinute: Int?
    /// What is done besides the fault while an emergency is heard by nobody.
    public var nobodyListening: Service.Rules.Level

    /// Whose word makes a call `delivered`.
    public enum Acknowledgement: String, Hashable, Sendable, CaseIterable {
        /// A desk's `received`: a screen that someone has open shows it. Offered again until then.
        case desk
        /// The broker's acknowledgement, for displays that never answer. Desks' presence is then not supervised.
        case broker
    }

    /// Everything that a driver of lines reports about: the wired points in their order, then the loops.
    public var watchedPoints: [PointID] {
        points.filter(\.isWired).map(\.id) + points.filter(\.hasLoop).map(\.id.loop)
    }

    /// What receivers listen for: what is on by default, and what the points' transmitters need.
    public var radioProtocols: Set<RadioProtocol> {
        Set(RadioProtocol.keyed.filter(\.isOnByDefault)).union(points.compactMap { $0.radio?.device.radioProtocol })
    }

    /// 03:30, when nobody eats and few call.
    public static let dailyTestMinute = 210

    public init(
        points: [CallPoint], services: [Service] = Service.defaults, outputs: [BoardOutput] = [],
        receivers: [RadioReceiver] = [],
        acknowledgement: Acknowledgement = .desk, dailyTestMinute: Int? = SiteRules.dailyTestMinute,
        nobodyListening: Service.Rules.Level = .init(usesNextBroker: true)
    ) {
        self.points = points
        self.services = services
        self.outputs = outputs
        self.receivers = receivers
        self.acknowledgement = acknowledgement
        self.dailyTestMinute = dailyTestMinute
        self.nobodyListening = nobodyListening
    }
}
