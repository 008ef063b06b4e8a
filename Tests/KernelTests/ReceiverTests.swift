import CallContract
import Foundation
import Glibc
import Testing

extension AgentOnKernelLines {
    /// A radio receiver's DATA pin on a line of the kernel.
    @Suite struct ReceiverTests {
        /// An EV1527 frame as steps of the line, 400 µs to the short pulse.
        private func frame(_ code: UInt32) -> [String] {
            func pulse(_ high: Int, _ low: Int) -> [String] {
                ["buttons 8 1", "sleep \(high)us", "buttons 8 0", "sleep \(low)us"]
            }
            return (0..<24).flatMap { code >> UInt32(23 - $0) & 1 == 1 ? pulse(1200, 400) : pulse(400, 1200) }
                + pulse(400, 12_400)
        }

        /// Presses of the pendant, until one has come through: a busy host holds the hand up in the middle of a frame.
        private func press(_ rig: Rig, until count: Int) throws {
            try wait(until: "press \(count) of the pendant", within: .seconds(60)) {
                try rig.drive((0..<5).flatMap { _ in frame(0x13CD30) } + ["sleep 600ms"])
                return try rig.desk.presses(of: "p").count >= count
            }
        }

        private func start(_ rig: Rig, _ receiver: String = "{chip: buttons, offset: 8}") throws {
            try FileManager.default.createDirectory(
                atPath: "\(rig.directory)/devices", withIntermediateDirectories: true)
            try "about: A pendant\nprotocol: ev1527\nbits: 24\nidentity: 20\n".write(
                toFile: "\(rig.directory)/devices/pendant.yaml", atomically: false, encoding: .utf8)
            rig.more = ["receivers: {hall: {line: \(receiver), squelch: true}}"]
            try rig.start([
                Button(2), Button("p", "{chip: buttons, offset: 3}", "radio: {device: pendant, code: 0x13CD31}"),
            ])
        }

        @Test(
            "A receiver whose line another program holds is dead, and hears once it is free; its wires work meanwhile")
        func dead() throws {
            try Rig.run { rig in
                let other = try rig.occupy(8)
                try start(rig)
                let fault = try wait(for: "the fault") { try rig.desk.fault("receiver-dead") }
                #expect(fault.what.contains("hall: buttons offset 8") && fault.what.contains("gpiomon"), "\(fault)")
                try wait(until: "the point to be unheard") { try rig.desk.point("p")?.state == "unheard" }
                try rig.drive("buttons 2 1", "sleep 30ms", "buttons 2 0")
                try wait(until: "a wired press") { try rig.desk.presses(of: "b2").count == 1 }
                other.kill()
                try wait(until: "the fault to be over") { try rig.desk.fault("receiver-dead") == nil }
                try wait(until: "the point to be heard") { try rig.desk.point("p")?.state == "ok" }
                try press(rig, until: 1)
                #expect(try rig.desk.presses(of: "p").first?.data.receiver == "hall")
            }
        }

        @Test("Noise that fills the kernel's queue is nothing; the receiver hears again, and wires are told at once")
        func noise() throws {
            try Rig.run { rig in
                try start(rig)
                let agent = try #require(rig.agent)
                let noise = (0..<3000).flatMap { ["buttons 8 \($0 % 2)", "sleep \([60, 150, 90, 220][$0 % 4])us"] }
                let flood = try rig.beginDriving(noise + ["buttons 8 0"])
                try rig.drive("buttons 2 1", "sleep 30ms", "buttons 2 0")
                try wait(until: "a press beside it") { try rig.desk.presses(of: "b2").count == 1 }
                try wait(until: "its end") { flood.exitCode != nil }
                agent.signal(SIGSTOP)
                try rig.drive(noise + ["buttons 8 0"])
                agent.signal(SIGCONT)
                try press(rig, until: 1)
                try rig.settle()
                #expect(try rig.desk.fault("events-lost") == nil, "a receiver's noise is no button's")
                #expect(agent.exitCode == nil)
            }
        }

        @Test("A receiver's noise costs little, and never wakes whoever decides")
        func cost() throws {
            try Rig.run { rig in
                try start(rig)
                try rig.settle()
                let agent = try #require(rig.agent).id
                // As fast as this kernel's lines can be driven, for a few seconds.
                let edges = 40_000
                let steps = (0..<edges).flatMap { ["buttons 8 \($0 % 2)", "sleep \([30, 70, 40, 60][$0 % 4])us"] }
                try steps.joined(separator: "\n").write(
                    toFile: "\(rig.directory)/noise", atomically: false, encoding: .utf8)
                let (used, woken, began) = (try ticks(of: agent), try wakeUps(of: agent), monotonicNs())
                try Program(
                    "sh", ["sh", "-c", "exec gpio-drive <\"$0\"", "\(rig.directory)/noise"], in: rig.directory
                ).succeed()
                let seconds = Double(monotonicNs() - began) / 1e9
                let share = Double(try ticks(of: agent) - used) / Double(sysconf(Int32(_SC_CLK_TCK))) / seconds
                let wakeUps = Double(try wakeUps(of: agent) - woken) / seconds
                print(
                    String(
                        format:
                            " Test \"cost\": %.0f edges a second, %.1f %% of one core, the loop woken %.1f times a second",
                        Double(edges) / seconds, share * 100, wakeUps))
                #expect(Double(edges) / seconds > 1000)
                #expect(wakeUps < 5)
                #expect(share < 0.15, "a core of the guest, whose system calls cost many times a real kernel's")
            }
        }

        /// Its processor time so far, in clock ticks: user and system (proc(5), stat, fields 14 and 15).
        private func ticks(of process: pid_t) throws -> Int {
            let stat = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
            return try #require(Int(fields[12])) + #require(Int(fields[13]))
        }

        /// How often its first thread, the loop's, has slept and been woken.
        private func wakeUps(of process: pid_t) throws -> Int {
            let status = try String(contentsOfFile: "/proc/\(process)/task/\(process)/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt") })
            return try #require(Int(line.split(separator: "\t")[1]))
        }
    }
}
