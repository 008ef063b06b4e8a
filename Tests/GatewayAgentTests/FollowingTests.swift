import CallContract
import CallCore
import Journal
import Testing

@testable import GatewayAgent

/// Calls followed by the whole agent: commands off the wire, on the real journal, over restarts and a failing disk.
@Suite("Calls through the agent") struct FollowingTests {
    private let base = "courtyard/v1/willow/gw-1"

    /// A connected world in which a call of the bed is open.
    private func pressed(services: [Service] = Service.defaults, outputs: [BoardOutput] = []) throws -> World {
        let world = try World(services: services, outputs: outputs)
        world.connect()
        world.desk("desk-1", #"{"state":"listening","name":"值班室"}"#)
        world.press(World.bed)
        world.settle()
        return world
    }

    private func full() -> JournalError { .full(.init(operation: "committing", path: "x", code: 13, text: "full")) }

    @Test("A call is brought to its end; each step is an event, a record and a reply that says how it stands")
    func toTheEnd() throws {
        let world = try pressed()
        let call = "\(world.agent.journal)-1"
        world.command("received", #"{"id":"c1","call":"\#(call)","revision":1,"actor":"desk-1"}"#)
        world.command("accept", #"{"id":"c2","call":"\#(call)","revision":2,"actor":"desk-1/王","onTheWay":true}"#)
        world.command("arrive", #"{"id":"c3","call":"\#(call)","revision":4,"actor":"desk-1/王"}"#)
        world.command(
            "resolve", #"{"id":"c4","call":"\#(call)","revision":5,"actor":"desk-1/王","outcome":"fell","note":"fine"}"#)
        #expect(world.replies.map(\.accepted) == [true, true, true, true])
        #expect(world.replies.map(\.state) == ["delivered", "accepted", "arrived", "resolved"])
        #expect(world.replies.map(\.revision) == [2, 4, 5, 6])
        let types = world.events.map { String($0.type.dropFirst("courtyard.call.".count)) }
        #expect(types == ["pressed", "raised", "delivered", "accepted", "arrived", "resolved"])
        #expect(world.events.map(\.sequence) == ["1", "2", "3", "4", "5", "6"])
        #expect(world.events.last?.data.reason == "fell: fine" && world.events.last?.data.actor == "desk-1/王")
        #expect(world.retained["\(base)/call/emergency/\(call)"] == nil, "the record of a closed call is emptied")
    }

    @Test("After a kill at each state the call is where it was, and the same command id is answered the same")
    func restarts() throws {
        let world = try pressed()
        let call = "\(world.agent.journal)-1"
        let commands = [
            ("received", #"{"id":"c1","call":"\#(call)"}"#),
            ("accept", #"{"id":"c2","call":"\#(call)","revision":2,"actor":"王"}"#),
            ("arrive", #"{"id":"c3","call":"\#(call)","revision":3,"actor":"王"}"#),
            ("resolve", #"{"id":"c4","call":"\#(call)","revision":4,"actor":"王"}"#),
        ]
        for (name, json) in commands {
            world.command(name, json)
            let answer = try #require(world.replies.last)
            #expect(answer.accepted)
            try world.restart()
            world.connect()
            let events = Set(world.events.map(\.id))
            world.command(name, json)
            #expect(world.replies.last == answer, "\(name)")
            #expect(Set(world.events.map(\.id)) == events, "nothing happened again")
        }
        #expect(world.agent.report().openCalls == 0)
    }

    @Test("The same id twice in one batch is one step and two answers")
    func twiceAtOnce() throws {
        let world = try pressed()
        let json = #"{"id":"c1","call":"\#(world.agent.journal)-1","revision":1,"actor":"王"}"#
        let message = IncomingMessage(
            topic: "\(base)/command/accept", payload: Array(json.utf8), retained: false, responseTopic: "me")
        world.agent.handle([.link(.received(message)), .link(.received(message))])
        world.settle()
        #expect(world.replies.count == 2 && world.replies[0] == world.replies[1])
        #expect(world.transport.log.count { $0.topic == "me" } == 2)
        #expect(world.events.count { $0.type == "courtyard.call.accepted" } == 1)
    }

    @Test("On a disk that is full an emergency is still accepted, and written down later; a meal's command must wait")
    func fullDisk() throws {
        let world = try pressed()
        world.press(World.kitchen)
        world.settle()
        world.store.failure = full()
        let journal = world.agent.journal.text
        world.command("accept", #"{"id":"c1","call":"\#(journal)-1","revision":1,"actor":"王"}"#)
        world.command("accept", #"{"id":"c2","call":"\#(journal)-2","revision":1,"actor":"王"}"#)
        #expect(world.replies.suffix(2).map(\.accepted) == [true, false])
        #expect(world.replies.last?.reason?.hasPrefix("journal: ") == true, "what may be forgotten is not promised")
        let accepted = world.events.filter { $0.type == "courtyard.call.accepted" }
        #expect(accepted.count == 1 && accepted.allSatisfy { $0.data.journaled == false && $0.data.journal != journal })
        world.store.failure = nil
        world.wait(.seconds(6))
        world.command("accept", #"{"id":"c2","call":"\#(journal)-2","revision":1,"actor":"王"}"#)
        #expect(world.replies.last?.state == "accepted", "asked again with the same id, it is carried out")
        try world.restart()
        #expect(world.agent.report().openCalls == 2)
        world.connect()
        world.command("accept", #"{"id":"c1","call":"\#(journal)-1","revision":1,"actor":"王"}"#)
        #expect(world.replies.last?.accepted == true && world.replies.last?.state == "accepted")
    }

    @Test("A press and a command in the batch that the disk refuses are both decided anew")
    func failingBatch() throws {
        let world = try pressed()
        let journal = world.agent.journal.text
        world.store.failure = full()
        let json = #"{"id":"c1","call":"\#(journal)-1","revision":1,"actor":"王"}"#
        let message = IncomingMessage(topic: "\(base)/command/accept", payload: Array(json.utf8), retained: false)
        world.agent.handle([
            .line(.edge(World.kitchen.id, made: true, at: world.clock.now().moment)), .link(.received(message)),
        ])
        world.settle()
        #expect(world.replies.last?.state == "accepted")
        #expect(world.agent.report().openCalls == 1, "the meal was refused, and says so")
        #expect(world.events.last?.data.journaled == false)
    }

    @Test("Until a desk has it, the event goes out again under the same id, and the record with it")
    func offered() throws {
        let world = try pressed(services: World.quiet)
        let raised = world.events.filter { $0.type == "courtyard.call.raised" }
        let records = world.transport.log.count { $0.topic.contains("/call/emergency/") }
        for _ in 0..<9 {
            world.wait(.seconds(1))
            world.settle()
        }
        let offered = world.events.filter { $0.type == "courtyard.call.raised" }
        #expect(offered.count == 4 && Set(offered.map(\.id)) == Set(raised.map(\.id)), "at once, at 2, 4 and 8 s")
        #expect(world.transport.log.count { $0.topic.contains("/call/emergency/") } == records + 3)
        world.command("received", #"{"id":"c1","call":"\#(world.agent.journal)-1"}"#)
        world.wait(.seconds(60))
        world.settle()
        #expect(world.events.count { $0.type == "courtyard.call.raised" } == 4)
    }

    @Test("Nobody subscribes, or no desk answers: a fault, and the gateway takes leave to try the next broker")
    func unheard() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.settle(reason: 16)
        #expect(world.agent.report().faults.contains { $0.fault == "nobody-listening" })
        #expect(world.agent.state == .degraded)
        #expect(world.transport.switches.isEmpty, "desks that are still connecting are waited for")
        world.wait(.seconds(11))
        let farewell = try #require(world.transport.switches.first ?? nil)
        let status = try WireJSON.read(StatusMessage.self, from: farewell.payload)
        #expect(status.state == .offline && farewell.topic == "\(base)/status")
        world.desk("desk-1", #"{"state":"listening"}"#)
        world.command("received", #"{"id":"c1","call":"\#(world.agent.journal)-1"}"#)
        #expect(!world.agent.report().faults.contains { $0.fault == "nobody-listening" })
    }

    @Test("A desk's status that is no status is nobody", arguments: ["", "{}", "[]", #"{"state":"asleep"}"#, "\u{0}"])
    func hostileDesk(payload: String) throws {
        let world = try World()
        world.connect()
        world.desk("desk-1", payload)
        world.wait(.seconds(11))
        #expect(world.agent.report().faults.map(\.fault).contains("nobody-listening"))
    }

    @Test("A message about a meal expires with the meal; its end and an emergency never do")
    func expiry() throws {
        let world = try World(services: Service.defaults)
        world.connect()
        world.press(World.kitchen)
        world.clock.advance(.seconds(1))
        world.agent.handle([])
        world.press(World.bed)
        world.settle()
        func expiries(_ part: String) -> Set<UInt32?> {
            Set(world.transport.log.filter { $0.topic.contains(part) && !$0.payload.isEmpty }.map(\.expirySeconds))
        }
        #expect(expiries("/event/meal/").allSatisfy { ($0 ?? 0) > 14_300 && ($0 ?? 0) <= 14_400 })
        #expect(expiries("/call/meal/").allSatisfy { ($0 ?? 0) > 14_300 })
        #expect(expiries("/event/emergency/") == [nil] && expiries("/call/emergency/") == [nil])
        world.wait(.seconds(4 * 3600))
        world.settle()
        #expect(expiries("/event/meal/cancelled") == [nil])
    }

    @Test("Outputs show the state once it is safe, and after a restart")
    func outputs() throws {
        let lamp = BoardOutput(id: OutputID("lamp")!, kind: .lamp, points: ["b3-*"])
        let world = try pressed(outputs: [lamp])
        #expect(world.outputs.shown[lamp.id] == .sent)
        world.command("received", #"{"id":"c1","call":"\#(world.agent.journal)-1"}"#)
        #expect(world.outputs.shown[lamp.id] == .received)
        world.outputs.shown = [:]
        try world.restart()
        #expect(world.outputs.shown[lamp.id] == .received)
    }

    @Test("A test's round trip is told, and a test never stands among the calls of the summary")
    func test() throws {
        let world = try pressed()
        world.command("test", #"{"id":"t1","actor":"installer"}"#)
        let call = try #require(world.replies.last?.call)
        world.clock.advance(.milliseconds(340))
        world.command("received", #"{"id":"t2","call":"\#(call)","actor":"desk-1"}"#)
        let tested = try #require(world.events.last)
        #expect(tested.type == "courtyard.call.tested" && tested.data.service == "test" && tested.data.test)
        #expect(tested.data.roundTripMs == 340)
        let summary = try WireJSON.read(SummaryMessage.self, from: world.retained["\(base)/summary"]!)
        #expect(summary.services["test"] == nil && summary.services["emergency"]?.open == 1)
    }

    @Test("The gateway introduces itself to Home Assistant, again on every connection, until that is taken back")
    func introduced() throws {
        let world = try World()
        let topics = Topics(site: SiteID("willow")!, gateway: GatewayID("gw-1")!)
        world.agent.introduce(HomeAssistant.discovery(topics: topics, version: "t", services: [.emergency]))
        world.connect()
        let topic = "homeassistant/device/courtyard_willow_gw-1/config"
        #expect(world.retained[topic] != nil)
        world.disconnect()
        let before = world.transport.log.count
        world.connect()
        #expect(world.transport.log.dropFirst(before).contains { $0.topic == topic && $0.retain })
        world.agent.introduce(HomeAssistant.removal(topics: topics))
        world.agent.handle([])
        world.settle()
        #expect(world.retained[topic] == nil)
    }
}
