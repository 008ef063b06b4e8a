internal import ArgumentParser
internal import CallCore
internal import Glibc

/// `courtyard-sim outputs`: what the lamps, buzzers and relays of a running simulated gateway show.
struct Outputs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the outputs of a running simulated gateway show.",
        discussion: """
            One line per output: its id and its signal, which is one of \(Signal.allCases.map(\.rawValue).joined(separator: ", ")). \
            How a signal looks or sounds is up to the output's kind and the site file. The gateway must run with \
            `hardware: simulated`.
            Example: courtyard-sim outputs --follow
            """)

    @Flag(help: "Go on with a line for every change, until Ctrl-C or the gateway ends.")
    var follow = false
    @Option(help: "The gateway's simulator-socket.")
    var socket = Press.defaultSocket

    func run() throws {
        var lines = try LinesClient(path: socket)
        let shown = try lines.outputs()
        for output in shown { Self.print(output) }
        if shown.isEmpty && !follow { complain("the gateway has no outputs: look at `outputs` in its site file") }
        while follow { Self.print(try lines.nextOutput()) }
    }

    /// At once: whoever reads a pipe wants to see it now.
    private static func print(_ shown: ShownOutput) {
        Swift.print("\(shown.output) \(shown.signal)")
        fflush(nil)
    }
}

/// Says something beside what was asked for, on standard error.
func complain(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
}
