import CallContract
import Glibc
import Testing

extension AgentOnKernelLines {
    @Suite struct LineTroubleTests {
        @Test("A line that another program reads is a fault with both names; freed, it is picked up")
        func busy() throws {
            try Rig.run { rig in
                let other = try rig.occupy(3)
                try rig.start([Button(2), Button(3)])
                let fault = try wait(for: "the fault") { try rig.desk.fault("line-busy") }
                #expect(fault.what.contains("buttons offset 3") && fault.what.contains("gpiomon"), "\(fault)")
                #expect(fault.points == ["b3"])
                try wait(until: "the point to be busy") { try rig.desk.point("b3")?.state == "busy" }
                #expect(try rig.desk.status?.state == .degraded)
                #expect(try rig.desk.point("b2")?.state == "ok")
                try rig.drive("buttons 2 1", "sleep 30ms", "buttons 2 0")
                try wait(until: "the other line's press") { try rig.desk.presses(of: "b2").count == 1 }

                other.kill()
                try wait(until: "the line to be picked up") { try rig.desk.point("b3")?.state == "ok" }
                try wait(until: "the fault to be over") { try rig.desk.fault("line-busy") == nil }
                try wait(until: "the gateway to be ready") { try rig.desk.status?.state == .ready }
                try rig.drive("buttons 3 1", "sleep 30ms", "buttons 3 0")
                try rig.settle()
                #expect(try rig.desk.presses(of: "b3").count == 1)
            }
        }

        @Test("Missing, renamed and occupied lines are named at the start, each in its fault; the others work")
        func wrongLines() throws {
            try Rig.run { rig in
                try rig.start([
                    Button(0), Button("named", "{name: BTN1}"),
                    Button("no-chip", "{chip: nowhere, offset: 2}"),
                    Button("past-end", "{chip: expander, offset: 99}"),
                    Button("renamed", "{chip: buttons, offset: 4, name: BTN7}"),
                    Button("hog", "{chip: buttons, offset: 15}"),
                ])
                let missing = try wait(for: "line-missing") { try rig.desk.fault("line-missing") }
                #expect(missing.points == ["no-chip", "past-end"])
                #expect(missing.what.contains("nowhere offset 2") && missing.what.contains("expander offset 99"))
                let renamed = try wait(for: "line-renamed") { try rig.desk.fault("line-renamed") }
                #expect(renamed.points == ["renamed"])
                #expect(renamed.what.contains("buttons offset 4") && renamed.what.contains("BTN4"), "\(renamed)")
                let busy = try wait(for: "line-busy") { try rig.desk.fault("line-busy") }
                #expect(busy.points == ["hog"] && busy.what.contains("relay"), "\(busy)")
                for (point, state) in [("no-chip", "missing"), ("renamed", "renamed"), ("hog", "busy"), ("b0", "ok")] {
                    try wait(until: "\(point) to be \(state)") { try rig.desk.point(point)?.state == state }
                }
                try rig.drive("buttons 0 1", "buttons 1 1", "sleep 30ms", "buttons 0 0", "buttons 1 0")
                try rig.settle()
                #expect(try rig.desk.presses(of: "b0").count == 1)
                #expect(try rig.desk.presses(of: "named").count == 1)
            }
        }

        @Test("A chip that is pulled out is missed at once; put back, its buttons work")
        func unplug() throws {
            try Rig.run { rig in
                let expander = (0..<2).map { Button("x\($0)", "{chip: expander, offset: \($0)}") }
                try rig.start([Button(0)] + expander)
                try rig.drive("expander 0 1", "sleep 30ms", "expander 0 0")
                try wait(until: "a press on the expander") { try rig.desk.presses(of: "x0").count == 1 }
                try rig.plug("out", "expander")
                try wait(until: "both points to be missing") {
                    try expander.allSatisfy { try rig.desk.point($0.id)?.state == "missing" }
                }
                let fault = try wait(for: "line-missing") { try rig.desk.fault("line-missing") }
                #expect(fault.points == ["x0", "x1"])
                try rig.drive("buttons 0 1", "sleep 30ms", "buttons 0 0")
                try wait(until: "a press beside it") { try rig.desk.presses(of: "b0").count == 1 }

                try rig.plug("in", "expander")
                try wait(until: "both points to work") {
                    try expander.allSatisfy { try rig.desk.point($0.id)?.state == "ok" }
                }
                try wait(until: "the fault to be over") { try rig.desk.fault("line-missing") == nil }
                try rig.drive(
                    "expander 0 1", "expander 1 1", "sleep 30ms", "expander 0 0", "expander 1 0", "sleep 30ms")
                try rig.settle()
                #expect(try rig.desk.presses(of: "x0").count == 2)
                #expect(try rig.desk.presses(of: "x1").count == 1)
            }
        }

        @Test("Edges that the kernel dropped are a fault; the level is right afterwards, and a held button raises")
        func overflow() throws {
            try Rig.run { rig in
                try rig.start((0...2).map { Button($0) })
                let agent = try #require(rig.agent)
                agent.signal(SIGSTOP)
                // More edges than any libgpiod's queue keeps (1.6: 16, 2.x: 256): 401 of a button that is held at the
                // end, and 400 of one that is let go.
                let first = [try rig.pull(0, high: true), try rig.pull(1, high: true)]
                let flood = (0..<400).flatMap { ["buttons 0 \($0 % 2)", "buttons 1 \($0 % 2)", "sleep 150us"] }
                try rig.drive(flood + ["buttons 1 0", "sleep 40ms"])
                agent.signal(SIGCONT)
                try wait(until: "the held button's call") { try !rig.desk.raisings(of: "b0").isEmpty }
                try rig.settle()
                let fault = try #require(try rig.desk.fault("events-lost"))
                #expect(fault.what.contains("b0") || fault.what.contains("b1"), "\(fault)")
                for line in 0...1 {
                    let presses = try rig.desk.presses(of: "b\(line)")
                    #expect(presses.count == 1, rig.log)
                    #expect(presses.allSatisfy { first[line].contains($0.data.monotonicNs) })
                }
                // The agent knows which of them is held: a release, then a press, is one press more.
                try rig.drive(
                    "buttons 0 0", "sleep 60ms", "buttons 0 1", "buttons 1 1", "sleep 60ms", "buttons 0 0",
                    "buttons 1 0")
                try rig.settle()
                for line in 0...1 { #expect(try rig.desk.presses(of: "b\(line)").count == 2) }
                #expect(try rig.desk.presses(of: "b2").isEmpty)
            }
        }
    }
}
