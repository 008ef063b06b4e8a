import Foundation
import Testing

extension EndToEnd {
    /// `courtyard-sim explore`, from outside.
    @Suite struct ExploreCommandTests {
        private static let program = (Agent.program as NSString).deletingLastPathComponent + "/courtyard-sim"
        /// `make soak` lets an optimised program explore a thousand.
        private static let worlds = 8

        private func explore(_ bench: Bench, _ arguments: [String], within limit: Duration = .seconds(120)) throws
            -> ChildProcess
        {
            try bench.run(Self.program, ["explore"] + arguments, within: limit)
        }

        @Test("In made-up days of bad luck nothing is lost, doubled or told wrongly")
        func nothingWrong() throws {
            try Bench.run { bench in
                let run = try explore(
                    bench, ["--seeds", "\(Self.worlds)"], within: .seconds(120 + 30 * Self.worlds))
                #expect(run.exitCode == 0, "\(run.output)")
                #expect(run.output.hasPrefix("\(Self.worlds) seeds, "), "\(run.output)")
                if Self.worlds >= 100 { print(run.output) }
            }
        }

        @Test("The same seed gives the same trace, byte for byte, and another seed another")
        func determinism() throws {
            try Bench.run { bench in
                let traces = try [("7", "a"), ("7", "b"), ("9", "c")].map { seed, name in
                    let run = try explore(
                        bench, ["--seed", seed, "--points", "8", "--mishaps", "120", "--trace", bench.path(name)])
                    #expect(run.exitCode == 0, "\(run.output)")
                    return try String(contentsOfFile: bench.path(name), encoding: .utf8)
                }
                #expect(traces[0] == traces[1])
                #expect(traces[0] != traces[2] && traces[0].count > 10_000)
            }
        }

        @Test(
            "Words that can't be are refused with exit code 64",
            arguments: [
                ["--seeds", "0"], ["--days", "5000"], ["--points", "0"], ["--keep", "1,2"], ["--mishaps", "-1"],
                ["--seed", "1", "--keep", "a"], ["--sed", "1"],
            ])
        func usage(_ arguments: [String]) throws {
            try Bench.run { bench in
                let run = try explore(bench, arguments)
                #expect(run.exitCode == 64 && !run.errors.isEmpty, "\(run.output)\(run.errors)")
            }
        }
    }
}
