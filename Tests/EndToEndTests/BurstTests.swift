import Foundation
import Testing

extension EndToEnd {
    @Suite struct BurstTests {
        /// The contact's time must lie between the moments before and after the hand made it, with the rounding of
        /// three clocks to milliseconds.
        static let rounding: Int64 = 2

        @Test("194 presses within one second on 194 points arrive once each, as 194 calls, with their own times")
        func burst() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let points = (1...194).map { Point.bed("b\($0)") }
                let agent = try Agent.running(bench, SiteFile(broker, points: points))
                let buttons = try agent.buttons()
                var windows: [String: ClosedRange<Int64>] = [:]
                let took = try duration {
                    for point in points {
                        let from = wallMilliseconds()
                        try buttons.make(point.id)
                        windows[point.id] = from - Self.rounding...wallMilliseconds() + Self.rounding
                        pause(.milliseconds(2))
                    }
                }
                #expect(took < .seconds(1), "the burst took \(took): too slow a machine to say anything")
                for point in points { try buttons.open(point.id) }
                try subscriber.wait(until: "194 presses and calls", within: .seconds(20)) {
                    $0.events("pressed").count >= 194 && $0.events("raised").count >= 194
                }
                try subscriber.wait(until: "a summary of 194 calls") {
                    $0.lastAt("summary")?.json?.services?.emergency?.open == 194
                }
                #expect(subscriber.events.count == 388, bench.logs)
                #expect(Set(subscriber.events.map(\.id)).count == 388, bench.logs)
                let calls = Set(subscriber.events("raised").compactMap { $0.json?.data?.call?.string })
                #expect(calls.count == 194, bench.logs)
                for point in points {
                    let presses = subscriber.presses(point.id)
                    #expect(presses.count == 1, "\(point.id)\n\(bench.logs)")
                    let time = presses.first?.time ?? 0
                    let window = windows[point.id]!
                    #expect(window.contains(time), "\(point.id): \(time) not in \(window)\n\(bench.logs)")
                    #expect(presses.first?.json?.data?.late == false, bench.logs)
                }
                let sequences = subscriber.events.compactMap { $0.json?.sequence?.string.flatMap(Int.init) }.sorted()
                #expect(sequences == Array(1...388), bench.logs)
                let records = try broker.retained().values.filter { $0.place.hasPrefix("call/emergency/") }
                #expect(Set(records.compactMap { $0.json?.call?.string }) == calls, bench.logs)
            }
        }
    }
}
