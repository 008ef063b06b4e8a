import CallContract
import CallCore
import Testing

@testable import GatewayAgent

private let base = "courtyard/v1/willow/gw-1"

@Suite("Delivery") struct DeliveryTests {
    @Test("A press is committed once, then published: event, record, summary")
    func press() throws {
        let world = try World()
        world.connect()
        let commits = world.store.commits
        world.agent.handle([.line(.edge(World.bed.id, made: true, at: world.clock.now().moment))])
        #expect(world.store.commits == commits + 1)
        world.settle()
        #expect(world.events.map(\.type) == ["courtyard.call.pressed", "courtyard.call.raised"])
        #expect(world.events[0].sequence == "1" && !world.events[0].data.late)
        let id = world.events[0].data.call
        #expect(world.retained["\(base)/call/emergency/\(id)"] != nil)
        #expect(world.transport.log.filter { $0.topic.contains("/event/") }.allSatisfy { !$0.retain })
        #expect(world.store.commits == commits + 1, "an acknowledgement alone is no reason for a flush")
    }

    @Test("The birth comes first on a new connection")
    func birth() throws {
        let world = try World()
        world.press(World.bed)
        world.connect()
        #expect(world.transport.log.first?.topic == "\(base)/status")
        let status = try WireJSON.read(StatusMessage.self, from: world.retained["\(base)/status"]!)
        #expect(status.state == .ready && status.connection == world.connection)
    }

    @Test(
        "Pressed while the broker is away: everything arrives once, emergencies first, with the original time and late")
    func outage() throws {
        let world = try World()
        let start = world.clock.now().wall
        for _ in 0..<3 { world.press(World.kitchen) }
        for _ in 0..<3 { world.press(World.bed) }
        #expect(world.transport.retries == 8, "each event asks for an attempt")
        world.wait(.seconds(10))
        world.connect()
        #expect(
            world.events.map(\.data.service) == Array(repeating: "emergency", count: 4)
                + Array(repeating: "meal", count: 4))
        #expect(Set(world.events.map(\.id)).count == 8)
        #expect(world.events.allSatisfy { $0.data.late })
        #expect(world.events[4].time == start)
    }

    @Test("What was on its way when the connection broke goes again under the same id; what was acknowledged does not")
    func resend() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.settle()
        world.agent.handle([.line(.edge(World.kitchen.id, made: true, at: world.clock.now().moment))])
        world.disconnect()
        world.connect()
        let ids = world.events.map(\.id)
        #expect(ids.count == 6 && Set(ids).count == 4)
        #expect(ids.suffix(2).allSatisfy { $0.contains("-meal-") })
    }

    @Test("A burst larger than the window and the memory of a lane arrives whole and in order")
    func burst() throws {
        let world = try World()
        for _ in 0..<500 { world.press(World.bed, then: .seconds(1)) }
        world.connect()
        #expect(world.events.map(\.sequence) == (1...501).map(String.init))
    }

    @Test("The window keeps room for an emergency while everything else is offered")
    func room() throws {
        let world = try World()
        for _ in 0..<100 { world.press(World.kitchen, then: .seconds(1)) }
        world.transport.isConnected = true
        world.agent.handle([.link(.connected(connection: 1, broker: "test"))])
        #expect(world.transport.sent.count == GatewayAgent.windowForTheRest)
        world.agent.handle([.line(.edge(World.bed.id, made: true, at: world.clock.now().moment))])
        #expect(world.transport.sent.last.map { $0.message.topic.contains("/emergency/") } == true)
    }

    @Test("At most one message per retained topic is on its way")
    func oneInFlight() throws {
        let world = try World()
        world.connect()
        for _ in 0..<5 { world.press(World.bed) }
        let topics = world.transport.sent.map(\.message).filter(\.retain).map(\.topic)
        #expect(topics.count == Set(topics).count)
        world.settle()
        let record = world.retained.first { $0.key.contains("/call/emergency/") }
        #expect(try WireJSON.read(CallMessage.self, from: record!.value).data.presses == 5, "the last state wins")
    }

    @Test("Events that the broker refuses are kept and tried again; the refusal is a fault")
    func refused() throws {
        let world = try World()
        world.connect()
        world.agent.handle([.line(.edge(World.bed.id, made: true, at: world.clock.now().moment))])
        world.agent.handle(world.transport.takeTokens().map { .link(.acknowledged(token: $0, reason: 0x87)) })
        #expect(world.agent.report().faults.contains { $0.fault == "not-authorised" })
        let before = world.events.count
        world.settle()
        world.wait(.seconds(6))
        world.settle()
        #expect(Set(world.events.dropFirst(before).map(\.sequence)) == ["1", "2"])
        #expect(world.agent.report().outbox == 0)
    }

    @Test("After a restart only what was not acknowledged is sent again, once the marks were written")
    func restart() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.settle()
        world.wait(.seconds(61))
        world.disconnect()
        world.press(World.kitchen)
        try world.restart()
        let before = world.events.count
        world.connect()
        #expect(world.events.dropFirst(before).map(\.data.service) == ["meal", "meal"])
        #expect(world.agent.report().openCalls == 2)
    }

    @Test("Connection numbers count up over restarts")
    func connectionNumbers() throws {
        let world = try World()
        var last: UInt64 = 0
        for _ in 0..<4 {
            for _ in 0..<300 {
                let next = world.agent.connections.next()
                #expect(next > last)
                last = next
                world.agent.handle([])
            }
            try world.restart()
        }
    }

    @Test("An idle agent has nothing to wake up for")
    func idle() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.settle()
        world.command("received", #"{"id":"r1","call":"\#(world.agent.journal)-1"}"#)
        world.wait(.seconds(120))
        #expect(world.agent.nextDeadline == nil)
    }
}
