import CallContract
import CallCore
import Journal
import Testing

@testable import GatewayAgent

/// What goes wrong at the edges of the agent: stale records, refusals, a store that is another one.
@Suite("Adversity at the agent") struct AdversityTests {
    private let base = "courtyard/v1/willow/gw-1"
    private let full = JournalError.full(.init(operation: "committing", path: "/x", code: 13, text: "disk is full"))

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
