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
    }
}
