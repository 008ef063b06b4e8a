internal import ArgumentParser

/// `courtyard-sim press`: presses a button of a running simulated gateway.
struct Press: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Press a button of a running simulated gateway.",
        discussion: """
            Returns once the button is released. The gateway must run with `hardware: simulated`.
            Example: courtyard-sim press b3-u2-401 --hold 200ms --bounce --times 3
            """)

    @Argument(help: "The call point's id.")
    var point: String
    @Option(help: "How long the button is held, such as 200ms or 3s.")
    var hold = Span(.milliseconds(200))
    @Option(help: "How many times it is pressed.")
    var times = 1
    @Option(help: "How long it is left between presses.")
    var gap = Span(.milliseconds(300))
    @Flag(help: "The contact bounces, as real ones do.")
    var bounce = false
    @Option(help: "The gateway's simulator-socket.")
    var socket = "/run/courtyard-gateway/lines.sock"

    func validate() throws {
        guard (1...10_000).contains(times) else { throw ValidationError("--times takes 1 to 10000") }
    }

    func run() throws {
        var lines = try LinesClient(path: socket)
        let pressing = Pressing(hold: hold.duration, bounces: bounce)
        for press in 1...times {
            if press > 1 { Pressing.wait(gap.duration) }
            try pressing.carryOut(point, on: &lines)
        }
    }
}

/// A duration as it is typed: a number and `ms`, `s` or `min`.
struct Span: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let digits = argument.prefix { $0.isNumber }
        guard let number = Int(digits), number < 1_000_000 else { return nil }
        switch argument.dropFirst(digits.count) {
        case "ms": duration = .milliseconds(number)
        case "s": duration = .seconds(number)
        case "min": duration = .seconds(60 * number)
        default: return nil
        }
    }

    var defaultValueDescription: String {
        "\(duration.components.seconds > 0 ? "\(duration.components.seconds)s" : "\(duration.components.attoseconds / 1_000_000_000_000_000)ms")"
    }
}
