import Foundation
import Testing

extension EndToEnd {
    @Suite struct SwappedCardTests {
        @Test("A new card adopts the old one's open call, as it was; a further press joins it")
        func adopts() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try agent.buttons().press("b1")
                let old = try subscriber.wait(for: "the record") {
                    $0.messages.last { $0.place.hasPrefix("call/") && $0.json?.presses == 1 }
                }
                agent.kill()
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: bench.path("gateway.db" + suffix))
                }
                subscriber.forget()
                try agent.start()
                let adopted = try subscriber.wait(for: "the adopted record") {
                    $0.messages.last { $0.topic == old.topic && $0.json?.orphaned == true }?.json
                }
                for field in ["call", "journal", "point", "label", "raisedAt", "presses", "state", "service", "boot"] {
                    #expect(adopted[field] == old.json?[field], "\(field)\n\(bench.logs)")
                }
                #expect(subscriber.events.isEmpty, "adopting is no event\n\(bench.logs)")
                try agent.buttons().press("b1")
                let press = try subscriber.wait(for: "a further press") { $0.presses("b1").first?.json }
                #expect(press.data?.call == old.json?.call && press.data?.presses == 2, bench.logs)
                try subscriber.wait(until: "the joined record") {
                    $0.last(old.topic)?.json?.presses == 2 && $0.last(old.topic)?.json?.orphaned == true
                }
                agent.kill()
                try agent.start()
                try agent.wait(untilStatus: "still has the adopted call") { $0.openCalls == 1 }
            }
        }

        @Test("A new card adopts all of 500 open calls")
        func adoptsMany() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let points = (1...500).map { Point.bed("b\($0)") }
                let agent = try Agent.running(bench, SiteFile(broker, points: points))
                let buttons = try agent.buttons()
                for point in points { try buttons.make(point.id) }
                try agent.wait(untilStatus: "has 500 calls, all told", within: .seconds(20)) {
                    $0.openCalls == 500 && $0.outbox == 0
                }
                try wait(until: "500 records", within: .seconds(10)) {
                    try broker.retained().keys.filter { $0.contains("/call/emergency/") }.count == 500
                }
                agent.kill()
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: bench.path("gateway.db" + suffix))
                }
                try agent.start()
                try agent.wait(untilStatus: "has adopted all", within: .seconds(20)) { $0.openCalls == 500 }
            }
        }

        @Test("What doesn't belong under this gateway's name is cleared from the broker: leftovers and garbage")
        func clears() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let base = SiteFile.base
                let closed = """
                    {"journal":"zzzzzz","call":"zzzzzz-7","point":"b1","label":"x","service":"emergency","priority":1,
                    "state":"resolved","revision":3,"presses":1,"raisedAt":"2026-08-24T03:14:15.926Z","escalation":0,
                    "actor":null,"reason":null,"clock":{"synchronized":true,"uncertaintyMs":2},"boot":"x",
                    "monotonicNs":1,"late":false,"ageMs":1,"test":false,"times":{},"pressTimes":[],"actors":{}}
                    """
                let open = closed.replacingOccurrences(of: "resolved", with: "raised")
                let garbage = [
                    "call/emergency/zzzzzz-7": closed, "call/emergency/zzzzzz-8": "{}",
                    "call/meal/not-an-id": "garbage", "call/emergency/zzzzzz-9": open,  // another id inside
                    "call/meal/zzzzzz-7": open,  // another service inside
                    "call/NOT A SERVICE/x": "{}", "fault/old-fault": #"{"fault":"old-fault"}"#,
                    "fault/NOT A FAULT": "x", "point/b99": "{}", "point/NOT A POINT": "[1,2",
                ]
                for (place, payload) in garbage { try broker.publish("\(base)/\(place)", payload, retain: true) }
                for place in ["status", "summary", "point/b1", "fault/simulated-hardware"] {
                    try broker.publish("\(base)/\(place)", "garbage", retain: true)
                }
                let other = "courtyard/v1/willow-court/gw-2/call/emergency/zzzzzz-7"
                try broker.publish(other, open, retain: true)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                var places: Set<String> = []
                do {
                    try wait(until: "only what belongs there") {
                        places = Set(
                            try broker.retained().values.filter { $0.topic != other }.map(\.place)
                        ).subtracting(["fault/clock-not-synchronised"])
                        return places == ["status", "summary", "point/b1", "fault/simulated-hardware"]
                    }
                } catch { throw Broken("\(error); there is \(places.sorted())") }
                let stands = try broker.retained()
                #expect(stands["\(base)/status"]?.json?.state == "ready", bench.logs)
                #expect(stands["\(base)/point/b1"]?.json?.state == "ok", bench.logs)
                #expect(stands[other] != nil, "another gateway's topics are left alone\n\(bench.logs)")
                #expect(try agent.status().openCalls == 0, bench.logs)
            }
        }

        @Test("A status that isn't its own, such as an old will that comes late, is overwritten")
        func status() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try subscriber.wait(until: "ready") { $0.lastAt("status")?.json?.state == "ready" }
                for payload in [#"{"state":"offline","boot":"old","connection":1}"#, "garbage", ""] {
                    try broker.publish("\(SiteFile.base)/status", payload, retain: true)
                    try wait(until: "ready again after '\(payload)'") {
                        try broker.retained()["\(SiteFile.base)/status"]?.json?.state == "ready"
                    }
                }
                #expect(agent.isRunning, bench.logs)
            }
        }
    }
}
