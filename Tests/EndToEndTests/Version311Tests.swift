import Testing

extension EndToEnd {
    @Suite struct Version311Tests {
        @Test("On MQTT 3.1.1 everything works: events, records, commands, outages, the will")
        func works() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                var site = SiteFile(points: [.bed("b1"), .bed("b2"), .bed("b3")])
                site.brokers = [SiteFile.broker(broker.port, "version: 3.1.1")]
                let agent = try Agent.running(bench, site)
                let subscriber = try Subscriber(broker, ["-V", "311"])
                try agent.buttons().press("b1")
                try subscriber.wait(until: "pressed and raised") { $0.events.count == 2 }
                let event = try #require(subscriber.presses("b1").first, bench.logs)
                #expect(event.qos == 1 && event.properties == .null, bench.logs)
                ContractTests.expectKinds(event.json?.data, ContractTests.dataKinds, bench.logs)
                try broker.publish("\(SiteFile.base)/command/replay", #"{"id":"r1","service":"emergency","limit":1}"#)
                try subscriber.wait(until: "a reply and a replayed event") {
                    $0.lastAt("reply/r1")?.json?.accepted == true && $0.lastAt("replay/r1/emergency/pressed") != nil
                }
                let record = try wait(for: "the record") {
                    try broker.retained().values.first { $0.place.hasPrefix("call/emergency/") }
                }
                #expect(record.json?.point == "b1", bench.logs)

                agent.freeze()
                broker.kill()
                try broker.start()
                let after = try Subscriber(broker, ["-V", "311"])
                agent.thaw()
                try agent.buttons().press("b2")
                try after.wait(until: "a press after the outage") { $0.presses("b2").count == 1 }
                let birth = try after.wait(for: "a birth") { $0.lastAt("status")?.json }
                agent.kill()
                let will = try after.wait(for: "the will") {
                    $0.lastAt("status").flatMap { $0.json?.state == "offline" ? $0.json : nil }
                }
                #expect(will.connection == birth.connection && will.boot == birth.boot, bench.logs)
            }
        }
    }
}
