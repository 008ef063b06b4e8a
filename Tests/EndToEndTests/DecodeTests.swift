import Foundation
import Testing

extension EndToEnd {
    @Suite struct DecodeTests {
        /// Frames as an SC2260 remote sends them, in rtl_433's pulse format.
        private func recording(_ code: UInt32, frames: Int, base: Int = 470) -> String {
            let bits = (0..<24).map { code >> UInt32(23 - $0) & 1 == 1 }
            let frame = bits.map { $0 ? "\(3 * base) \(base)" : "\(base) \(3 * base)" } + ["\(base) \(31 * base)"]
            let lines = (0..<frames).flatMap { _ in frame }
            return ";pulse data\n;version 1\n;timescale 1us\n;ook \(lines.count) pulses\n;freq1 433920000\n"
                + lines.joined(separator: "\n") + "\n;end\n"
        }

        @Test("decode prints a line of JSON for each press, as is promised")
        func decode() throws {
            try Bench.run { bench in
                let file = try bench.write(recording(0x13CD30, frames: 5), to: "sos.ook")
                let single = try bench.write(recording(0x13CD30, frames: 1), to: "single.ook")
                let decoded = try bench.run(Agent.program, ["decode", "--verdicts", file, single])
                #expect(decoded.exitCode == 0, "\(decoded.errors)")
                #expect(
                    decoded.output
                        == #"{"file":"\#(file)","protocol":"ev1527","code":"0x13CD30","bits":24,"frames":5,"atMs":0.0}"#
                        + "\n")
                #expect(decoded.errors.contains("sos.ook: 1 presses of 5 frames"), "\(decoded.errors)")
                #expect(decoded.errors.contains("not believed: 1 frames alone"), "\(decoded.errors)")
                let other = try bench.run(Agent.program, ["decode", "--protocol", "kaku", file])
                #expect(other.exitCode == 0 && other.output.isEmpty)
            }
        }

        @Test("A file that can't be read is named with the reason, the others are decoded, and the end is 1")
        func unreadable() throws {
            try Bench.run { bench in
                let good = try bench.write(recording(0x755555, frames: 3), to: "good.ook")
                let bad = try bench.write(";pulse data\n476 1412\nhello\n", to: "bad.ook")
                let absent = bench.path("absent.ook")
                let decoded = try bench.run(Agent.program, ["decode", bad, absent, good])
                #expect(decoded.exitCode == 1)
                #expect(decoded.output.contains("0x755555"), "\(decoded.output)")
                #expect(decoded.errors.contains("bad.ook: line 3: is no pulse and gap"), "\(decoded.errors)")
                #expect(decoded.errors.contains("absent.ook: No such file"), "\(decoded.errors)")
                let wrong = try bench.run(Agent.program, ["decode", "--protocol", "morse", good])
                #expect(wrong.exitCode == 64 && wrong.errors.contains("ev1527"), "\(wrong.errors)")
                #expect(try bench.run(Agent.program, ["decode"]).exitCode == 64)
            }
        }

        @Test("rtl_433 reads the same code out of the same pulses")
        func agrees() throws {
            try Bench.run { bench in
                for code: UInt32 in [0x13CD30, 0x755555, 0x13CD03] {
                    let file = try bench.write(recording(code, frames: 5), to: "a.ook")
                    // -R 30: Generic Remote SC226x EV1527
                    let theirs = try bench.run("/usr/bin/rtl_433", ["-r", file, "-R", "30", "-F", "json"]).output
                    let line = try #require(theirs.split(separator: "\n").first.map(String.init), "\(theirs)")
                    let found = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                    let (id, command) = (found?["id"] as? UInt32 ?? 0, found?["cmd"] as? UInt32 ?? 0)
                    #expect(id << 8 | command == code, "\(line)")
                    let ours = try bench.run(Agent.program, ["decode", file]).output
                    #expect(ours.contains(String(format: "0x%06X", code)), "\(ours)")
                }
            }
        }
    }
}
