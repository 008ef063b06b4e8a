import Foundation
import Testing

extension EndToEnd {
    /// `courtyard-sim run`, from outside.
    @Suite struct ScenarioCommandTests {
        private static let program = (Agent.program as NSString).deletingLastPathComponent + "/courtyard-sim"
        private static let scenarios =
            #filePath.prefix(#filePath.count - "Tests/EndToEndTests/ScenarioCommandTests.swift".count)
            + "simulator/scenarios"

        private func run(_ bench: Bench, _ arguments: [String], within limit: Duration = patience) throws
            -> ChildProcess
        {
            try bench.run(Self.program, ["run"] + arguments, within: limit)
        }

        @Test("Played twice in virtual time, a scenario gives the same output, results and waveform, byte for byte")
        func same() throws {
            try Bench.run { bench in
                let files = ["cloned-card", "everybody-at-once", "full-disk"].map { "\(Self.scenarios)/\($0).yaml" }
                let outputs = try (1...2).map { round -> [String] in
                    let junit = bench.path("\(round).xml")
                    let played = try run(bench, files + ["-v", "--junit", junit, "--vcd", bench.path("waves\(round)")])
                    #expect(played.exitCode == 0, "\(played.output)\(played.errors)")
                    let wave = bench.path("waves\(round)/cloned-card.vcd")
                    return [played.output]
                        + [junit, wave].map { (try? String(contentsOfFile: $0, encoding: .utf8)) ?? "" }
                }
                #expect(outputs[0] == outputs[1])
                #expect(
                    outputs[0].allSatisfy { $0.count > 1000 }
                        && outputs[0][0].contains("3 scenarios, 3 as expected, 0 not"))
            }
        }

        @Test("Exit code 1 for what is not as expected, with how to play it again; 64 for what is no scenario")
        func exitCodes() throws {
            try Bench.run { bench in
                let wrong = try bench.write(
                    "scenario: Wrong\nsteps:\n  - press: gate\n  - expect: {event: raised, service: meal, within: 1s}\n",
                    to: "wrong.yaml")
                let played = try run(bench, [wrong])
                #expect(played.exitCode == 1 && played.output.contains("NOT AS EXPECTED"), "\(played.output)")
                #expect(played.output.contains("again: courtyard-sim run \(wrong) --on virtual -v"), "\(played.output)")
                let broken = try bench.write("scenario: Broken\nsteps:\n  - pres: gate\n", to: "broken.yaml")
                let refused = try run(bench, [wrong, broken, bench.path("absent.yaml")])
                #expect(refused.exitCode == 64 && refused.output.isEmpty, "\(refused.output)")
                #expect(
                    refused.errors.contains("broken.yaml:3:5: steps[0].pres: found an unknown step"),
                    "\(refused.errors)")
                #expect(refused.errors.contains("absent.yaml: found no such file"), "\(refused.errors)")
                #expect(try run(bench, [wrong, "--on", "mars"]).exitCode == 64)
            }
        }

        @Test("A stage that can't do a step says so before it begins, with exit code 1")
        func cannot() throws {
            try Bench.run { bench in
                let slow = try bench.write("scenario: Slow\nsteps:\n  - wait: 1h\n  - disk: slow\n", to: "slow.yaml")
                let played = try run(bench, [slow, "--on", "process"])
                #expect(played.exitCode == 1, "\(played.output)")
                #expect(played.output.contains("line 4: this stage can't do that"), "\(played.output)")
            }
        }

        @Test(
            "On real programs a scenario goes as it does in virtual time",
            arguments: [
                "swapped-card", "wire-cut", "duplicate-commands", "everybody-at-once", "stale-revision", "black-hole",
            ])
        func process(name: String) throws {
            try Bench.run { bench in
                let played = try run(
                    bench, ["\(Self.scenarios)/\(name).yaml", "--on", "process", "-v"], within: .seconds(120))
                #expect(played.exitCode == 0, "\(played.output)\(played.errors)")
            }
        }

        @Test("On real programs the agent's clock is the story's, and the machine's is left alone")
        func clock() throws {
            try Bench.run { bench in
                let story = try bench.write(
                    """
                    scenario: A board boots in 1970, in short
                    steps:
                      - desk: {desk-1: listens}
                      - power: cut
                      - power: {on-showing: 1970-01-01T00:00:05Z}
                      - press: b3-u2-401
                      - expect: {event: raised, year: 1970, clock: unknown}
                      - expect: {fault: clock-not-synchronised}
                      - clock: right
                      - expect: {fault: clock-not-synchronised, is: cleared, within: 10s}
                      - expect: {call: b3-u2-401, year: 2026}
                      - clock: {step: -1h}
                      - expect: {fault: clock-stepped, within: 10s}
                    """, to: "clock.yaml")
                let played = try run(bench, [story, "--on", "process", "-v"], within: .seconds(60))
                #expect(played.exitCode == 0, "\(played.output)\(played.errors)")
            }
        }
    }
}
