import Testing

extension EndToEnd {
    @Suite struct GestureTests {
        @Test("A kitchen button's press, double press and hold each give their service, once")
        func kitchen() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let points = ["press", "double", "hold"].map {
                    Point(
                        id: "kitchen-\($0)", label: "厨房",
                        settings: [
                            "press": "meal", "double": "errand", "hold": "emergency", "hold-after": "700ms",
                            "double-within": "300ms",
                        ])
                }
                let agent = try Agent.running(bench, SiteFile(broker, points: points + [.bed("b1")]))
                let buttons = try agent.buttons()
                let from = wallMilliseconds()
                try buttons.press("kitchen-press", hold: .milliseconds(60))
                try buttons.press("kitchen-double", hold: .milliseconds(60))
                pause(.milliseconds(80))
                try buttons.press("kitchen-double", hold: .milliseconds(60))
                try buttons.make("kitchen-hold")
                try subscriber.wait(until: "three gestures") { $0.events("pressed").count >= 3 }
                try buttons.open("kitchen-hold")
                // Whatever else came of them would have come before this.
                pause(.milliseconds(400))
                try buttons.press("b1")
                try subscriber.wait(until: "a last press") { !$0.presses("b1").isEmpty }
                for (point, service) in [("press", "meal"), ("double", "errand"), ("hold", "emergency")] {
                    let presses = subscriber.presses("kitchen-\(point)")
                    #expect(presses.map { $0.json?.data?.service } == [.text(service)], "\(point)\n\(bench.logs)")
                    #expect((presses.first?.time ?? 0) >= from - BurstTests.rounding, bench.logs)
                }
                #expect(subscriber.events("raised").count == 4, bench.logs)
            }
        }

        @Test("A contact that bounces is one press; two presses a moment apart are two; a spike is none")
        func bounces() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1"), .bed("b2"), .bed("b3")]))
                let buttons = try agent.buttons()
                for _ in 1...3 {
                    try buttons.make("b1")
                    try buttons.open("b1")
                }
                try buttons.make("b1")
                pause(.milliseconds(50))
                for _ in 1...3 {
                    try buttons.open("b1")
                    try buttons.make("b1")
                }
                try buttons.open("b1")
                for _ in 1...2 {
                    try buttons.press("b2", hold: .milliseconds(30))
                    pause(.milliseconds(60))
                }
                try buttons.press("b3")
                try subscriber.wait(until: "the last press") { !$0.presses("b3").isEmpty }
                #expect(subscriber.presses("b1").count == 1, bench.logs)
                #expect(subscriber.presses("b2").count == 2, bench.logs)
            }
        }
    }
}
