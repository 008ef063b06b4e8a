import Foundation
import Testing

extension EndToEnd {
    /// The agent is killed while desks give commands. What a desk was told must stay true.
    @Suite struct CommandKillTests {
        private typealias Step = (name: String, revision: Int, event: String)
        private static let steps: [Step] = [
            ("received", 1, "delivered"), ("accept", 2, "accepted"), ("arrive", 3, "arrived"),
            ("resolve", 4, "resolved"),
        ]
        private static let callsAtOnce = 5

        @Test("Over many kills amid commands every id has one answer, and what was answered has happened once")
        func kills() throws {
            try Bench.run { bench in
                let seed = UInt64.random(in: 0...UInt64.max)
                var random = SplitMix(seed: seed)
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let points = (0..<PowerCutTests.kills * Self.callsAtOnce).map { Point.bed("b\($0)") }
                let agent = try Agent.running(bench, SiteFile(broker, points: points))
                for round in 0..<PowerCutTests.kills {
                    let pressed = points[round * Self.callsAtOnce..<(round + 1) * Self.callsAtOnce].map(\.id)
                    let calls = try raise(pressed, agent, subscriber)
                    let fatal = Self.steps.randomElement(using: &random)!.name
                    for step in Self.steps {
                        let publishing = try publish(step, calls, broker)
                        if step.name == fatal {
                            pause(.microseconds(Int.random(in: 0...30_000, using: &random)))
                            agent.kill()
                            try agent.start()
                        }
                        try publishing.ended()
                        bench.end(publishing)
                    }
                    // A desk without an answer asks again, with the same id; here every desk does.
                    for step in Self.steps {
                        let publishing = try publish(step, calls, broker)
                        try publishing.ended()
                        bench.end(publishing)
                    }
                    try subscriber.wait(until: "every answer of round \(round); seed \(seed)") { subscriber in
                        let answered = Set(subscriber.messages.map(\.place).filter { $0.hasPrefix("reply/") })
                        return Self.steps.allSatisfy { step in
                            calls.allSatisfy { answered.contains("reply/\(step.name)-\($0)") }
                        }
                    }
                }
                try agent.wait(untilStatus: "has nothing waiting; seed \(seed)") { $0.outbox == 0 }
                try expectTruth(subscriber, agent, "seed \(seed)\n\(bench.logs)")
            }
        }

        private func raise(_ points: [String], _ agent: Agent, _ subscriber: Subscriber) throws -> [String] {
            let buttons = try agent.buttons()
            for point in points { try buttons.press(point) }
            return try subscriber.wait(for: "calls of \(points)") { subscriber in
                let calls = points.compactMap { point in
                    subscriber.events("raised").first { $0.point == point }?.json?.data?.call?.string
                }
                return calls.count == points.count ? calls : nil
            }
        }

        /// One step for every call; the ids are the same however often it is taken.
        private func publish(_ step: Step, _ calls: [String], _ broker: Broker) throws -> ChildProcess {
            let lines = calls.map {
                #"{"id":"\#(step.name)-\#($0)","call":"\#($0)","revision":\#(step.revision),"actor":"desk-1"}"#
            }
            let file = try broker.bench.write(lines.joined(separator: "\n") + "\n", to: "\(step.name).jsonl")
            let topic = "\(SiteFile.base)/command/\(step.name)"
            return try broker.bench.start(
                "mosquitto_pub", "sh",
                ["-c", "exec mosquitto_pub -V 5 -p \(broker.port) -q 1 -t \(topic) -l < \(file)"])
        }

        private func expectTruth(_ subscriber: Subscriber, _ agent: Agent, _ logs: Comment) throws {
            var answers: [String: Set<String>] = [:]
            for reply in subscriber.messages where reply.place.hasPrefix("reply/") {
                answers[reply.place, default: []].insert(reply.payload)
            }
            #expect(answers.values.allSatisfy { $0.count == 1 }, "an id was answered in two ways\n\(logs)")
            var byID: [String: Message] = [:]
            for event in subscriber.events { byID[event.id] = event }
            for (place, texts) in answers {
                guard let step = Self.steps.first(where: { place.hasPrefix("reply/\($0.name)-") }),
                    try JSON(parsing: texts.first!).accepted == true
                else { continue }
                let call = String(place.dropFirst("reply/\(step.name)-".count))
                let events = byID.values.filter { $0.eventType == step.event && $0.json?.data?.call?.string == call }
                #expect(events.count == 1, "\(place) accepted, \(events.count) \(step.event)\n\(logs)")
            }
            let rows = try JournalFile(bench: agent.bench, path: agent.bench.path("gateway.db")).events().map(\.id)
            #expect(Set(rows) == Set(byID.keys) && Set(rows).count == rows.count, logs)
            let sequences = byID.values.compactMap { $0.json?.sequence?.string.flatMap(Int.init) }.sorted()
            #expect(sequences == Array(1..<sequences.count + 1), "a gap\n\(logs)")
        }
    }
}
