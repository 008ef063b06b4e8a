import CallContract
import Testing

extension AgentOnKernelLines {
    @Suite struct PressTests {
        @Test("Bouncing presses on six lines at once: one event each, at the first edge's kernel time")
        func bounce() throws {
            try Rig.run { rig in
                try rig.start((0...5).map { Button($0) } + [Button(6, "minimum-width: 50ms")])
                var edges: [Int: [ClosedRange<Int64>]] = [:]
                for _ in 1...3 {
                    for line in 0..<6 { edges[line, default: []].append(try rig.pull(line, high: true)) }
                    let closing = (1...6).flatMap { move(0..<6, to: $0 % 2, then: "\($0 * 110)us") }
                    let opening = (1...7).flatMap { move(0..<6, to: ($0 + 1) % 2, then: "\($0 * 130)us") }
                    try rig.drive(
                        move(0..<6, to: 0, then: "300us") + closing + move(0..<6, to: 1, then: "40ms")
                            + move(0..<6, to: 0, then: "200us") + opening + move(0..<6, to: 0, then: "60ms"))
                    // A spike is no press: half a millisecond, or what a busy host makes of it, where 50 ms are wanted.
                    try rig.drive("buttons 6 1", "sleep 500us", "buttons 6 0", "sleep 40ms")
                }
                try rig.settle()
                for line in 0..<6 {
                    let presses = try rig.desk.presses(of: "b\(line)")
                    #expect(presses.count == 3, rig.log)
                    for (press, edge) in zip(presses, edges[line]!) {
                        #expect(edge.contains(press.data.monotonicNs), "\(press), made at \(edge)")
                    }
                    #expect(presses.map(\.data.presses) == [1, 2, 3])
                    let raisings = try rig.desk.raisings(of: "b\(line)")
                    #expect(raisings.map(\.data.monotonicNs) == presses.prefix(1).map(\.data.monotonicNs))
                }
                #expect(try rig.desk.presses(of: "b6").isEmpty)
                #expect(try Set(rig.desk.events.map(\.id)).count == rig.desk.events.count)
                #expect(!rig.desk.everHeard(of: "events-lost"))
            }
        }

        private func move(_ lines: Range<Int>, to level: Int, then pause: String) -> [String] {
            lines.map { "buttons \($0) \(level)" } + ["sleep \(pause)"]
        }

        @Test("A button that is held while the agent starts raises a call, and its release and next press count once")
        func heldAtStart() throws {
            try Rig.run { rig in
                try rig.pull(0, high: true)
                try rig.pull(1, high: true)
                let from = monotonicNs()
                try rig.start([
                    Button(0), Button(1, "active: low"), Button(2), Button(3, "active: low, bias: pull-up"),
                ])
                try rig.settle()
                let press = try #require(try rig.desk.presses(of: "b0").first)
                #expect((from...monotonicNs()).contains(press.data.monotonicNs))
                #expect(try rig.desk.raisings(of: "b0").count == 1)
                try rig.drive("buttons 0 0", "sleep 60ms", "buttons 0 1", "sleep 60ms", "buttons 0 0")
                try rig.settle()
                #expect(try rig.desk.presses(of: "b0").map(\.data.presses) == [1, 2])
                for point in ["b1", "b2", "b3"] { #expect(try rig.desk.presses(of: point).isEmpty) }
            }
        }

        @Test("A reload between a button's press and its release loses no edge and counts none twice")
        func reload() throws {
            let presses = 12
            try Rig.run { rig in
                var buttons = [Button(0), Button(1, "press: meal, hold: emergency, hold-after: 500ms")]
                try rig.start(buttons)
                try rig.pull(1, high: true)
                let press = ["buttons 0 1", "sleep 300us", "buttons 0 0", "sleep 300us", "buttons 0 1", "sleep 40ms"]
                let hand = try rig.beginDriving(
                    [[String]](repeating: press + ["buttons 0 0", "sleep 50ms"], count: presses).flatMap { $0 })
                for added in 2...8 {
                    buttons.append(Button(added))
                    try rig.reload(buttons)
                    try wait(until: "b\(added) to work") { try rig.desk.point("b\(added)")?.state == "ok" }
                }
                try hand.succeed()
                try wait(until: "the hold") { try !rig.desk.presses(of: "b1").isEmpty }
                try rig.pull(1, high: false)
                try rig.drive((2...8).map { "buttons \($0) 1" } + ["sleep 20ms"] + (2...8).map { "buttons \($0) 0" })
                try rig.settle()
                let counted = try rig.desk.presses(of: "b0")
                #expect(counted.map(\.data.presses) == Array(1...presses), rig.log)
                let times = counted.map(\.data.monotonicNs)
                #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 > 80_000_000 }, "\(times)")
                #expect(try rig.desk.presses(of: "b1").map(\.data.service) == ["emergency"])
                for added in 2...8 { #expect(try rig.desk.presses(of: "b\(added)").count == 1) }
                #expect(!rig.desk.everHeard(of: "events-lost"))
            }
        }

        @Test("A reload that changes a held button's settings takes its release for what it is")
        func changedWhileHeld() throws {
            try Rig.run { rig in
                try rig.start([Button(0, "minimum-width: 0"), Button(1)])
                try rig.drive("buttons 0 1", "buttons 1 1", "sleep 20ms")
                try wait(until: "both presses") {
                    try !rig.desk.presses(of: "b0").isEmpty && !rig.desk.presses(of: "b1").isEmpty
                }
                try rig.reload([
                    Button(0, "minimum-width: 0, press: errand"), Button(1, "stuck-after: 10s"), Button(2),
                ])
                try wait(until: "the reload") { try rig.desk.point("b2")?.state == "ok" }
                try rig.drive("buttons 0 0", "buttons 1 0", "sleep 60ms", "buttons 1 1", "sleep 60ms", "buttons 1 0")
                try rig.settle()
                #expect(try rig.desk.presses(of: "b0").count == 1, "the release is no press")
                #expect(try rig.desk.presses(of: "b1").count == 2)
            }
        }
    }
}
