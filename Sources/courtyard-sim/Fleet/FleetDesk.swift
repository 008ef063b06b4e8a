internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import MQTTLink

/// A duty desk that answers all calls of a fleet, at human rates.
final class FleetDesk {
    private var desk = DemoDesk.make()
    private let topics: Topics
    private let heard = Happenings()
    private var link: SiteLink?
    private(set) var isConnected = false
    /// Why there is no connection.
    private(set) var away: String?

    /// - Parameter topics: of any gateway of the site.
    init(_ topics: Topics) { self.topics = topics }

    func connect(_ configuration: MQTTLink.Configuration) throws {
        var configuration = configuration
        configuration.subscriptions = ["call/#", "reply/#"].map { "courtyard/v1/\(topics.site)/+/\($0)" }
        configuration.window = 1000
        link = try SiteLink(configuration, will: DemoDesk.message(.offline, topics), heard)
    }

    /// Takes in what has come, and says what is due.
    func turn() throws {
        for happening in heard.take() {
            switch happening {
            case .received(let message, let at): desk.take(message.topic, message.payload, at: at)
            case .connected:
                isConnected = true
                desk.connected()
                _ = link?.publish(topics.desk(desk.id), DemoDesk.status(.listening), retain: true)
            case .disconnected(let words): (isConnected, away) = (false, words)
            case .refused(let words): throw SimulatorError(words)
            case .pressed, .residentsRest, .residentsFailed: break
            }
        }
        guard isConnected else { return }
        for command in desk.due(at: .now) { _ = link?.publish(command.topic, command.payload) }
        _ = desk.takeNotes()
    }

    func stop() { link?.stop(last: DemoDesk.message(.closed, topics)) }
}
