internal import CallContract
package import CallCore

/// A duty desk at a virtual broker: the simulator's own desk (`DutyDesk`), behind a network of its own.
package final class VirtualDesk {
    package private(set) var desk: DutyDesk
    package let path: VirtualPath
    /// Told of every answer that the desk gets.
    package var onNote: ((DutyDesk.Note) -> Void)?
    /// True while a screen is open: it says that it listens.
    package private(set) var isOpen = false

    private let name: String
    private let site: SiteID
    private let brokers: [VirtualBroker]
    private var broker = 0
    private let agenda: Agenda
    private var connection: VirtualConnection?
    private var wakeAt: Moment?

    private static let reconnectAfter = Duration.seconds(3)

    package init(
        _ desk: DutyDesk, name: String, site: SiteID, at brokers: [VirtualBroker], over path: VirtualPath,
        _ agenda: Agenda
    ) {
        self.desk = desk
        self.name = name
        self.site = site
        self.brokers = brokers
        self.path = path
        self.agenda = agenda
    }

    /// Where it says whether somebody listens.
    var statusTopic: String { "courtyard/v1/\(site)/desk/\(desk.id)" }

    private func status(_ state: DeskMessage.State) -> VirtualMessage {
        VirtualMessage(
            topic: statusTopic, payload: WireJSON.bytes(DeskMessage(state: state, name: name)), retain: true)
    }

    /// True while it hears a broker.
    package var isConnected: Bool { connection?.isOpen ?? false }

    /// Somebody opens the page.
    package func open() {
        guard !isOpen else { return }
        isOpen = true
        connect()
    }

    /// Somebody closes it.
    package func close() {
        isOpen = false
        connection?.leave(last: status(.closed))
        connection = nil
    }

    /// The desk's machine is gone without a word.
    package func crash() {
        isOpen = false
        connection?.die(withPower: false)
        connection = nil
    }

    /// How its people behave from now on.
    package func behave(_ manner: DeskManner) {
        desk.manner = manner
        wake()
    }

    /// Sends something of somebody's own making.
    package func publish(_ message: VirtualMessage) { connection?.publish(message) { _ in } }

    private func connect() {
        let connection = VirtualConnection(
            "desk-\(site)-\(desk.id)", isPersistent: false, will: status(.offline), agenda, path, brokers[broker])
        self.connection = connection
        connection.onOpen = { [weak self] in
            guard let self else { return }
            desk.connected()
            connection.publish(status(.listening)) { _ in }
            wake()
        }
        connection.onMessage = { [weak self] message in self?.take(message) }
        connection.onEnd = { [weak self] _ in
            guard let self, self.connection === connection else { return }
            self.connection = nil
            broker = (broker + 1) % brokers.count
            agenda.after(Self.reconnectAfter) { [weak self] in
                if let self, isOpen, self.connection == nil { connect() }
            }
        }
        connection.open(subscribing: ["courtyard/v1/\(site)/+/call/+/+", "courtyard/v1/\(site)/+/reply/+"])
    }

    private func take(_ message: VirtualMessage) {
        desk.take(message.topic, message.payload, at: agenda.now)
        tell()
        wake()
    }

    private func wake() {
        guard let due = desk.nextDue, wakeAt.map({ due < $0 }) ?? true else { return }
        let moment = max(due, agenda.now)
        wakeAt = moment
        agenda.at(moment) { [weak self] in
            guard let self, wakeAt == moment else { return }
            wakeAt = nil
            act()
        }
    }

    private func act() {
        guard let connection, connection.isOpen else { return }
        for command in desk.due(at: agenda.now) {
            connection.publish(VirtualMessage(topic: command.topic, payload: command.payload)) { _ in }
        }
        tell()
        wake()
    }

    private func tell() {
        for note in desk.takeNotes() { onNote?(note) }
    }
}
