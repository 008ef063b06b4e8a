internal import ArgumentParser

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Examine everything the agent needs.")
    func run() throws {}
}
