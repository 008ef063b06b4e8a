internal import CallCore
internal import MQTTLink
internal import Synchronization

/// A connection of a crash run's own to the broker, with a session that outlives it: what comes while it is away comes
/// afterwards.
final class CrashClient {
    struct Heard {
        let topic: String
        let payload: [UInt8]
        let at: Moment
    }

    let happenings = Happenings()
    private(set) var isConnected = false
    private var isNew = false
    private var link: SiteLink?
    private let id: String
    private let port: UInt16

    init(_ id: String, port: UInt16) {
        self.id = id
        self.port = port
    }

    func connect(_ subscriptions: [String]) throws {
        var configuration = MQTTLink.Configuration(clientID: id, brokers: [.init(host: "127.0.0.1", port: Int(port))])
        configuration.subscriptions = subscriptions
        configuration.shortestWait = .milliseconds(10)
        configuration.longestWait = .milliseconds(50)
        configuration.stableAfter = .milliseconds(50)
        configuration.window = 1000
        link = try SiteLink(configuration, happenings)
    }

    /// What has come since the last time.
    func take() throws -> [Heard] {
        try happenings.take().compactMap { happening in
            switch happening {
            case .received(let message, let moment):
                return Heard(topic: message.topic, payload: message.payload, at: moment)
            case .connected: (isConnected, isNew) = (true, true)
            case .disconnected: isConnected = false
            case .refused(let reason): throw SimulatorError(reason)
            case .pressed, .residentsRest, .residentsFailed: break
            }
            return nil
        }
    }

    /// True once after each connect.
    func takeIsNew() -> Bool {
        defer { isNew = false }
        return isNew
    }

    func publish(_ topic: String, _ payload: [UInt8], retain: Bool = false) -> Bool {
        link?.publish(topic, payload, retain: retain) ?? false
    }

    func stop() { link?.stop() }
}

/// The residents' fingers on one agent's buttons. What they hold is let go when they go, or the agent does.
final class Fingers {
    private var lines: LinesClient
    private var held: [(point: String, since: Moment)] = []

    /// As long as a finger stays on a button.
    private static let holds = Duration.milliseconds(60)

    init(_ socket: String) throws { lines = try LinesClient(path: socket) }

    /// How many buttons there are.
    func count() throws -> Int { try lines.points().count }

    func press(_ point: String) throws {
        try lines.set(point, made: true)
        held.append((point, .now))
    }

    /// Lets go of what was held for long enough.
    func rest() throws {
        while let first = held.first, first.since + Self.holds < .now {
            held.removeFirst()
            try lines.set(first.point, made: false)
        }
    }

    func lamps() throws -> [ShownOutput] { try lines.outputs() }
}
