import CallContract
import CallCore
import Journal
import Testing

@testable import GatewayAgent

/// What goes wrong at the edges of the agent: stale records, refusals, a store that is another one.
@Suite("Adversity at the agent") struct AdversityTests {
    private let base = "courtyard/v1/willow/gw-1"
    private let full = JournalError.full(.init(operation: "committing", path: "/x", code: 13, text: "disk is full"))

    @Test("The record of a call that nothing ends any more has no expiry, however old: somebody has arrived")
    func arrivedStays() throws {
        let world = try World(services: Service.defaults)
        world.connect()
        world.press(World.kitchen)
        world.settle()
        let call = "\(world.agent.journal)-1"
        world.command("accept", #"{"id":"c1","call":"\#(call)","revision":1,"actor":"王"}"#)
        world.command("arrive", #"{"id":"c2","call":"\#(call)","revision":2,"actor":"王"}"#)
        let record = try #require(world.transport.log.last { $0.topic.contains("/call/meal/") })
        #expect(record.expirySeconds == nil)
    }

    @Test("An order that waits for the opening expires from there, at the broker too")
    func waitingForOpening() throws {
        var services = Service.defaults
        services[1].rules.hours = OpeningHours([.init(from: 6 * 60, to: 13 * 60)])  // the made-up day begins at 22:13
        services[1].rules.outsideHours = .wait
        let world = try World(services: services)
        world.connect()
        world.press(World.kitchen)
        world.settle()
        let record = try #require(world.transport.log.last { $0.topic.contains("/call/meal/") })
        #expect(record.expirySeconds ?? 0 > 11 * 3600, "opens in 7 h 46 min, and then 4 h")
    }

    @Test("A fault that is set anew while its old record waits to be emptied stands at the broker")
    func faultAnew() throws {
        let world = try World()
        world.connect()
        world.transport.window = 0
        let topic = "\(base)/fault/certificate-expiring"
        let stale = IncomingMessage(topic: topic, payload: Array("{}".utf8), retained: true)
        world.agent.handle([.link(.received(stale))])
        world.agent.report(.certificateExpiring, what: "it runs out", remedy: "renew it")
        world.agent.handle([])
        world.transport.window = 32
        world.agent.handle([])
        world.settle()
        #expect(world.retained[topic] != nil)
    }

    @Test("A refused offer is forgiven when the call's next event is taken")
    func refusedOffer() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.settle()
        world.clock.advance(.seconds(2))
        world.agent.handle([])
        world.settle(reason: 0x87)
        #expect(world.agent.report().faults.contains { $0.fault == "not-authorised" })
        world.command("received", #"{"id":"c1","call":"\#(world.agent.journal)-1"}"#)
        world.wait(.seconds(30))
        world.settle()
        #expect(!world.agent.report().faults.contains { $0.fault == "not-authorised" })
    }

    @Test("A start without a journal doesn't try to open it at every edge")
    func noHurry() throws {
        let world = try World()
        world.store.failure = full
        world.agent.beginUnjournaled("disk full")
        for _ in 0..<600 { _ = world.agent.connections.next() }  // a dead broker, tried all night
        let before = world.store.refusals
        for made in [true, false, true, false] {
            world.agent.handle([.line(.edge(World.kitchen.id, made: made, at: world.clock.now().moment))])
            world.clock.advance(.milliseconds(50))
        }
        #expect(world.store.refusals == before)
    }

    @Test("When messages were dropped, what the desks say of themselves is read again too")
    func desksReadAgain() throws {
        let world = try World()
        world.connect()
        #expect(!world.transport.subscriptions.contains("courtyard/v1/willow/desk/+"), "the transport's own business")
        world.agent.lost(messages: 1)
        #expect(world.transport.subscriptions.contains("courtyard/v1/willow/desk/+"))
        world.wait(.seconds(6))
        #expect(world.transport.subscriptions.contains("courtyard/v1/willow/desk/+"), "and stays")
    }

    @Test("What was acknowledged while the journal failed is not sent again after a restart")
    func marksOfTheSubstitute() throws {
        let world = try World()
        world.connect()
        world.press(World.kitchen)
        world.settle()
        world.store.failure = full
        world.press(World.bed)
        world.settle()
        world.store.failure = nil
        // The turn in which it recovers writes marks, too, and has an event of its own.
        world.command("accept", #"{"id":"c1","call":"\#(world.agent.journal)-1","revision":1,"actor":"王"}"#)
        world.settle()
        world.wait(.seconds(130))
        world.settle()
        let sent = world.events.count
        try world.restart()
        world.connect()
        #expect(world.events.count == sent)
    }

    @Test("An adopted call that was closed stays closed: its record at another broker is emptied, after a restart too")
    func staleRecord() throws {
        let world = try World()
        world.connect()
        world.store.failure = full
        world.press(World.bed)
        world.settle()
        let record = try #require(world.retained.first { $0.key.contains("/call/emergency/") })
        world.store.failure = nil
        world.wait(.seconds(6))
        let call = record.key.split(separator: "/").last!
        world.command("cancel", #"{"id":"c1","call":"\#(call)","revision":1,"actor":"王"}"#)
        #expect(world.replies.last?.accepted == true && world.agent.report().openCalls == 0)
        for isRestarted in [false, true] {
            if isRestarted { try world.restart() } else { world.disconnect() }
            world.connect()
            let emptied = world.transport.log.count { $0.topic == record.key && $0.payload.isEmpty }
            let stale = IncomingMessage(topic: record.key, payload: record.value, retained: true)
            world.agent.handle([.link(.received(stale))])
            world.settle()
            #expect(world.agent.report().openCalls == 0)
            #expect(world.transport.log.count { $0.topic == record.key && $0.payload.isEmpty } == emptied + 1)
        }
    }

    @Test("Where the broker's word is enough, it is enough after a restart too, when only the record is offered")
    func brokersWordAfterRestart() throws {
        let world = try World(acknowledgement: .broker)
        world.connect()
        world.press(World.bed)
        world.settle(reason: 16)
        world.agent.leaveMarks()
        try world.restart()
        world.connect()
        #expect(world.agent.core.openCalls.first?.state == .raised, "it is this gateway that reads its records back")
        world.wait(.seconds(40))
        world.settle()
        #expect(world.agent.core.openCalls.first?.state == .delivered)
    }

    @Test("A store that had to begin a new file is given every open call")
    func anotherStore() throws {
        let world = try World()
        world.press(World.bed)
        try world.beginAnew()
        world.press(World.kitchen)
        try world.restart()
        #expect(Set(world.agent.core.openCalls.map(\.point)) == [World.bed.id, World.kitchen.id])
    }
}
