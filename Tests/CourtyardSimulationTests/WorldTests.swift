import CallContract
import CallCore
import GatewayAgent
import Journal
import Testing

@testable import CourtyardSimulation

/// A courtyard of two beds, a broker and a desk.
private final class SmallWorld {
    let world = World()
    let broker: VirtualBroker
    let gateway: VirtualGateway
    let desk: VirtualDesk
    var events: [CallEvent] = []
    var statuses: [String] = []
    static let bed = CallPoint(id: PointID("b3-u2-401")!, label: "3号楼2单元401 床头")
    static let kitchen = CallPoint(
        id: PointID("b3-u2-401-kitchen")!, label: "厨房", gestures: .init(press: .meal))

    init() throws {
        var dice = Dice(1)
        broker = VirtualBroker("broker", world.agenda)
        let topics = Topics(site: SiteID("willow-court")!, gateway: GatewayID("gw-1")!)
        gateway = try VirtualGateway(
            topics, rules: SiteRules(points: [Self.bed, Self.kitchen]), brokers: [broker], world.agenda,
            epoch: world.epoch, driftPPM: 20, dice.split())
        let manner = DeskManner(
            acceptAfter: .seconds(5)...(.seconds(5)), arriveAfter: .seconds(60)...(.seconds(60)),
            resolveAfter: .seconds(30)...(.seconds(30)))
        desk = VirtualDesk(
            DutyDesk(id: DeskID("desk-1")!, name: "王", manner: manner, run: "r", dice: dice.split()), name: "王",
            site: topics.site, at: [broker], over: VirtualPath(world.agenda, dice.split()), world.agenda)
        world.add(gateway)
        gateway.ears.committed = { [unowned self] in events += $0.events }
        broker.onTaken = { [unowned self] message in
            if message.topic == topics.status { statuses.append(String(decoding: message.payload, as: UTF8.self)) }
        }
        try gateway.powerOn(showing: world.epoch)
        gateway.settle()
        desk.open()
        run(.seconds(20))
    }

    func run(_ span: Duration) { world.run(until: world.agenda.now + span) }

    func press(_ point: CallPoint) {
        gateway.set(point.id, made: true)
        run(.milliseconds(200))
        gateway.set(point.id, made: false)
        run(.seconds(1))
    }

    var types: [CallEventType] { events.map(\.type) }
    var records: [String] { broker.retained.keys.filter { $0.contains("/call/") } }
}

@Suite("The virtual world") struct WorldTests {
    @Test("a press is followed to its end")
    func press() throws {
        let small = try SmallWorld()
        small.press(SmallWorld.bed)
        #expect(small.types == [.pressed, .raised, .delivered])
        #expect(small.records.count == 1)
        small.run(.seconds(120))
        #expect(small.types == [.pressed, .raised, .delivered, .accepted, .arrived, .resolved])
        #expect(small.records.isEmpty)
    }

    @Test("what is pressed while the broker is away arrives when it is back")
    func outage() throws {
        let small = try SmallWorld()
        var dice = Dice(1)
        small.broker.stop(forgetting: 0, &dice)
        small.run(.seconds(3600))
        small.press(SmallWorld.bed)
        #expect(small.types == [.pressed, .raised])
        small.broker.start()
        small.run(.seconds(180))
        #expect(small.types.last == .resolved)
    }

    @Test("a cut network is noticed, and the will is told")
    func cut() throws {
        let small = try SmallWorld()
        small.gateway.path.block(up: true, down: true)
        small.run(.seconds(300))
        #expect(small.statuses.last?.contains("offline") ?? false)
        small.gateway.path.block(up: false, down: false)
        small.run(.seconds(60))
        #expect(small.statuses.last?.contains("\"ready\"") ?? false, "\(small.statuses)")
    }

    @Test("an open call outlives a power cut")
    func powerCut() throws {
        let small = try SmallWorld()
        small.desk.close()
        small.press(SmallWorld.bed)
        small.gateway.powerOff()
        small.run(.seconds(60))
        #expect(!small.gateway.isRunning)
        try small.gateway.powerOn(showing: WallTime(milliseconds: 0))
        small.gateway.settle()
        small.run(.seconds(30))
        #expect(small.gateway.agent?.report().openCalls == 1)
        small.desk.open()
        small.run(.seconds(180))
        #expect(small.types.last == .resolved)
    }
}
