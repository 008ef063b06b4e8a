internal import CallCore
internal import CourtyardSimulation
internal import MQTTLink

/// The real brokers of a scenario, the agent's way to each, and somebody at each who subscribes to everything.
final class ProcessBrokers {
    /// One of them.
    final class One {
        let port: UInt16
        let relay: Relay
        let happenings = Happenings()
        var broker: RealBroker?
        var observer: SiteLink?
        /// The observer hears it.
        var isHeard = false

        init(port: UInt16) throws {
            self.port = port
            relay = try Relay(to: port)
        }
    }

    private let programs: RealPrograms
    private let directory: ThrowAwayDirectory
    private let site: SiteID
    let all: [One]
    /// How the agent's way is while a broker is there.
    private(set) var way = Relay.Way.open

    /// An observer must be back before the agent is.
    private static let observerWait = Duration.milliseconds(200)

    init(_ count: Int, _ programs: RealPrograms, in directory: ThrowAwayDirectory, site: SiteID) throws {
        self.programs = programs
        self.directory = directory
        self.site = site
        all = try (0..<count).map { _ in try One(port: LoopbackPort.free()) }
    }

    /// Where the agent is to find them.
    var places: [(host: String, port: Int)] { all.map { ("127.0.0.1", Int($0.relay.port)) } }

    /// Starts one that doesn't run. Its observer comes, and only then the way is open: `isHeard` tells.
    func start(_ one: One) throws {
        guard one.broker == nil else { return }
        one.broker = try RealBroker(programs, in: directory, port: one.port, remembers: true)
        var configuration = MQTTLink.Configuration(
            clientID: "observer", brokers: [.init(host: "127.0.0.1", port: Int(one.port))])
        configuration.subscriptions = ["courtyard/v1/\(site)/#"]
        configuration.shortestWait = Self.observerWait
        configuration.longestWait = Self.observerWait
        one.observer = try SiteLink(configuration, one.happenings)
    }

    /// Ends one, in order or at once; then it has forgotten everything.
    func stop(_ one: One, forgetting: Bool) {
        one.relay.set(.closed)
        // It would try five times a second for as long as the broker is away.
        one.observer?.stop()
        one.observer = nil
        if forgetting { one.broker?.child.kill9() } else { one.broker?.child.stop() }
        if forgetting { RealBroker.forget(one.port, in: directory) }
        (one.broker, one.isHeard) = (nil, false)
    }

    /// The observer has come, or has lost the broker.
    func heard(_ one: One, _ isHeard: Bool) {
        one.isHeard = isHeard && one.broker != nil
        one.relay.set(one.isHeard ? way : .closed)
    }

    func set(_ way: Relay.Way) {
        self.way = way
        for one in all where one.isHeard { one.relay.set(way) }
    }

    /// One that has ended without having been asked to, in words.
    var unexpectedEnd: String? {
        for one in all {
            if let broker = one.broker, let end = broker.end {
                return "\(broker.child.name) ended by itself, \(end). Its last lines:\n\(broker.child.lastLines)"
            }
        }
        return nil
    }

    func close() {
        for one in all {
            one.relay.stop()
            one.observer?.stop()
            one.broker?.child.stop()
        }
    }
}
