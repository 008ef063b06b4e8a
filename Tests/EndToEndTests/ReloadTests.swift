import Testing

extension EndToEnd {
    @Suite struct ReloadTests {
        @Test("A reload adds a point and changes a label; a held button is not raised again and no press is lost")
        func applies() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                var site = SiteFile(broker, points: [.bed("b1"), .bed("b2"), .bed("b3")])
                let agent = try Agent.running(bench, site)
                let buttons = try agent.buttons()
                try buttons.make("b1")
                try subscriber.wait(until: "the held button's press") { $0.presses("b1").count == 1 }
                site.points[1].label = "新的标签"
                site.points += [.meal("k9")]
                agent.site = site
                try agent.reload()
                // Presses all through the reload, until the new point is there.
                var pressed = 0
                try wait(until: "the new point", within: .seconds(10)) {
                    try buttons.press("b3", hold: .milliseconds(8))
                    pause(.milliseconds(30))
                    pressed += 1
                    return try buttons.points().contains("k9")
                }
                try buttons.press("k9")
                try buttons.press("b2")
                try subscriber.wait(until: "\(pressed) presses during the reload") {
                    $0.presses("b3").count == pressed && !$0.presses("k9").isEmpty && !$0.presses("b2").isEmpty
                }
                #expect(subscriber.presses("b2").first?.json?.data?.label == "新的标签", bench.logs)
                #expect(subscriber.presses("b1").count == 1, "held, and not raised again\n\(bench.logs)")
                try subscriber.wait(until: "the points' topics") {
                    $0.lastAt("point/k9")?.json?.state == "ok" && $0.lastAt("point/b2")?.json?.label == "新的标签"
                }
                try buttons.open("b1")
                pause(.milliseconds(60))  // beyond the quiet time of 25 ms
                try buttons.make("b1")
                try subscriber.wait(until: "a second press of the held button") { $0.presses("b1").count == 2 }
            }
        }

        @Test("A point taken out of the site file is forgotten, its open call is not")
        func removes() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1"), .bed("b2")]))
                try agent.buttons().press("b1")
                try subscriber.wait(until: "the record") {
                    $0.messages.contains { $0.place.hasPrefix("call/emergency/") }
                }
                agent.site.points.removeFirst()
                try agent.reload()
                try subscriber.wait(until: "the point's emptied topic") { $0.lastAt("point/b1")?.payload == "" }
                let stands = try broker.retained()
                #expect(stands.keys.contains { $0.contains("/call/emergency/") }, bench.logs)
                #expect(!stands.keys.contains { $0.hasSuffix("/point/b1") }, bench.logs)
            }
        }

        @Test("A site file with problems is refused whole: all are logged, a fault is set, the old one works on")
        func refuses() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let good = SiteFile(broker, points: [.bed("b1")])
                let agent = try Agent.running(bench, good)
                var bad = good
                bad.points = [.bed("b1"), .bed("b2"), Point(id: "NO", label: "x", settings: ["quiet": "7"])]
                bad.more = ["kolor: red"]
                try agent.reload(bad.text)
                let fault = try subscriber.wait(for: "the fault") {
                    $0.isSet("site-file-refused") ? $0.lastAt("fault/site-file-refused")?.json : nil
                }
                #expect(fault.what?.string?.contains("3 problems") == true, bench.logs)
                for problem in ["kolor", "points[2].id", "points[2].quiet"] {
                    #expect(agent.log.contains(problem), "\(problem)\n\(bench.logs)")
                }
                try agent.buttons().press("b1")
                try subscriber.wait(until: "a press under the old file") { $0.presses("b1").count == 1 }
                #expect(try agent.buttons().points() == ["b1"], bench.logs)
                try agent.reload(good.text)
                try subscriber.wait(until: "the end of the fault") { !$0.isSet("site-file-refused") }
            }
        }

        @Test("A change of the gateway's id is refused: it takes a restart")
        func refusesRenaming() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                var renamed = agent.site
                renamed.gateway = "gw-2"
                renamed.points += [.bed("b2")]
                try agent.reload(renamed.text)
                let fault = try subscriber.wait(for: "the fault") {
                    $0.isSet("site-file-refused") ? $0.lastAt("fault/site-file-refused")?.json : nil
                }
                #expect(fault.what?.string?.contains("gateway") == true, bench.logs)
                #expect(try agent.buttons().points() == ["b1"], bench.logs)
                try agent.buttons().press("b1")
                try subscriber.wait(until: "a press") { $0.presses("b1").count == 1 }
                #expect(!subscriber.messages.contains { $0.topic.contains("gw-2") }, bench.logs)
            }
        }

        @Test("A reload with other brokers moves there")
        func movesToAnotherBroker() throws {
            try Bench.run { bench in
                let old = try Broker.running(bench)
                let new = try Broker.running(bench)
                let subscriber = try Subscriber(new)
                let agent = try Agent.running(bench, SiteFile(old, points: [.bed("b1")]))
                try agent.wait(untilStatus: "is connected") { $0.broker == .text("127.0.0.1:\(old.port)") }
                agent.site = SiteFile(new, points: agent.site.points)
                try agent.reload()
                try subscriber.wait(until: "a birth at the new broker", within: .seconds(5)) {
                    $0.lastAt("status")?.json?.state == "ready"
                }
                try agent.buttons().press("b1")
                try subscriber.wait(until: "a press there") { $0.presses("b1").count == 1 }
                try wait(until: "the old broker doesn't believe in a gateway that left") {
                    let left = try old.retained()["\(SiteFile.base)/status"]?.json?.state
                    return left == nil || left == "offline" || left == "stopping"
                }
            }
        }

        @Test("A reload away from a broker that says nothing moves on, and stays connected")
        func movesAwayFromSilence() throws {
            try Bench.run { bench in
                let silent = try Broker.running(bench)
                let new = try Broker.running(bench)
                let subscriber = try Subscriber(new)
                silent.freeze()
                let agent = try Agent.running(bench, SiteFile(silent, points: [.bed("b1"), .bed("b2")]))
                try agent.buttons().press("b1")
                agent.site = SiteFile(new, points: agent.site.points)
                try agent.reload()
                try subscriber.wait(until: "the press at the new broker") { !$0.presses("b1").isEmpty }
                // What the parting connection has still to say must not be taken for the new one's.
                try agent.wait(untilStatus: "is connected") { $0.broker == .text("127.0.0.1:\(new.port)") }
                for _ in 1...4 {
                    pause(.milliseconds(700))
                    #expect(try agent.status().broker == .text("127.0.0.1:\(new.port)"), bench.logs)
                }
                try agent.buttons().press("b2")
                try subscriber.wait(until: "the next press") { !$0.presses("b2").isEmpty }
            }
        }

        @Test("A reload that changes only how a broker is used comes back as ready, under the same name")
        func reconnectsToTheSameBroker() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try subscriber.wait(until: "ready") { $0.lastAt("status")?.json?.state == "ready" }
                subscriber.forget()
                agent.site.brokers = [SiteFile.broker(broker.port, "keep-alive: 30s")]
                try agent.reload()
                let status = "\(SiteFile.base)/status"
                try subscriber.wait(until: "ready on the second connection") {
                    $0.lastAt("status")?.json?.connection == 2 && $0.lastAt("status")?.json?.state == "ready"
                }
                // Both the old connection's last word and its will may come after the birth; neither may stand.
                pause(.milliseconds(2500))
                #expect(try broker.retained()[status]?.json?.state == "ready", bench.logs)
                #expect(try broker.retained()[status]?.json?.connection == 2, bench.logs)
                try agent.buttons().press("b1")
                try subscriber.wait(until: "a press") { $0.presses("b1").count == 1 }
            }
        }
    }
}
