internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import Journal

/// What stands retained at the broker is how things are: no late will, no call that is closed, no fault that is over.
final class StandingJudge: Judge {
    private let court: Court
    private var onlineSince: Moment?
    /// The number of that connection.
    private var onlineAs: UInt64 = 0
    private let desks: [VirtualDesk]
    private var backlog = 0
    /// The highest number that a connection had, in any boot.
    private var highest: UInt64 = 0
    /// Since when the status that stands is not the agent's own.
    private var foreignSince: Moment?

    /// From being connected without trouble to everything being told, with nothing kept back from an outage.
    static let settlesWithin = Duration.seconds(60)

    init(_ court: Court, desks: [VirtualDesk]) {
        self.court = court
        self.desks = desks
    }

    /// Without a journal nobody knows how far the numbers had come.
    func started(_ contents: Journal.Contents?) { if contents == nil { highest = 0 } }
    func ended() { onlineSince = nil }

    func tick() {
        let gateway = court.gateway
        let number = gateway.connectionNumber
        if number > 0, number < highest {
            court.complain(.connectionNumber, "connection \(number) comes after connection \(highest)")
        }
        // A journal that fails can't reserve numbers.
        if !court.faults.contains(.journalFailing) { highest = max(highest, number) }
        guard let agent = gateway.agent, gateway.isOnline, gateway.path.isOpen, gateway.brokerInUse?.refuses == nil,
            gateway.disk.trouble == nil, gateway.path.latency == VirtualPath.ordinaryLatency,
            gateway.disk.flushTakes == VirtualDisk.ordinaryFlush
        else { return onlineSince = nil }
        let now = court.world.agenda.now
        let since = onlineSince ?? now
        let outbox = agent.burden.outbox
        // A broker may be left for another between two looks.
        guard onlineAs == number || onlineSince == nil else { return onlineSince = nil }
        onlineAs = number
        if onlineSince == nil { backlog = outbox }
        onlineSince = since
        // A backlog goes at hundreds a second.
        guard now - since > Self.settlesWithin + .milliseconds(Int64(backlog) * 20) else { return }
        if outbox > 200 { court.complain(.undelivered, "\(outbox) events wait, connected for \(now - since)") }
        status()
    }

    private func status() {
        guard let broker = court.gateway.brokerInUse else { return }
        guard let payload = broker.standing(at: court.gateway.topics.status)?.payload,
            let status = try? WireJSON.read(StatusMessage.self, from: payload)
        else { return court.complain(.standing, "no status stands at \(broker.name)") }
        let isOwn = status.boot == court.gateway.boot && status.connection == court.gateway.connectionNumber
        if !isOwn || status.state == .offline {
            let now = court.world.agenda.now
            let since = foreignSince ?? now
            foreignSince = since
            if now - since > .seconds(30) {
                court.complain(
                    .standing, "the status says \(status.state) of \(status.boot), connection \(status.connection)")
            }
        } else {
            foreignSince = nil
        }
    }

    func healed() {
        let gateway = court.gateway
        guard let agent = gateway.agent else { return court.complain(.broken, "it is not running") }
        guard let broker = gateway.brokerInUse, gateway.isOnline else {
            return court.complain(.undelivered, "it is not connected, and all is well")
        }
        let report = agent.report()
        if report.outbox > 0 { court.complain(.undelivered, "\(report.outbox) events wait, and all is well") }
        if report.state != .ready, court.revenants.isEmpty {
            court.complain(.faultFalse, "it is \(report.state), and all is well")
        }
        let base = gateway.topics.base
        let standing = broker.retained.keys.sorted().filter { $0.hasPrefix("\(base)/call/") }
        let excused = standing.filter { topic in
            topic.split(separator: "/").last.flatMap { CallID(String($0)) }.map(court.revenants.contains) ?? false
        }
        if report.openCalls > excused.count {
            court.complain(.undelivered, "\(report.openCalls) calls are open, and all is well: \(standing)")
        }
        if standing.count > excused.count { court.complain(.standing, "\(standing) stand, and no call is open") }
        for topic in broker.retained.keys.sorted()
        where topic.hasPrefix("\(base)/fault/") && court.revenants.isEmpty {
            court.complain(.standing, "\(topic) stands, and no fault is set")
        }
        for point in gateway.rules.points where broker.standing(at: gateway.topics.point(point.id)) == nil {
            court.complain(.standing, "\(point.id) doesn't stand at the broker")
        }
        status()
        for desk in desks where !desk.desk.calls.isEmpty {
            court.complain(.undelivered, "\(desk.desk.id) shows \(desk.desk.calls.keys.sorted())")
        }
    }
}
