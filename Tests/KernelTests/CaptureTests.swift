import Foundation
import Glibc
import Testing

extension AgentOnKernelLines {
    /// A radio receiver's DATA pin, as the kernel shows it.
    @Suite struct CaptureTests {
        /// An EV1527 frame as steps of the line, 400 µs to the short pulse.
        private func frame(_ code: UInt32) -> [String] {
            func pulse(_ high: Int, _ low: Int) -> [String] {
                ["buttons 8 1", "sleep \(high)us", "buttons 8 0", "sleep \(low)us"]
            }
            return (0..<24).flatMap { code >> UInt32(23 - $0) & 1 == 1 ? pulse(1200, 400) : pulse(400, 1200) }
                + pulse(400, 12_400)
        }

        private func decoded(_ file: String, _ rig: Rig) throws -> String {
            let decode = try Program("decode", [Rig.gateway, "decode", file], in: rig.directory)
            try decode.succeed()
            return decode.text
        }

        @Test("What a receiver's pin shows is recorded, and decoded from the record")
        func capture() throws {
            try Rig.run { rig in
                let file = "\(rig.directory)/pin.ook"
                let capture = try Program(
                    "capture",
                    [
                        Rig.gateway, "capture", "--chip", "buttons", "--offset", "8", "--seconds", "60", "--output",
                        file,
                    ],
                    in: rig.directory)
                try wait(until: "it to hold the line") { capture.text.contains("recording buttons offset 8") }
                let second = try Program(
                    "second", [Rig.gateway, "capture", "--name", "BTN8"], in: rig.directory)
                try wait(until: "another one to be refused") { second.exitCode == 1 }
                #expect(second.text.contains("BTN8 is held by courtyard-gateway"), "\(second.text)")
                // A busy host holds the hand up in the middle of a frame now and then: it presses until two are whole.
                var edges = 0
                for code: UInt32 in [0x13CD30, 0x8F69AB] {
                    try wait(until: "\(code) to be decoded", within: .seconds(60)) {
                        try rig.drive((0..<5).flatMap { _ in frame(code) } + ["sleep 600ms"])
                        edges += 250
                        return try decoded(file, rig).contains(String(format: #""code":"0x%06X""#, code))
                    }
                }
                capture.signal(SIGTERM)
                try capture.succeed()
                #expect(capture.text.contains("\(edges) edges, \(edges / 2) pulses written"), "\(capture.text)")
                #expect(try decoded(file, rig).split(separator: "\n").allSatisfy { $0.contains("ev1527") })
            }
        }
    }
}
