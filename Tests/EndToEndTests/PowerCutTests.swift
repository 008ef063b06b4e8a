import Foundation
import Testing

extension EndToEnd {
    @Suite struct PowerCutTests {
        /// `COURTYARD_KILLS=500` makes it a campaign; `make soak` does.
        static let kills = Int(ProcessInfo.processInfo.environment["COURTYARD_KILLS"] ?? "8")!
        static let pressesBetween = 8

        @Test("Over many kills at random moments every accepted press arrives once by id, with its own time")
        func kills() throws {
            try Bench.run { bench in
                let seed = UInt64.random(in: 0...UInt64.max)
                var random = SplitMix(seed: seed)
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let points = (0..<Self.kills * Self.pressesBetween).map { index in
                    index % 3 == 2 ? Point.meal("k\(index)") : Point.bed("b\(index)")
                }
                let agent = Agent(bench, SiteFile(broker, points: points))
                var windows: [String: ClosedRange<Int64>] = [:]
                // Accepted: it is in the journal, or somebody has seen it. A press that the driver has, and the loop
                // not yet, is still on its way there.
                var accepted: [String: JournalFile.Row] = [:]
                for round in 0..<Self.kills {
                    try agent.start()
                    let buttons = try agent.buttons()
                    let fatal = Int.random(in: 0..<Self.pressesBetween, using: &random)
                    for index in 0...fatal {
                        let point = points[round * Self.pressesBetween + index].id
                        let from = wallMilliseconds()
                        try buttons.make(point)
                        windows[point] = from - BurstTests.rounding...wallMilliseconds() + BurstTests.rounding
                        pause(.microseconds(Int.random(in: 0...12_000, using: &random)))
                    }
                    agent.kill()
                    for row in try JournalFile(bench: bench, path: bench.path("gateway.db")).events() {
                        if let before = accepted.updateValue(row, forKey: row.id) {
                            #expect(before == row, "a row of the journal changed; seed \(seed)\n\(bench.logs)")
                        }
                    }
                }
                try agent.start()
                try subscriber.wait(until: "the \(accepted.count) accepted events; seed \(seed)") {
                    accepted.keys.allSatisfy(Set($0.events.map(\.id)).contains)
                }
                try agent.wait(untilStatus: "has nothing waiting") { $0.outbox == 0 }
                #expect(accepted.count > Self.kills, "something must have been accepted; seed \(seed)\n\(bench.logs)")
                try expectOnce(subscriber, accepted, windows, "seed \(seed)\n\(bench.logs)")
            }
        }

        private func expectOnce(
            _ subscriber: Subscriber, _ accepted: [String: JournalFile.Row], _ windows: [String: ClosedRange<Int64>],
            _ logs: @autoclosure () -> Comment
        ) throws {
            var byID: [String: Message] = [:]
            for event in subscriber.everyEvent {
                if let before = byID.updateValue(event, forKey: event.id) {
                    #expect(before.json?.time == event.json?.time && before.point == event.point, logs())
                    #expect(before.eventType == event.eventType, logs())
                }
            }
            for (id, row) in accepted {
                #expect(byID[id]?.point == row.point && byID[id]?.time == row.timeMs, "\(id)\n\(logs())")
            }
            for (point, window) in windows {
                let ids = Set(subscriber.presses(point).map(\.id))
                #expect(ids.count <= 1, "\(point) as \(ids)\n\(logs())")
                for press in subscriber.presses(point) {
                    #expect(window.contains(press.time ?? 0), "\(point): \(press.time ?? 0), \(window)\n\(logs())")
                }
            }
            for service in ["emergency", "meal"] {
                let sequences = Set(
                    byID.values.filter { $0.json?.data?.service?.string == service }
                        .compactMap { $0.json?.sequence?.string.flatMap(Int.init) })
                #expect(sequences.sorted() == Array(1..<sequences.count + 1), "\(service): a gap\n\(logs())")
            }
        }
    }
}

/// Sebastiano Vigna's SplitMix64: repeatable from its seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
