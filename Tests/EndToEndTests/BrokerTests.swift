import Foundation
import Testing

extension EndToEnd {
    @Suite struct BrokerTests {
        @Test("Presses during an outage, whose broker forgot everything, arrive once: late, emergencies first")
        func outage() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let before = try Subscriber(broker)
                let points = (1...3).map { Point.bed("b\($0)") } + (1...3).map { Point.meal("k\($0)") }
                let agent = try Agent.running(bench, SiteFile(broker, points: points + [.bed("b9")]))
                let buttons = try agent.buttons()
                try buttons.press("b9")
                try before.wait(until: "a press before") { $0.presses("b9").count == 1 }
                broker.kill()
                try agent.wait(untilStatus: "knows that the broker is away") { $0.faultIDs.contains("broker-away") }
                var windows: [String: ClosedRange<Int64>] = [:]
                for point in ["k1", "k2", "k3", "b1", "b2", "b3"] {
                    let from = wallMilliseconds()
                    try buttons.press(point)
                    windows[point] = from - BurstTests.rounding...wallMilliseconds() + BurstTests.rounding
                }
                pause(.milliseconds(5500))  // beyond this an event is late, whatever came between

                // The subscriber must be there first: without a session at the broker it would miss what comes earlier.
                agent.freeze()
                try broker.start()
                let after = try Subscriber(broker)
                agent.thaw()
                let again = ContinuousClock.now
                try buttons.press("b9")  // a new press cuts the wait short
                try after.wait(until: "a press right after the outage", within: .seconds(3)) {
                    !$0.presses("b9").isEmpty
                }
                print("after an outage a new press took \(ContinuousClock.now - again) to a new connection and out")
                try after.wait(until: "all six presses") { subscriber in
                    windows.keys.allSatisfy { !subscriber.presses($0).isEmpty }
                }
                try agent.wait(untilStatus: "has nothing waiting, no broker fault") {
                    $0.outbox == 0 && !$0.faultIDs.contains("broker-away")
                }
                try after.wait(until: "the records") {
                    $0.messages.filter { $0.place.hasPrefix("call/") }.count >= 7
                }
                for (point, window) in windows {
                    let presses = after.presses(point)
                    #expect(Set(presses.map(\.id)).count == 1, bench.logs)
                    #expect(window.contains(presses.first?.time ?? 0), bench.logs)
                    #expect(presses.allSatisfy { $0.json?.data?.late == true }, bench.logs)
                    #expect((presses.first?.json?.data?.ageMs?.int ?? 0) > 5000, bench.logs)
                }
                let joined = try #require(after.presses("b9").first, bench.logs)
                #expect(joined.json?.data?.late == false && joined.json?.data?.presses == 2, bench.logs)
                let services = after.events.map { $0.json?.data?.service?.string }
                #expect(
                    (services.lastIndex(of: "emergency") ?? 99) < (services.firstIndex(of: "meal") ?? 0),
                    "\(services)\n\(bench.logs)")
                #expect(!after.isSet("broker-away"), bench.logs)
            }
        }

        @Test("A broker that is killed and back at once is found again without a press")
        func restart() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                let first = try agent.wait(untilStatus: "is connected") { $0.broker?.string != nil }
                #expect(first.broker == .text("127.0.0.1:\(broker.port)"), bench.logs)
                agent.freeze()
                broker.kill()
                try broker.start()
                let subscriber = try Subscriber(broker)
                agent.thaw()
                let status = try subscriber.wait(for: "a birth", within: .seconds(3)) { $0.lastAt("status") }
                #expect((status.json?.connection?.int ?? 0) >= 2, bench.logs)
                try subscriber.wait(until: "everything retained again") {
                    $0.lastAt("point/b1") != nil && $0.lastAt("summary") != nil && $0.isSet("simulated-hardware")
                }
            }
        }

        @Test("A broker that hangs is noticed, and the press goes to the next one")
        func hung() throws {
            try Bench.run { bench in
                let hanging = try Broker.running(bench)
                let next = try Broker.running(bench)
                let subscriber = try Subscriber(next)
                let agent = try Agent.running(bench, SiteFile(hanging, next, points: [.bed("b1"), .bed("b2")]))
                try agent.wait(untilStatus: "is connected to the first") {
                    $0.broker == .text("127.0.0.1:\(hanging.port)")
                }
                hanging.freeze()
                let from = wallMilliseconds()
                try agent.buttons().press("b1")
                let to = wallMilliseconds()
                let took = try duration {
                    try subscriber.wait(until: "the press at the second broker", within: .seconds(40)) {
                        !$0.presses("b1").isEmpty
                    }
                }
                print("a hung broker cost \(took)")
                let press = try #require(subscriber.presses("b1").first, bench.logs)
                #expect((from - BurstTests.rounding...to).contains(press.time ?? 0), bench.logs)
                #expect(press.json?.data?.late == true, bench.logs)
                hanging.thaw()
                try agent.buttons().press("b2")
                try subscriber.wait(until: "the next press, at once", within: .seconds(2)) {
                    !$0.presses("b2").isEmpty
                }
                #expect(subscriber.presses("b2").first?.json?.data?.late == false, bench.logs)
            }
        }

        @Test("Brokers are tried in their order: one that refuses connections is passed over")
        func order() throws {
            try Bench.run { bench in
                let absent = try Broker(bench)
                let refusing = try Broker.running(bench, ["allow_anonymous false"])
                let working = try Broker.running(bench)
                let subscriber = try Subscriber(working)
                let site = SiteFile(absent, refusing, working, points: [.bed("b1")])
                let agent = try Agent.running(bench, site)
                try agent.buttons().press("b1")
                try subscriber.wait(until: "the press at the third broker", within: .seconds(3)) {
                    !$0.presses("b1").isEmpty
                }
                let status = try agent.wait(untilStatus: "is connected") { $0.broker?.string != nil }
                #expect(status.broker == .text("127.0.0.1:\(working.port)"), bench.logs)
                #expect(status.faultIDs.isDisjoint(with: ["broker-away", "not-authorised"]), bench.logs)
            }
        }

        @Test("A second client with this gateway's id, again and again: presses go on, and it is told")
        func twin() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                for throwOut in 1...3 {
                    try agent.wait(untilStatus: "is connected") { $0.broker?.string != nil }
                    try impersonate("courtyard-willow-court-gw-1", broker)
                    try wait(until: "throw-out \(throwOut) is noticed") {
                        agent.log.components(separatedBy: "broker away").count > throwOut
                    }
                }
                try agent.buttons().press("b1")
                try subscriber.wait(until: "a press, in spite of it", within: .seconds(5)) {
                    $0.presses("b1").count == 1
                }
                let status = try agent.wait(untilStatus: "has the fault") { $0.faultIDs.contains("cloned-identity") }
                #expect(status.setFault("cloned-identity")?.remedy?.string?.isEmpty == false, bench.logs)
                try subscriber.wait(until: "the fault at the broker") { $0.isSet("cloned-identity") }
            }
        }

        private func impersonate(_ client: String, _ broker: Broker) throws {
            let options = ["-V", "5", "-p", "\(broker.port)", "-i", client, "-t", "twin", "-m", "x"]
            try broker.bench.succeed("mosquitto_pub", options)
        }
    }
}
