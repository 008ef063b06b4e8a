internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import GatewayAgent
internal import GatewayTransport
internal import Glibc
internal import Journal
internal import MQTTLink

/// One gateway of a fleet: the production agent, journal and MQTT link, without a board. Belongs to its loop's thread; its
/// inbox to everybody.
final class FleetGateway {
    let index: Int
    private let agent: GatewayAgent
    private let store: JournalStore
    private let transport: MQTTTransport
    private let inbox: Inbox
    /// When it wants to turn if nothing comes in; nil for never.
    private(set) var deadline: Moment?
    /// It has told the broker everything.
    private(set) var hasSettled = false
    private var hasConnected = false

    private static let partsWithin = Duration.seconds(2)

    /// - Parameter hear: told on the link's thread what it reports, after the inbox has it.
    init(_ plan: FleetPlan, _ index: Int, inbox: Inbox, hear: @escaping @Sendable (LinkInput) -> Void) throws {
        self.index = index
        self.inbox = inbox
        let clock = FleetClock()
        let start = try JournalStore.start(path: plan.journal(index), allowVolatile: true, clock: clock)
        if let failure = start.failure { throw failure }
        store = start.store
        let identity = GatewayAgent.Identity(
            topics: plan.topics(index), version: "fleet", boot: plan.boot, simulated: true)
        transport = MQTTTransport(identity) { input in
            inbox.put(input)
            hear(input)
        }
        agent = GatewayAgent(
            identity, contents: start.contents, services: plan.rules.services,
            ports: .init(
                store: start.store, transport: transport, clock: clock, outputs: NoOutputs(),
                log: FleetLog(gateway: identity.topics.gateway)))
        agent.report(
            .simulatedHardware, what: "one of a simulated fleet: no real button is heard",
            remedy: "end courtyard-sim fleet")
        agent.adopt(plan.rules)
        agent.handle([])  // reserves connection numbers before the first connection
        let now = Moment.now
        inbox.put(plan.rules.points.map { .armed($0.id, made: false, at: now) })
        try transport.connect([plan.broker], numbers: agent.connections)
        turn()
    }

    /// One turn of the program's loop.
    func turn() {
        let batch = inbox.take(until: Moment(nanoseconds: 0))
        agent.lost(messages: inbox.takeDroppedMessages())
        agent.handle(batch)
        agent.tidyJournal()
        deadline = agent.nextDeadline
        for case .link(.connected) in batch { hasConnected = true }
        if hasConnected, agent.hasToldAll { hasSettled = true }
    }

    /// Leaves in order.
    func stop() {
        agent.stop()
        turn()
        agent.leaveMarks()
        store.close()
        transport.disconnect(lastWords: agent.lastWords, within: Self.partsWithin)
    }
}

/// What all gateways of a fleet have in common, and by what they differ.
struct FleetPlan: Sendable {
    let site: SiteID
    let gateways: Int
    let rules: SiteRules
    let broker: MQTTLink.Broker
    /// Where the journals stand.
    let directory: String
    let boot = "fleet-\(UInt32.random(in: 0 ... .max))"

    static let mostGateways = 9999
    static let mostPoints = 2000

    init(site: SiteID, gateways: Int, points: Int, broker: MQTTLink.Broker, directory: String) {
        self.site = site
        self.gateways = gateways
        self.broker = broker
        self.directory = directory
        rules = SiteRules(points: (1...points).map(Self.point), dailyTestMinute: nil)
    }

    /// Of seven buttons, five stand at a bed and two in a kitchen, as in the demo's courtyard.
    private static func point(_ number: Int) -> CallPoint {
        let isBedside = number % 7 < 5
        return CallPoint(
            id: PointID(unchecked: "p-\(padded(number))"), label: "\(number)号 \(isBedside ? "床头" : "厨房")",
            gestures: .init(press: isBedside ? .emergency : .meal))
    }

    func journal(_ index: Int) -> String { "\(directory)/\(Self.gateway(index)).db" }
    func topics(_ index: Int) -> Topics { Topics(site: site, gateway: Self.gateway(index)) }
    /// `gw-0001` is the first, with the index 0.
    static func gateway(_ index: Int) -> GatewayID { GatewayID(unchecked: "gw-\(padded(index + 1))") }

    private static func padded(_ number: Int) -> String {
        String(repeating: "0", count: max(0, 4 - "\(number)".count)) + "\(number)"
    }
}

/// This machine's clocks, taken to be right: what a fleet is for is not the fault of a clock.
struct FleetClock: Clock {
    func now() -> Now {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return Now(
            moment: .now, wall: WallTime(milliseconds: Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000),
            quality: ClockQuality(synchronized: true, uncertaintyMs: 0))
    }
}

/// Errors of a gateway, on standard error: there should be none.
struct FleetLog: AgentLog {
    let gateway: GatewayID

    func log(_ level: LogLevel, _ text: String, _ fields: [String: String]) {
        if level == .error { complain("\(gateway): \(text)") }
    }
}
