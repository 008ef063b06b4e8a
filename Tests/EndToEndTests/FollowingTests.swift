import Foundation
import Testing

extension EndToEnd {
    /// Calls followed to their end, by desks that know nothing but the contract.
    @Suite struct FollowingTests {
        private static func with(
            points: [Point] = [.bed("b1"), .meal("k1")], more: [String] = [], listening: Bool = true,
            _ body: (Bench, Agent, Desk) throws -> Void
        ) throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let desk = Desk(broker, try Subscriber(broker))
                if listening { try desk.listen() }
                var site = SiteFile(broker, points: points)
                site.more = more
                let agent = try Agent.running(bench, site)
                try desk.subscriber.wait(until: "ready") { $0.lastAt("status")?.json?.state == "ready" }
                try body(bench, agent, desk)
            }
        }

        /// Presses and waits for the record; returns the call's id.
        private func press(_ point: String, _ agent: Agent, _ desk: Desk) throws -> String {
            try agent.buttons().press(point)
            return try desk.subscriber.wait(for: "the record") { subscriber in
                subscriber.messages.last {
                    $0.place.hasPrefix("call/") && $0.json?.point?.string == point && $0.json?.state == "raised"
                }?.json?.call?.string
            }
        }

        private func pressAgain(_ point: String, _ agent: Agent, _ desk: Desk) throws {
            pause(.milliseconds(40))  // beyond the quiet time of 25 ms
            try agent.buttons().press(point)
            try desk.subscriber.wait(until: "the second press") { $0.presses(point).count == 2 }
        }

        private static let steps: [(name: String, revision: Int, state: String, more: String)] = [
            ("received", 1, "delivered", ""), ("accept", 2, "accepted", ""), ("arrive", 3, "arrived", ""),
            ("resolve", 4, "resolved", #""outcome":"helped up""#),
        ]

        @Test("From raised to resolved: each step an event, a record, a reply, and at the end an empty topic")
        func wholeLife() throws {
            try Self.with { bench, agent, desk in
                let call = try press("b1", agent, desk)
                for (name, revision, state, more) in Self.steps {
                    let reply = try desk.ask(name, call, revision: revision, more)
                    #expect(reply.accepted == true && reply.state?.string == state, "\(reply)\n\(bench.logs)")
                    #expect(reply.revision?.int == Int64(revision + 1) && reply.actor == "desk-1/王", bench.logs)
                    let event = try desk.subscriber.wait(for: "the event") {
                        $0.events(name == "received" ? "delivered" : state).first
                    }
                    #expect(
                        event.json?.data?.state?.string == state && event.json?.data?.actor == "desk-1/王", bench.logs)
                }
                try desk.subscriber.wait(until: "the record is gone") {
                    $0.lastAt("call/emergency/\(call)")?.payload.isEmpty == true
                }
                let sequences = desk.subscriber.events.compactMap { $0.json?.sequence?.string }
                #expect(Set(sequences) == Set((1...6).map(String.init)), bench.logs)
                #expect(try agent.status().openCalls == 0)
                let next = try press("b1", agent, desk)
                #expect(next != call, "a press after the end is a new call")
            }
        }

        @Test("What is not legal is refused by name in every state, and nothing changes")
        func illegal() throws {
            try Self.with { bench, agent, desk in
                let call = try press("b1", agent, desk)
                let refusals: [(String, Int, String, String)] = [
                    ("arrive", 1, #""x":1"#, "state: raised"), ("resolve", 1, "", "state: raised"),
                    ("accept", 9, "", "revision: 9"), ("accept", 0, "", "revision"),
                ]
                for (name, revision, more, reason) in refusals {
                    let reply = try desk.ask(name, call, revision: revision, more)
                    #expect(reply.accepted == false && reply.reason?.string?.hasPrefix(reason) == true, "\(reply)")
                }
                for (name, fields, reason) in [
                    ("accept", #""call":"\#(call)""#, "revision"), ("accept", #""revision":1"#, "call"),
                    ("resolve", #""call":"zzzzzz-9","revision":1"#, "call"),
                    ("accept", #""call":"\#(call)","revision":"one""#, "revision"),
                    ("accept", #""call":17,"revision":1"#, "call"), ("test", #""point":"nowhere""#, "point"),
                    ("accept", #""call":"\#(call)","revision":1,"onTheWay":"yes""#, "onTheWay"),
                ] {
                    let reply = try desk.reply(to: desk.send(name, fields))
                    #expect(reply.accepted == false && reply.reason?.string?.hasPrefix(reason) == true, "\(reply)")
                }
                let record = try desk.broker.retained()["\(SiteFile.base)/call/emergency/\(call)"]
                #expect(record?.json?.state == "raised" && record?.json?.revision == 1, bench.logs)
            }
        }

        @Test("Killed at each state, agent and broker in turn: the call is where it was, and an id is answered once")
        func killed() throws {
            try Self.with { bench, agent, desk in
                let call = try press("b1", agent, desk)
                for (index, step) in Self.steps.enumerated() {
                    let id = "k-\(index)"
                    let reply = try desk.ask(step.name, call, revision: step.revision, step.more, id: id)
                    #expect(reply.accepted == true, "\(reply)")
                    agent.kill()
                    try agent.start()
                    try agent.wait(untilStatus: "is connected") { $0.broker?.string != nil }
                    desk.subscriber.forget()
                    let again = try desk.ask(step.name, call, revision: step.revision, step.more, id: id)
                    #expect(again == reply, "\(again) was \(reply)\n\(bench.logs)")
                    #expect(desk.subscriber.events.allSatisfy { $0.eventType != step.state }, "nothing happened again")
                }
                #expect(try agent.status().openCalls == 0)
            }
        }

        @Test("Commands wait at the broker for a gateway that is away; one older than what it is about is refused")
        func waited() throws {
            try Self.with { bench, agent, desk in
                let call = try press("b1", agent, desk)
                try pressAgain("b1", agent, desk)
                agent.kill()
                let stale = try desk.send("cancel", #""call":"\#(call)","revision":1,"reason":"old""#)
                let accept = try desk.send("accept", #""call":"\#(call)","revision":1"#)
                let resolve = try desk.send("resolve", #""call":"\#(call)","revision":2,"outcome":"helped""#)
                try agent.start()
                let refusal = try desk.reply(to: stale)
                #expect(refusal.reason?.string?.hasPrefix("revision: the resident") == true, "\(refusal)")
                #expect(try desk.reply(to: accept).state == "accepted", bench.logs)
                #expect(try desk.reply(to: resolve).state == "resolved", bench.logs)
                #expect(desk.subscriber.events("accepted").count == 1)
            }
        }

        @Test("A resolve that waited while the resident pressed again is refused")
        func pressedMeanwhile() throws {
            try Self.with { bench, agent, desk in
                let call = try press("b1", agent, desk)
                #expect(try desk.ask("accept", call, revision: 1).accepted == true)
                try pressAgain("b1", agent, desk)
                let reply = try desk.ask("resolve", call, revision: 2, #""outcome":"fine""#)
                #expect(reply.accepted == false && reply.reason?.string?.hasPrefix("revision: ") == true, "\(reply)")
                #expect(try desk.ask("resolve", call, revision: 3, #""outcome":"fine""#).accepted == true, bench.logs)
            }
        }

        @Test("Two desks accept at once: one has it, the other is told who")
        func twoDesks() throws {
            try Self.with { bench, agent, desk in
                let other = Desk(desk.broker, desk.subscriber, id: "desk-2")
                let call = try press("b1", agent, desk)
                // Both leave within one batch of the agent's loop, or nearly.
                agent.freeze()
                let first = try desk.send("accept", #""call":"\#(call)","revision":1"#)
                let second = try other.send("accept", #""call":"\#(call)","revision":1"#)
                agent.thaw()
                #expect(try desk.reply(to: first).accepted == true, bench.logs)
                let reply = try other.reply(to: second)
                #expect(reply.accepted == false && reply.reason == "state: accepted by desk-1/王", "\(reply)")
                #expect(desk.subscriber.events("accepted").count == 1, bench.logs)
            }
        }

        @Test("A desk that never answers: offered again, nobody-listening, escalated; all over when it is received")
        func silence() throws {
            try Self.with(more: ["services: {emergency: {accept-within: 10s, escalate-every: 10s}}"]) {
                bench, agent, desk in
                let call = try press("b1", agent, desk)
                try desk.subscriber.wait(until: "the fault", within: .seconds(15)) { $0.isSet("nobody-listening") }
                let raised = desk.subscriber.everyEvent.filter { $0.eventType == "raised" }
                #expect(raised.count >= 4 && Set(raised.map(\.id)).count == 1, "offered under one id\n\(bench.logs)")
                let times = raised.compactMap { $0.json?.data?.ageMs?.int }.map { $0 / 1000 }
                #expect(times.starts(with: [0, 2, 4, 8]), "\(times)")
                try desk.subscriber.wait(until: "escalated twice", within: .seconds(20)) {
                    $0.events("escalated").count == 2
                }
                let status = try agent.status()
                #expect(status.state == "degraded" && status.faultIDs.contains("nobody-listening"), bench.logs)
                #expect(try desk.ask("received", call).accepted == true)
                try desk.subscriber.wait(until: "the fault is over") { !$0.isSet("nobody-listening") }
            }
        }

        @Test("Desks come and go: none listening, one that vanishes, one that is closed")
        func presence() throws {
            try Self.with(listening: false) { bench, agent, desk in
                try desk.subscriber.wait(until: "nobody-listening", within: .seconds(20)) {
                    $0.isSet("nobody-listening")
                }
                try desk.listen()
                try desk.subscriber.wait(until: "heard") { !$0.isSet("nobody-listening") }
                desk.vanish()
                try desk.subscriber.wait(until: "desk-away", within: .seconds(20)) {
                    $0.isSet("desk-away") && $0.isSet("nobody-listening")
                }
                try desk.broker.publish("courtyard/v1/willow-court/desk/desk-1", #"{"state":"closed"}"#, retain: true)
                try desk.subscriber.wait(until: "closed on purpose") { !$0.isSet("desk-away") }
            }
        }

        @Test("An emergency that nobody hears goes to the next broker, where a desk listens")
        func nextBroker() throws {
            try Bench.run { bench in
                let deaf = try Broker.running(bench)
                let spare = try Broker.running(bench)
                let desk = Desk(spare, try Subscriber(spare))
                try desk.listen()
                var site = SiteFile(deaf, points: [.bed("b1")])
                site.brokers.append(SiteFile.broker(spare.port))
                let agent = try Agent.running(bench, site)
                try agent.wait(untilStatus: "is at the first") { $0.broker?.string == "127.0.0.1:\(deaf.port)" }
                try agent.buttons().press("b1")
                let call = try desk.subscriber.wait(for: "the record at the second", within: .seconds(30)) {
                    $0.messages.last { $0.place.hasPrefix("call/") }?.json?.call?.string
                }
                #expect(try desk.ask("received", call).accepted == true, bench.logs)
                try desk.subscriber.wait(until: "heard") { $0.messages.contains { $0.json?.state == "delivered" } }
                try agent.wait(untilStatus: "stays there") {
                    $0.broker?.string == "127.0.0.1:\(spare.port)" && !$0.faultIDs.contains("nobody-listening")
                }
                let left = try deaf.retained()["\(SiteFile.base)/status"]
                #expect(left?.json?.state == "offline", "it took leave of the first\n\(bench.logs)")
            }
        }

        @Test("For displays that never answer the broker's word delivers")
        func brokersWord() throws {
            try Self.with(more: ["acknowledgement: broker"], listening: false) { bench, agent, desk in
                _ = try press("b1", agent, desk)
                try desk.subscriber.wait(until: "delivered") { !$0.events("delivered").isEmpty }
            }
        }

        @Test("A test goes to the desk and back, measured")
        func test() throws {
            try Self.with { bench, agent, desk in
                let first = try desk.reply(to: desk.send("test", #""point":"b1""#))
                let call = try #require(first.call?.string)
                #expect(try desk.ask("received", call).state == "resolved")
                let tested = try desk.subscriber.wait(for: "tested") { $0.events("tested").first }
                #expect((tested.json?.data?.roundTripMs?.number ?? -1) >= 0, bench.logs)
                #expect(tested.json?.data?.test == true && tested.json?.data?.service == "test", bench.logs)
                #expect(desk.subscriber.messages.allSatisfy { !$0.place.hasPrefix("event/emergency") }, "no real call")
            }
        }

        @Test("What time does: accepted and nobody arrives, reopened; a test that nobody answers is a fault")
        func time() throws {
            try Self.with(more: ["services: {emergency: {arrive-within: 30s}}"]) { bench, agent, desk in
                _ = try desk.reply(to: desk.send("test", #""x":0"#))
                let call = try press("b1", agent, desk)
                #expect(try desk.ask("accept", call, revision: 1).accepted == true)
                try desk.subscriber.wait(until: "reopened", within: .seconds(40)) { !$0.events("reopened").isEmpty }
                let record = try desk.broker.retained()["\(SiteFile.base)/call/emergency/\(call)"]?.json
                #expect(record?.state == "raised" && record?.actor == .null, bench.logs)
                #expect(
                    try desk.ask("accept", call, revision: 2).accepted == false, "an acceptance of before is too old")
                #expect(try desk.ask("accept", call, revision: 3).accepted == true, bench.logs)
                try desk.subscriber.wait(until: "missed", within: .seconds(40)) { $0.isSet("test-missed") }
                let second = try desk.reply(to: desk.send("test", #""x":0"#))
                _ = try desk.ask("received", second.call?.string ?? "")
                try desk.subscriber.wait(until: "over") { !$0.isSet("test-missed") }
            }
        }

        @Test("Lamps say what becomes of the call, to whoever watches the simulator")
        func outputs() throws {
            try Self.with(more: ["outputs: {b1-lamp: {kind: lamp, points: [b1]}}"]) { bench, agent, desk in
                let watching = try agent.buttons()
                _ = try watching.points()  // so that it is connected for certain
                let call = try press("b1", agent, desk)
                var shown: [String] = []
                func expect(_ signal: String) throws {
                    while shown.last != "output b1-lamp \(signal)" { shown.append(try watching.line()) }
                }
                try expect("sent")
                for (index, signal) in ["received", "accepted", "arrived", "idle"].enumerated() {
                    let step = Self.steps[index]
                    _ = try desk.ask(step.name, call, revision: step.revision, step.more)
                    try expect(signal)
                }
                #expect(shown == ["sent", "received", "accepted", "arrived", "idle"].map { "output b1-lamp \($0)" })
            }
        }

        @Test("194 calls open at once are all received, accepted and resolved")
        func everybody() throws {
            let points = (1...194).map { Point.bed("b\($0)") }
            try Self.with(points: points) { bench, agent, desk in
                let buttons = try agent.buttons()
                for point in points { try buttons.make(point.id) }
                try desk.subscriber.wait(until: "194 records", within: .seconds(20)) {
                    Set($0.messages.filter { $0.place.hasPrefix("call/") }.map(\.place)).count == 194
                }
                let calls = Set(
                    desk.subscriber.messages.compactMap { $0.place.hasPrefix("call/") ? $0.json?.call?.string : nil })
                for (name, revision) in [("received", 1), ("accept", 2), ("resolve", 3)] {
                    try publishAll(name, calls, revision, desk)
                    try desk.subscriber.wait(until: "all answered \(name)", within: .seconds(60)) {
                        Set(
                            $0.messages.filter { $0.place.hasPrefix("reply/\(name)-") && $0.json?.accepted == true }
                                .map(\.place)
                        ).count == 194
                    }
                }
                try agent.wait(untilStatus: "has none open") { $0.openCalls == 0 && $0.outbox == 0 }
                #expect(try desk.broker.retained().keys.allSatisfy { !$0.contains("/call/") }, bench.logs)
            }
        }

        /// One mosquitto_pub for all: a line of its input is a message.
        private func publishAll(_ name: String, _ calls: Set<String>, _ revision: Int, _ desk: Desk) throws {
            let lines = calls.sorted().map {
                #"{"id":"\#(name)-\#($0)","call":"\#($0)","revision":\#(revision),"actor":"desk-1"}"#
            }
            let file = try desk.broker.bench.write(lines.joined(separator: "\n") + "\n", to: "\(name).jsonl")
            try desk.broker.bench.succeed(
                "sh",
                [
                    "-c",
                    "mosquitto_pub -V 5 -p \(desk.broker.port) -q 1 -t \(SiteFile.base)/command/\(name) -l < \(file)",
                ])
        }
    }
}
