import Foundation
import Testing

extension EndToEnd {
    @Suite struct CommandTests {
        /// A desk of the bench: sends commands and waits for replies on the reply topic.
        private struct Desk {
            let broker: Broker
            let subscriber: Subscriber

            func send(_ name: String, _ payload: String, retain: Bool = false) throws {
                try broker.publish("\(SiteFile.base)/command/\(name)", payload, retain: retain)
            }

            func reply(to id: String) throws -> JSON {
                let reply = try subscriber.wait(for: "a reply to \(id)") { $0.lastAt("reply/\(id)") }
                guard !reply.retain, reply.qos == 1, let json = reply.json else { throw Broken("reply \(reply)") }
                return json
            }

            func ask(_ name: String, _ payload: String, id: String) throws -> JSON {
                try send(name, payload)
                return try reply(to: id)
            }
        }

        private static func with(
            points: [Point] = [.bed("b1"), .meal("k1")], _ body: (Bench, Agent, Desk) throws -> Void
        ) throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let desk = Desk(broker: broker, subscriber: try Subscriber(broker))
                let agent = try Agent.running(bench, SiteFile(broker, points: points))
                try desk.subscriber.wait(until: "ready") { $0.lastAt("status")?.json?.state == "ready" }
                try body(bench, agent, desk)
            }
        }

        @Test("sync publishes everything retained again, and no event")
        func sync() throws {
            try Self.with { bench, agent, desk in
                try agent.buttons().press("b1")
                try agent.buttons().press("k1")
                try desk.subscriber.wait(until: "two records") {
                    Set($0.messages.map(\.place).filter { $0.hasPrefix("call/") }).count == 2
                }
                try agent.wait(untilStatus: "has nothing waiting") { $0.outbox == 0 }
                let stands = Set(try desk.broker.retained().keys)
                desk.subscriber.forget()
                let reply = try desk.ask("sync", #"{"id":"s1","actor":"desk-1/王"}"#, id: "s1")
                let accepted = JSON.object(["id": "s1", "command": "sync", "accepted": true, "reason": .null])
                #expect(reply == accepted, bench.logs)
                try desk.subscriber.wait(until: "all of \(stands.count) topics again") {
                    stands.isSubset(of: $0.messages.map(\.topic))
                }
                #expect(desk.subscriber.events.isEmpty, bench.logs)
            }
        }

        @Test("identify shows which board it is")
        func identify() throws {
            try Self.with { bench, agent, desk in
                let buttons = try agent.buttons()
                _ = try buttons.points()  // so that it is connected for certain
                let reply = try desk.ask("identify", #"{"id":"i1","unknown":[1,2]}"#, id: "i1")
                #expect(reply.accepted == true, bench.logs)
                #expect(try buttons.line() == "output identify", bench.logs)
            }
        }

        @Test("replay sends the asked range again, to its own topics only, byte for byte but for the age")
        func replay() throws {
            try Self.with { bench, agent, desk in
                for press in 1...4 {
                    try agent.buttons().press("b1")
                    try desk.subscriber.wait(until: "press \(press)") { $0.presses("b1").count == press }
                    pause(.milliseconds(40))  // beyond the quiet time of 25 ms
                }
                let original = desk.subscriber.events  // pressed, raised, and three pressed
                #expect(original.count == 5, bench.logs)
                let journal = original.first?.json?.data?.journal ?? .null
                func replayed(_ id: String) -> [Message] {
                    desk.subscriber.messages.filter { $0.place.hasPrefix("replay/\(id)/") }
                }
                for (id, fields, expected) in [
                    ("r1", "", 1...5), ("r2", #","from":2,"limit":2"#, 2...3), ("r3", #","from":"4""#, 4...5),
                    ("r4", #","from":5,"limit":10000"#, 5...5),
                ] {
                    let reply = try desk.ask("replay", #"{"id":"\#(id)","service":"emergency"\#(fields)}"#, id: id)
                    #expect(
                        reply.kept
                            == .object([
                                "journal": journal, "first": 1, "last": 5, "sending": .whole(Int64(expected.count)),
                            ]), bench.logs)
                    try desk.subscriber.wait(until: "\(expected.count) events for \(id)") { _ in
                        replayed(id).count == expected.count
                    }
                    for (event, sequence) in zip(replayed(id), expected) {
                        let first = try #require(
                            original.first { $0.json?.sequence == .text("\(sequence)") }, bench.logs)
                        #expect(event.place == "replay/\(id)/emergency/\(first.eventType ?? "")", bench.logs)
                        #expect(!event.retain && event.qos == 1, bench.logs)
                        #expect(Self.ageless(event.json) == Self.ageless(first.json), bench.logs)
                    }
                }
                let beyond = try desk.ask("replay", #"{"id":"r5","service":"emergency","from":6}"#, id: "r5")
                #expect(beyond.accepted == true && beyond.kept?.sending == 0, bench.logs)
                for (id, service) in [("r6", "meal"), ("r7", "never-heard-of")] {
                    let refused = try desk.ask("replay", #"{"id":"\#(id)","service":"\#(service)"}"#, id: id)
                    #expect(refused.accepted == false, bench.logs)
                    #expect(refused.reason?.string?.hasPrefix("service") == true, bench.logs)
                    #expect(refused.kept == nil, bench.logs)
                }
                #expect(desk.subscriber.events.count == 5, "a replay rang on the event topics\n\(bench.logs)")
            }
        }

        /// An event without what says how late it is sent.
        private static func ageless(_ event: JSON?) -> JSON? {
            guard var fields = event?.fields, var data = fields["data"]?.fields else { return nil }
            data["ageMs"] = nil
            data["late"] = nil
            fields["data"] = .object(data)
            return .object(fields)
        }

        @Test("The reply also goes to an MQTT 5 response topic, with the correlation data")
        func responseTopic() throws {
            try Self.with { bench, _, desk in
                let answer = try bench.succeed(
                    "mosquitto_rr",
                    [
                        "-V", "5", "-p", "\(desk.broker.port)", "-q", "1", "-t", "\(SiteFile.base)/command/sync", "-e",
                        "desks/7/answers", "-m", #"{"id":"rr1"}"#, "-D", "publish", "correlation-data", "abc-123", "-W",
                        "5", "-F", "%j",
                    ])
                let message = try #require(
                    answer.split(separator: "\n").compactMap { Message(line: String($0)) }.first, bench.logs)
                #expect(message.topic == "desks/7/answers", bench.logs)
                #expect(message.json?.id == "rr1" && message.json?.accepted == true, bench.logs)
                #expect(message.properties["correlation-data"] == "abc-123", "\(message.properties)\n\(bench.logs)")
                #expect(try desk.reply(to: "rr1").accepted == true, bench.logs)
            }
        }

        @Test("What is no command is refused with the field's name, or ignored; afterwards nothing has changed")
        func malformed() throws {
            try Self.with { bench, agent, desk in
                try agent.buttons().press("b1")
                try desk.subscriber.wait(until: "a record") { $0.messages.contains { $0.place.hasPrefix("call/") } }
                try agent.wait(untilStatus: "has nothing waiting") { $0.outbox == 0 }
                let stands = try desk.broker.retained().mapValues(\.payload)
                desk.subscriber.forget()
                // Refused, naming the field.
                let refused = [
                    ("replay", #"{"id":"m1"}"#, "service"), ("replay", #"{"id":"m2","service":7}"#, "service"),
                    ("replay", #"{"id":"m3","service":"NO WAY"}"#, "service"),
                    ("replay", #"{"id":"m4","service":"emergency","from":"x"}"#, "from"),
                    ("replay", #"{"id":"m5","service":"emergency","from":-1}"#, "from"),
                    ("replay", #"{"id":"m6","service":"emergency","from":1.5}"#, "from"),
                    ("replay", #"{"id":"m7","service":"emergency","limit":0}"#, "limit"),
                    ("replay", #"{"id":"m8","service":"emergency","limit":1e300}"#, "limit"),
                    ("replay", #"{"id":"m9","service":"emergency","limit":[1]}"#, "limit"),
                    ("sync", #"{"id":"m10","actor":{"a":1}}"#, "actor"), ("no-such-thing", #"{"id":"m11"}"#, "command"),
                    ("SYNC", #"{"id":"m12"}"#, "command"),
                    ("sync", #"{"id":"m13","actor":"\#(String(repeating: "王", count: 200))"}"#, "actor"),
                    ("received", #"{"id":"m14","call":"x-1"}"#, "call"),
                    ("resolve", #"{"id":"m15","call":"x-1"}"#, "revision"),
                ]
                for (index, (name, payload, field)) in refused.enumerated() {
                    let reply = try desk.ask(name, payload, id: "m\(index + 1)")
                    #expect(reply.accepted == false, "\(payload)\n\(bench.logs)")
                    #expect(reply.reason?.string?.hasPrefix(field) == true, "\(payload): \(reply)\n\(bench.logs)")
                }
                // Ignored: there is nobody to answer.
                let ignored = [
                    "", "{", "null", "[]", "42", #"{"id":7}"#, "{}", #"{"id":""}"#, #"{"id":"a/b"}"#, #"{"id":"+"}"#,
                    #"{"id":"UPPER"}"#, #"{"id":"\#(String(repeating: "x", count: 65))"}"#, #"{"id":"x"}"# + "{}",
                    String(repeating: "[", count: 10_000), #"{"id":"\u0000"}"#,
                ]
                for payload in ignored { try desk.send("sync", payload) }
                let large = #"{"id":"large","note":""# + String(repeating: "x", count: 1_000_000) + #""}"#
                try desk.broker.publish("\(SiteFile.base)/command/sync", file: bench.write(large, to: "large"))
                try bench.write("", to: "raw")
                try Data((0...255).map { UInt8($0) }).write(to: URL(fileURLWithPath: bench.path("raw")))
                try desk.broker.publish("\(SiteFile.base)/command/sync", file: bench.path("raw"))
                try desk.broker.publish("\(SiteFile.base)/command/sync/more", #"{"id":"deep"}"#)

                let reply = try desk.ask("identify", #"{"id":"last"}"#, id: "last")
                #expect(reply.accepted == true, bench.logs)
                let replies = Set(desk.subscriber.messages.map(\.place).filter { $0.hasPrefix("reply/") })
                #expect(
                    replies == Set((1...refused.count).map { "reply/m\($0)" } + ["reply/last"]), bench.logs)
                #expect(try desk.broker.retained().mapValues(\.payload) == stands, bench.logs)
                try agent.buttons().press("b1")
                try desk.subscriber.wait(until: "a press") { $0.presses("b1").count == 1 }
                #expect(desk.subscriber.events.count == 1, bench.logs)
            }
        }

        @Test("Nothing is taken from a retained command")
        func retained() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let desk = Desk(broker: broker, subscriber: try Subscriber(broker))
                try desk.send("identify", #"{"id":"before"}"#, retain: true)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try desk.subscriber.wait(until: "ready") { $0.lastAt("status")?.json?.state == "ready" }
                #expect(try desk.ask("identify", #"{"id":"now"}"#, id: "now").accepted == true, bench.logs)
                #expect(desk.subscriber.lastAt("reply/before") == nil, bench.logs)
                #expect(agent.log.contains("retained"), bench.logs)
            }
        }
    }
}
