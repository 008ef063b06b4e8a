internal import ArgumentParser
internal import CallCore
internal import Glibc

/// The tester's program: a courtyard on the bench.
@main
struct CourtyardSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "courtyard-sim",
        abstract: "Presses call buttons that aren't there, and shows lamps that aren't.",
        version: "0.1.0",
        subcommands: [
            Demo.self, Run.self, Explore.self, Crash.self, Fleet.self, Desk.self, Press.self, Wire.self, Outputs.self,
            RadioBench.self,
        ])
}

/// Why the simulator could not do what was asked.
struct SimulatorError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Moment {
    /// The kernel's monotonic clock, read now: the one that the agent's events carry.
    static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
