internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import MQTTLink

/// The terminal desk's main thread: hears the site, lets the desk decide, publishes, and shows it all.
final class DeskStage {
    private var desk: DutyDesk
    private let site: SiteID
    private let broker: String
    private let presence: DeskMessage
    private let happenings = Happenings()
    private let signals = StopSignals()
    private var screen = Screen()
    private var log: [String] = []
    private var gateways: [String: StatusMessage] = [:]
    private var faults: Set<String> = []
    private var isConnected = false
    private var away: String?
    private(set) var hasBeenConnected = false
    private let begun = Moment.now
    private var lastDrawn = Moment.now

    private static let tick = Duration.milliseconds(100)
    private static let keptLines = 200

    init(_ desk: DutyDesk, site: SiteID, name: String, state: DeskMessage.State, broker: String) {
        self.desk = desk
        self.site = site
        self.broker = broker
        presence = DeskMessage(state: state, name: name)
    }

    private var topic: String { "courtyard/v1/\(site)/desk/\(desk.id)" }

    /// Runs until the time is up or somebody stops it.
    func run(_ configuration: MQTTLink.Configuration, for time: Duration?) throws {
        var configuration = configuration
        configuration.subscriptions = ["call/#", "reply/#", "status", "fault/#"].map { "courtyard/v1/\(site)/+/\($0)" }
        let will = Message(topic: topic, payload: status(.offline), retain: true)
        let link = try SiteLink(configuration, will: will, happenings)
        defer { link.stop(last: Message(topic: topic, payload: status(.closed), retain: true)) }
        say("desk \(desk.id) (\(desk.actor)) of \(site), broker \(broker); Ctrl-C ends it")
        let end = time.map { Moment.now + $0 }
        var isStopping = false
        while !isStopping, !screen.isGone, end.map({ .now < $0 }) ?? true {
            for happening in happenings.take() { take(happening, link) }
            if isConnected {
                for command in desk.due(at: .now) { _ = link.publish(command.topic, command.payload) }
            }
            for note in desk.takeNotes() { say(DeskView.line(note)) }
            draw()
            let tick = Moment.now + Self.tick
            isStopping = signals.wait(for: happenings, until: end.map { min($0, tick) } ?? tick)
        }
    }

    /// Gives the terminal back.
    func close() {
        screen.close()
        screen.say(
            hasBeenConnected
                ? "\(desk.calls.count) calls open, \(desk.refusals) commands refused"
                : "the broker \(broker) was never reached\(away.map { ": \($0)" } ?? "")")
    }

    private func status(_ state: DeskMessage.State) -> [UInt8] {
        WireJSON.bytes(DeskMessage(state: state, name: presence.name))
    }

    private func take(_ happening: Happening, _ link: SiteLink) {
        switch happening {
        case .received(let message, let moment):
            desk.take(message.topic, message.payload, at: moment)
            watch(message.topic, message.payload)
        case .connected:
            (isConnected, hasBeenConnected, away) = (true, true, nil)
            desk.connected()
            say("connected to \(broker), \(presence.state.rawValue)")
            _ = link.publish(topic, WireJSON.bytes(presence), retain: true)
        case .disconnected(let reason):
            if isConnected || away != reason { say("no connection to \(broker): \(reason); trying again") }
            (isConnected, away) = (false, reason)
        case .refused(let reason): say(reason)
        case .pressed, .residentsRest, .residentsFailed: break
        }
    }

    /// How the gateways are.
    private func watch(_ topic: String, _ payload: [UInt8]) {
        let parts = topic.split(separator: "/").map(String.init)
        if parts.count == 5, parts[4] == "status" {
            let status = try? WireJSON.read(StatusMessage.self, from: payload)
            if let status, status.state != gateways[parts[3]]?.state { say("gateway \(parts[3]): \(status.state)") }
            gateways[parts[3]] = status
        } else if parts.count == 6, parts[4] == "fault" {
            let fault = "\(parts[3]) \(parts[5])"
            if payload.isEmpty { faults.remove(fault) } else { faults.insert(fault) }
        }
    }

    /// In lines, or as the picture's lower part. Without what a terminal would obey.
    private func say(_ text: String) {
        let line = DisplayWidth.clip("\(DeskView.clock())  \(text)", to: 500)
        log.append(line)
        if log.count > Self.keptLines { log.removeFirst() }
        if !screen.isLive { screen.say(line) }
    }

    private func draw() {
        guard screen.isLive, lastDrawn + Self.tick <= .now else { return }
        lastDrawn = .now
        let view = DeskView(
            site: site, desk: desk, presence: presence, broker: broker, away: away, isConnected: isConnected,
            gateways: gateways.mapValues(\.state), faults: faults, running: .now - begun, now: .now)
        screen.draw(view.rows(height: screen.size.rows, log: log))
    }
}
