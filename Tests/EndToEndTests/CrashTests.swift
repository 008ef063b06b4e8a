import Foundation
import Testing

extension EndToEnd {
    /// `courtyard-sim crash`: the real agent and a real broker, killed while people press and a desk answers.
    @Suite struct CrashTests {
        private static let program = (Agent.program as NSString).deletingLastPathComponent + "/courtyard-sim"
        /// `COURTYARD_KILLS=500` makes it a campaign; `make soak` does.
        private static let kills = Int(ProcessInfo.processInfo.environment["COURTYARD_KILLS"] ?? "30")!

        @Test(
            "Whenever agent and broker are killed, nothing that anybody was told is lost, and everything comes once by id",
            arguments: [[], ["--broker-kills"]])
        func kills(options: [String]) throws {
            try Bench.run { bench in
                let run = try bench.run(
                    Self.program, ["crash", "--kills", "\(Self.kills)"] + options,
                    within: .seconds(60 + Self.kills))
                #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
                let killed = run.output.firstMatch(of: /(\d+) agents/).flatMap { Int($0.1) }
                #expect(killed == Self.kills, "\(run.output)")
                let lamps = run.output.firstMatch(of: /answered by their lamp (\d+)/).flatMap { Int($0.1) }
                #expect(lamps.map { $0 > Self.kills } ?? false, "\(run.output)")
                let directory = try #require(run.output.firstMatch(of: /files in (\S+)/)).1
                #expect(!FileManager.default.fileExists(atPath: String(directory)))
                if Self.kills >= 100 { print(run.output) }
            }
        }

        @Test("An agent whose journal forgets is found out, and what was found stays there to be looked into")
        func forgetfulJournal() throws {
            try Bench.run { bench in
                // Before it starts, the end of its log is gone: as on a disk that acknowledges what it doesn't write.
                let agent = try bench.write(
                    "#!/bin/sh\nrm -f \"${4%/*}\"/gateway.db-wal\nexec '\(Agent.program)' \"$@\"\n",
                    to: "forgetful-gateway")
                chmod(agent, 0o755)
                let run = try bench.run(
                    Self.program, ["crash", "--kills", "12", "--seed", "1", "--gateway", agent], within: .seconds(120))
                #expect(run.exitCode == 1)
                #expect(run.output.contains("LOST, though its lamp had lit up"), "\(run.output)")
                #expect(run.output.contains("rows of the journal that are gone or changed"), "\(run.output)")
                #expect(run.output.contains("Again: courtyard-sim crash --kills 12 --seed 1"), "\(run.output)")
                let found = try #require(run.output.firstMatch(of: /logs: (\S+)/), "\(run.output)")
                let directory = String(found.1)
                defer { try? FileManager.default.removeItem(atPath: directory) }
                for name in ["evidence.txt", "gateway.db", "gateway.log", "mosquitto.log", "gateway.yaml"] {
                    #expect(FileManager.default.fileExists(atPath: "\(directory)/\(name)"), "\(name)")
                }
            }
        }

        @Test("Words that can't be are refused", arguments: [["--kills", "0"], ["--kills", "x"], ["--seed", "-1"]])
        func usage(words: [String]) throws {
            try Bench.run { bench in
                let run = try bench.run(Self.program, ["crash"] + words)
                #expect(run.exitCode == 64)
            }
        }
    }
}
