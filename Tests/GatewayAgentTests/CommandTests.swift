import CallContract
import CallCore
import Testing

@testable import GatewayAgent

private let base = "courtyard/v1/willow/gw-1"

@Suite("Commands and what stands at the broker") struct CommandTests {
    @Test("sync publishes everything retained again")
    func sync() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.settle()
        let before = world.transport.log.count
        world.command("sync", #"{"id":"c1"}"#)
        let topics = Set(world.transport.log.dropFirst(before).filter(\.retain).map(\.topic))
        #expect(topics.count == 5 && topics.contains("\(base)/summary") && topics.contains("\(base)/status"))
        #expect(world.replies.map(\.accepted) == [true] && world.replies[0].id == "c1")
    }

    @Test("replay sends events to the asker alone, and says what is kept")
    func replay() throws {
        let world = try World()
        world.connect()
        for _ in 0..<200 { world.press(World.bed, then: .seconds(1)) }
        world.settle()
        let before = world.transport.log.count
        world.command("replay", #"{"id":"c2","service":"emergency","from":"100","limit":80}"#)
        let sent = world.transport.log.dropFirst(before)
        let replayed = sent.filter { $0.topic.hasPrefix("\(base)/replay/c2/emergency/") }
        #expect(
            try replayed.map { try WireJSON.read(EventMessage.self, from: $0.payload).sequence }
                == (100..<180).map(String.init))
        #expect(!sent.contains { $0.topic.contains("/event/") }, "a plain display must not ring")
        let kept = world.replies.last!.kept!
        #expect(kept.first == 1 && kept.last == 201 && kept.sending == 80)
    }

