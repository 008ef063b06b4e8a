internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import MQTTLink

/// A duty desk of a scenario at a real broker: the simulator's own desk, on a way of its own that can be cut.
final class ProcessDesk {
    private(set) var desk: DutyDesk
    let happenings = Happenings()
    private(set) var isConnected = false
    private let topic: String
    private let relays: [Relay]
    private let link: SiteLink

    private static let name = "值班室"
    /// As a virtual desk's.
    private static let longestWait = Duration.seconds(3)

    init(_ id: DeskID, _ manner: DeskManner, run: String, at brokers: [UInt16], of site: SiteID) throws {
        desk = DutyDesk(id: id, name: Self.name, manner: manner, run: run, dice: Dice(1))
        topic = "courtyard/v1/\(site)/desk/\(id)"
        relays = try brokers.map { try Relay(to: $0) }
        for relay in relays { relay.set(.open) }
        var configuration = MQTTLink.Configuration(
            clientID: "desk-\(site)-\(id)",
            brokers: relays.map { MQTTLink.Broker(host: "127.0.0.1", port: Int($0.port)) })
        configuration.subscriptions = ["courtyard/v1/\(site)/+/call/#", "courtyard/v1/\(site)/+/reply/#"]
        configuration.longestWait = Self.longestWait
        link = try SiteLink(
            configuration, will: Message(topic: topic, payload: Self.status(.offline), retain: true), happenings)
    }

    private static func status(_ state: DeskMessage.State) -> [UInt8] {
        WireJSON.bytes(DeskMessage(state: state, name: name))
    }

    /// How its people behave from now on.
    func behave(_ manner: DeskManner) { desk.manner = manner }

    /// When it has something to say, if nothing comes in before.
    var nextDue: Moment? { isConnected ? desk.nextDue : nil }

    /// Takes in what has come, and says what is due.
    func turn() {
        for happening in happenings.take() {
            switch happening {
            case .received(let message, let moment): desk.take(message.topic, message.payload, at: moment)
            case .connected:
                desk.connected()
                isConnected = link.publish(topic, Self.status(.listening), retain: true)
            case .disconnected: isConnected = false
            default: break
            }
        }
        guard isConnected else { return }
        for command in desk.due(at: .now) { _ = link.publish(command.topic, command.payload) }
        _ = desk.takeNotes()
    }

    /// Closed on purpose.
    func leave() {
        link.stop(last: Message(topic: topic, payload: Self.status(.closed), retain: true))
        for relay in relays { relay.stop() }
    }

    /// Gone without a word.
    func crash() {
        for relay in relays { relay.stop() }
        link.stop()
    }
}
