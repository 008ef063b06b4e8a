internal import ArgumentParser

/// The tester's program: a courtyard on the bench.
@main
struct CourtyardSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "courtyard-sim",
        abstract: "Presses call buttons that aren't there.",
        version: "0.1.0",
        subcommands: [Demo.self, Press.self])
}

/// Why the simulator could not do what was asked.
struct SimulatorError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
