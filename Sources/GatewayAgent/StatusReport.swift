public import CallContract
public import CallCore

/// How the agent is, for `courtyard-gateway status`.
public struct StatusReport: Codable, Hashable, Sendable {
    public struct Press: Codable, Hashable, Sendable {
        public var point: String
        public var label: String
        public var service: String
        public var time: WallTime
    }

    /// How many call points there are, and how many work.
    public struct PointCount: Codable, Hashable, Sendable {
        public var total: Int
        public var ok: Int
        /// Those that are not, each with its state.
        public var troubled: [PointMessage]
    }

    /// One radio receiver, and what came of what it gave out since it is listened to.
    public struct Receiver: Codable, Hashable, Sendable {
        public var receiver: String
        /// `waiting`, `ok`, `dead`, `silent`, `jammed` or `flooding`.
        public var state: String
        public var edges: Int
        public var presses: Int
        /// Believed ones; those that came alone; runs of bits that no protocol ends so.
        public var frames: Int
        public var framesAlone: Int
        public var broken: Int
        /// How many of the last sixty seconds a carrier or frames occupied.
        public var occupiedSeconds: Int
    }

    /// The site's id, and the gateway's.
    public var site: String
    public var gateway: String
    public var state: StatusMessage.State
    public var simulated: Bool
    public var version: String
    public var journal: String
    public var uptimeSeconds: Int
    public var points: PointCount
    /// The radio receivers, in the site file's order.
    public var receivers: [Receiver]
    public var openCalls: Int
    /// Those that nobody has accepted.
    public var unaccepted: Int
    /// The desks that say they are listening.
    public var desks: [String]
    @OrNull public var lastPress: Press?
    /// The broker in use; null while there is none.
    @OrNull public var broker: String?
    /// Events the broker doesn't have yet.
    public var outbox: Int
    public var faults: [FaultMessage]
}

extension GatewayAgent {
    /// How things are now.
    public func report() -> StatusReport {
        let now = ports.clock.now()
        let points = core.pointStatuses.sorted { $0.id < $1.id }
        return StatusReport(
            site: identity.topics.site.text, gateway: identity.topics.gateway.text, state: state,
            simulated: identity.simulated, version: identity.version, journal: journal.text,
            uptimeSeconds: Int((now.moment - started.moment).components.seconds),
            points: .init(
                total: points.count, ok: points.count { $0.condition == .working },
                troubled: points.filter { $0.condition != .working }.map { PointMessage($0) }),
            receivers: receivers(), openCalls: core.openCalls.count,
            unaccepted: core.openCalls.count { $0.state == .raised || $0.state == .delivered },
            desks: core.listeningDesks.map(\.text).sorted(),
            lastPress: lastPress.map {
                .init(
                    point: $0.call.point.text, label: $0.call.label, service: $0.service.text, time: $0.occurred.wall)
            },
            broker: link?.broker, outbox: outbox.count,
            faults: standingFaults)
    }

    private func receivers() -> [StatusReport.Receiver] {
        let found = receiverStatistics?() ?? [:]
        return core.receiverStates.map { id, state in
            let statistics = found[id] ?? ReceiverStatistics()
            let verdicts = statistics.verdicts
            return .init(
                receiver: id.text, state: state, edges: statistics.edges, presses: verdicts.presses,
                frames: verdicts.frames, framesAlone: verdicts.alone, broken: verdicts.broken,
                occupiedSeconds: statistics.occupiedSeconds)
        }
    }

    /// How many calls are open.
    public var openCallCount: Int { core.openCalls.count }

    /// The faults that stand, by their names.
    public var standingFaults: [FaultMessage] { core.setFaults.sorted { $0.id < $1.id }.map { FaultMessage($0) } }

    /// How things are, in one line for `systemctl status`.
    public var statusLine: String {
        let broker = link.map { "connected to \($0.broker)" } ?? "no broker"
        return "\(state.rawValue), \(broker), \(core.openCalls.count) open calls, \(outbox.count) events waiting"
    }

    /// Calls `tell` with every event from now on, one line of JSON each, until `unwatch`.
    public func watch(_ id: Int, _ tell: @escaping @Sendable ([UInt8]) -> Void) { watchers[id] = tell }
    public func unwatch(_ id: Int) { watchers[id] = nil }

    /// The status to leave behind when the connection is closed in order; nil if it stands at the broker already.
    public var lastWords: OutgoingMessage? {
        guard link == nil || publishedState != .stopping || !shelf.hasSettled(.status) else { return nil }
        return OutgoingMessage(topic: identity.topics.status, payload: WireJSON.bytes(status(.stopping)), retain: true)
    }

    /// The status to leave at a broker that is given up for another: its will won't be published after a disconnect in
    /// order. Nil while there is no connection.
    public var partingWords: OutgoingMessage? {
        guard link != nil else { return nil }
        return OutgoingMessage(topic: identity.topics.status, payload: WireJSON.bytes(status(.offline)), retain: true)
    }
}