    @Test("replay past the end sends nothing and says so; an unknown service is refused")
    func replayNothing() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.command("replay", #"{"id":"c1","service":"emergency","from":3}"#)
        #expect(world.replies.last?.kept?.sending == 0)
        world.command("replay", #"{"id":"c2","service":"laundry","from":1}"#)
        #expect(world.replies.last?.accepted == false)
    }

    @Test(
        "A bad command is refused with the field, or ignored when there is no id to answer to; nothing changes",
        arguments: [
            ("replay", #"{"id":"x"}"#, "service"), ("replay", #"{"id":"x","service":7}"#, "service"),
            ("replay", #"{"id":"x","service":"meal","from":-1}"#, "from"),
            ("replay", #"{"id":"x","service":"meal","from":1.5}"#, "from"),
            ("replay", #"{"id":"x","service":"meal","limit":"many"}"#, "limit"),
            ("sync", #"{"id":"x","actor":[1]}"#, "actor"), ("open-door", #"{"id":"x"}"#, "command"),
            ("sync", "not json", nil), ("sync", "[1,2]", nil), ("sync", #"{"id":"a/b"}"#, nil), ("sync", "{}", nil),
            ("sync", #"{"id":"\#(String(repeating: "a", count: 65))"}"#, nil),
            ("sync", #"{"id":"x","pad":"\#(String(repeating: "a", count: 20_000))"}"#, nil),
            ("sync", String(repeating: "[", count: 10_000), nil),
        ] as [(String, String, String?)])
    func refused(name: String, payload: String, field: String?) throws {
        let world = try World()
        world.connect()
        let before = world.transport.log.count
        world.command(name, payload)
        if let field {
            #expect(world.replies.count == 1 && world.replies[0].accepted == false)
            #expect(world.replies[0].reason?.hasPrefix(field) == true, "\(world.replies)")
        } else {
            #expect(world.transport.log.count == before)
        }
    }

    @Test("Nothing is ever taken from a retained command")
    func retainedCommand() throws {
        let world = try World()
        world.connect()
        world.command("identify", #"{"id":"c1"}"#, retained: true)
        #expect(world.outputs.identified == 0 && world.replies.isEmpty)
        world.command("identify", #"{"id":"c1"}"#)
        #expect(world.outputs.identified == 1)
    }

    @Test("A reply goes to the response topic too, with its correlation data")
    func responseTopic() throws {
        let world = try World()
        world.connect()
        let message = IncomingMessage(
            topic: "\(base)/command/sync", payload: Array(#"{"id":"c9"}"#.utf8), retained: false,
            responseTopic: "desk/answers", correlation: [1, 2, 3])
        world.agent.handle([.link(.received(message))])
        world.settle()
        let answers = world.transport.log.filter { $0.topic == "desk/answers" || $0.topic == "\(base)/reply/c9" }
        #expect(answers.count == 2 && answers.allSatisfy { $0.correlation == [1, 2, 3] })
    }

    @Test("Leftovers at the broker are emptied: closed calls, foreign points, garbage; own open ones stay")
    func leftovers() throws {
        let world = try World()
        world.connect()
        world.press(World.bed)
        world.settle()
        let own = world.retained.keys.first { $0.contains("/call/emergency/") }!
        let stale = [
            "\(base)/call/emergency/\(world.agent.journal)-999", "\(base)/call/meal/garbage",
            "\(base)/fault/line-stuck",
            "\(base)/point/gone",
        ]
        for topic in stale + [own] {
            world.agent.handle([
                .link(.received(IncomingMessage(topic: topic, payload: Array("{}".utf8), retained: true)))
            ])
        }
        world.settle()
        let emptied = world.transport.log.filter { $0.retain && $0.payload.isEmpty }.map(\.topic)
        #expect(Set(emptied) == Set(stale))
    }

    @Test("An old will that comes late is overwritten")
    func oldWill() throws {
        let world = try World()
        world.connect()
        let will = StatusMessage(state: .offline, boot: "boot-1", connection: 1, version: "t", simulated: false)
        let before = world.transport.log.count
        world.agent.handle([
            .link(.received(IncomingMessage(topic: "\(base)/status", payload: WireJSON.bytes(will), retained: false)))
        ])
        world.settle()
        #expect(world.transport.log.dropFirst(before).map(\.topic) == ["\(base)/status"])
        world.agent.handle([
            .link(
                .received(
                    IncomingMessage(
                        topic: "\(base)/status", payload: world.retained["\(base)/status"]!, retained: false)))
        ])
        #expect(world.transport.sent.isEmpty, "its own current status is none")
    }

    @Test("A twin is known by the wills of another boot, where the broker doesn't say why it closed the connection")
    func twinByWill() throws {
        let world = try World()
        world.connect()
        let will = StatusMessage(state: .offline, boot: "boot-2", connection: 9, version: "t", simulated: false)
        let message = IncomingMessage(topic: "\(base)/status", payload: WireJSON.bytes(will), retained: false)
        func hasFault() -> Bool { world.agent.report().faults.contains { $0.fault == "cloned-identity" } }
        world.agent.handle([.link(.received(message))])
        #expect(!hasFault(), "it may be this board's own, from before its restart")
        world.wait(.seconds(30))
        world.agent.handle([.link(.received(message))])
        #expect(hasFault())
    }

    @Test("What the inbox had no room for is read back again")
    func readBackAgain() throws {
        let world = try World()
        world.connect()
        world.wait(.seconds(6))
        #expect(world.transport.subscriptions == ["\(base)/status"])
        world.agent.lost(messages: 3)
        #expect(world.transport.subscriptions.count > 1)
        world.wait(.seconds(6))
        #expect(world.transport.subscriptions == ["\(base)/status", "courtyard/v1/willow/desk/+"])
    }

    @Test("A broker that closes three brief connections in a row without a word has a twin there; others are only away")
    func twinOfAMuteBroker() throws {
        func faultAfter(_ ends: [(silent: Bool, lasted: Duration, failsFirst: Bool)]) throws -> Bool {
            let world = try World()
            for end in ends {
                if end.failsFirst { world.disconnect() }
                world.connect()
                world.wait(end.lasted)
                world.transport.isConnected = false
                world.agent.handle([.link(.away(reason: "closed", fault: nil, silently: end.silent))])
                world.clock.advance(.seconds(20))
            }
            world.connect()
            return world.agent.report().faults.contains { $0.fault == "cloned-identity" }
        }
        let brief = (silent: true, lasted: Duration.seconds(25), failsFirst: false)
        #expect(try faultAfter([brief, brief, brief]))
        #expect(try !faultAfter([brief, brief]))
        #expect(try !faultAfter([brief, (false, .seconds(25), false), brief, brief]), "one broke")
        #expect(try !faultAfter([brief, (true, .seconds(150), false), brief, brief]), "one lasted")
        #expect(try !faultAfter([brief, brief, (true, .seconds(25), true)]), "the broker itself was away between")
    }

    @Test("Thrown out twice by a client of the same id is a fault that outlives the reconnection")
    func twin() throws {
        let world = try World()
        world.connect()
        for _ in 0..<2 {
            world.transport.isConnected = false
            world.agent.handle([.link(.away(reason: "taken over", fault: .clonedIdentity))])
            world.clock.advance(.seconds(31))
            world.connect()
        }
        #expect(world.agent.report().faults.contains { $0.fault == "cloned-identity" })
        world.wait(.seconds(700))
        #expect(!world.agent.report().faults.contains { $0.fault == "cloned-identity" })
    }
}
