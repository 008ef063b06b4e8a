import Testing

extension EndToEnd {
    @Suite struct StopTests {
        static let promised = Duration.seconds(3)

        private func expectStop(_ agent: Agent, _ bench: Bench) throws {
            let (code, took) = try agent.stop()
            #expect(code == 0, bench.logs)
            #expect(took < Self.promised, "it took \(took)\n\(bench.logs)")
        }

        @Test("It stops within three seconds while connected, with a press just made, which is told")
        func connected() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try subscriber.wait(until: "the birth") { $0.lastAt("status") != nil }
                let buttons = try agent.buttons()
                try buttons.make("b1")
                pause(.milliseconds(10))  // beyond the minimum width of 5 ms
                try expectStop(agent, bench)
                try subscriber.wait(until: "the press") { !$0.presses("b1").isEmpty }
                #expect(buttons.isEnded(), bench.logs)
            }
        }

        @Test("It stops within three seconds while there is no broker; the press is told by the next start")
        func noBroker() throws {
            try Bench.run { bench in
                let broker = try Broker(bench)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try agent.buttons().press("b1")
                try agent.wait(untilStatus: "has the press") { $0.outbox == 2 }
                try expectStop(agent, bench)
                try broker.start()
                let subscriber = try Subscriber(broker)
                try agent.start()
                try subscriber.wait(until: "the press") { $0.presses("b1").count == 1 }
            }
        }

        @Test("It stops within three seconds while a connection attempt gets no answer")
        func blackHole() throws {
            try Bench.run { bench in
                let hole = try BlackHole()
                var site = SiteFile(points: [.bed("b1")])
                site.brokers = [SiteFile.broker(hole.port)]
                let agent = try Agent.running(bench, site)
                try agent.buttons().press("b1")
                try agent.wait(untilStatus: "has the press") { $0.outbox == 2 }
                try expectStop(agent, bench)
            }
        }

        @Test("It stops within three seconds while the broker has taken the connection and says nothing")
        func silentBroker() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                broker.freeze()
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try agent.buttons().press("b1")
                try agent.wait(untilStatus: "has the press") { $0.outbox == 2 }
                try expectStop(agent, bench)
            }
        }

        @Test("It stops within three seconds while the broker it is connected to hangs")
        func hungBroker() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try agent.wait(untilStatus: "is connected") { $0.broker?.string != nil && $0.outbox == 0 }
                broker.freeze()
                try agent.buttons().press("b1")
                try agent.wait(untilStatus: "has the press") { $0.outbox == 2 }
                try expectStop(agent, bench)
            }
        }
    }
}
