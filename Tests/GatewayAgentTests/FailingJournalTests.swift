import CallContract
import CallCore
import Testing

@testable import GatewayAgent
@testable import Journal

private let full = JournalError.full(.init(operation: "committing", path: "/x", code: 13, text: "disk is full"))

@Suite("A journal that can't be written") struct FailingJournalTests {
    @Test("An emergency goes out marked, under another journal's id; a meal is refused; both are told as a fault")
    func emergencyGoesOut() throws {
        let world = try World()
        world.connect()
        world.store.failure = full
        world.press(World.bed)
        world.press(World.kitchen)
        world.settle()
        #expect(world.events.map(\.data.service) == ["emergency", "emergency"])
        #expect(world.events.allSatisfy { $0.data.journaled == false && $0.data.journal != world.agent.journal.text })
        let fault = world.agent.report().faults.first { $0.fault == "journal-failing" }
        #expect(fault?.what.contains("presses refused so far: 1") == true)
        #expect(world.agent.state == .degraded)
    }

    @Test("It recovers by itself: what went out is journalled, the fault is gone, new presses count on")
    func recovery() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.settle()
        world.store.failure = full
        world.press(World.bed)
        world.settle()
        world.store.failure = nil
        world.wait(.seconds(6))
        world.settle()
        #expect(!world.agent.report().faults.contains { $0.fault == "journal-failing" })
        world.press(World.bed)
        world.settle()
        let own = world.distinctEvents.filter { $0.data.journal == world.agent.journal.text }.map(\.sequence)
        #expect(own == ["1", "2", "3"], "gap-free in its own journal")
        let other = JournalID(world.events.first { $0.data.journaled == false }!.data.journal)!
        #expect(try world.store.events(journal: other, service: .emergency, from: 1, limit: 9).count == 1)
        #expect(try world.store.events(journal: world.agent.journal, service: .emergency, from: 1, limit: 9).count == 3)
    }

    @Test("With nothing to be written, it isn't taken for one that works again")
    func nothingHeld() throws {
        let world = try World()
        world.connect()
        world.store.failure = full
        world.press(World.kitchen)  // refused: nothing is left to be journalled
        world.settle()
        world.wait(.seconds(60))
        #expect(world.agent.report().faults.contains { $0.fault == "journal-failing" })
        world.store.failure = nil
        world.wait(.seconds(6))
        #expect(!world.agent.report().faults.contains { $0.fault == "journal-failing" })
    }

    @Test("With no broker either, emergencies wait in memory and reach the journal when it recovers")
    func noBrokerEither() throws {
        let world = try World()
        world.store.failure = full
        for _ in 0..<3 { world.press(World.bed) }
        world.store.failure = nil
        world.wait(.seconds(6))
        try world.restart()
        world.connect()
        #expect(world.events.count == 4 && Set(world.events.map(\.id)).count == 4)
        #expect(world.agent.report().openCalls == 1)
    }

    @Test("Killed while the journal failed: the call is adopted from the broker, and no number is used twice")
    func killed() throws {
        let world = try World()
        world.connect()
        world.store.failure = full
        world.press(World.bed)
        world.settle()
        let lost = world.events.map(\.id)
        let record = world.retained.first { $0.key.contains("/call/emergency/") }!
        try world.restart()
        world.connect()
        world.agent.handle([.link(.received(IncomingMessage(topic: record.key, payload: record.value, retained: true)))]
        )
        world.settle()
        let adopted = try WireJSON.read(CallMessage.self, from: world.retained[record.key]!)
        #expect(adopted.orphaned == true && adopted.data.state == "raised")
        world.press(World.bed)
        world.settle()
        #expect(world.events.dropFirst(lost.count).allSatisfy { !lost.contains($0.id) })
    }

    @Test("A press doesn't wait for an attempt at a failing journal, and is journalled with the next one")
    func pressesDontTry() throws {
        let world = try World()
        world.connect()
        world.store.failure = full
        for presses in 1...5 {
            world.press(World.bed)
            world.settle()
            #expect(world.events.count == presses + 1 && world.store.refusals == 1)
        }
        world.store.failure = nil
        world.wait(.seconds(6))
        let other = JournalID(world.events.last!.data.journal)!
        #expect(try world.store.events(journal: other, service: .emergency, from: 1, limit: 9).count == 6)
    }

    @Test("Another card's call that was closed here stays closed after a restart, also when the journal can't be asked")
    func closedOrphan() throws {
        let world = try World()
        world.connect()
        let now = world.clock.now()
        let stamp = Stamp(boot: "boot-0", moment: now.moment, wall: now.wall, quality: now.quality)
        let call = Call(
            id: CallID("zzzzzz-7")!, point: World.bed.id, label: "z", service: World.quiet[0], raised: stamp)
        let topic = "courtyard/v1/willow/gw-1/call/emergency/zzzzzz-7"
        let record = WireJSON.bytes(CallMessage(call, orphaned: false, now: world.clock.now()))
        func find() {
            world.agent.handle([.link(.received(IncomingMessage(topic: topic, payload: record, retained: true)))])
            world.settle()
        }
        find()
        #expect(world.agent.report().openCalls == 1)
        let cancel = #"{"id":"c1","call":"zzzzzz-7","revision":1,"actor":"desk-1/王","reason":"mistake"}"#
        world.agent.handle([
            .link(
                .received(
                    IncomingMessage(
                        topic: "courtyard/v1/willow/gw-1/command/cancel", payload: Array(cancel.utf8), retained: false))
            )
        ])
        #expect(world.agent.report().openCalls == 0)
        try world.restart()
        world.store.failure = full
        world.connect()
        find()
        #expect(world.agent.report().openCalls == 0)
    }

    @Test("A failing journal is tried again in its time, never in a hurry")
    func patience() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.settle()
        world.store.failure = full
        for _ in 0..<300 {
            world.clock.advance(max(.zero, world.agent.nextDeadline! - world.clock.now().moment))
            world.agent.handle([])
            #expect(world.agent.nextDeadline! > world.clock.now().moment)
        }
        #expect(world.store.refusals <= 301)
        #expect(world.clock.now().moment.nanoseconds > 600_000_000_000, "300 turns took ten minutes and more")
    }

    @Test("A start without a journal: emergencies go out, and the journal is tried again")
    func startWithout() throws {
        let world = try World()
        world.store.failure = full
        world.agent.beginUnjournaled("disk full")
        world.connect()
        world.press(World.bed)
        world.settle()
        #expect(world.events.count == 2 && world.events[0].data.journaled == false)
        world.store.failure = nil
        world.wait(.seconds(6))
        #expect(!world.agent.report().faults.contains { $0.fault == "journal-failing" })
    }
}
