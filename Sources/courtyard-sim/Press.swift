internal import ArgumentParser
internal import CallCore
internal import Glibc

/// `courtyard-sim press`: presses a button of a running simulated gateway.
struct Press: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Press a button of a running simulated gateway.",
        discussion: """
            Returns once the button is released; ended early, it lets the button go. The gateway must run with
            `hardware: simulated`.
            Example: courtyard-sim press b3-u2-401 --hold 200ms --bounce --times 3
            """)

    @Argument(help: "The call point's id.")
    var point: String
    @Option(help: "How long the button is held, such as 200ms, 3s or 1min.")
    var hold = Span(.milliseconds(200))
    @Option(help: "How many times it is pressed, 1 to 10000.")
    var times = 1
    @Option(help: "How long it is left between presses.")
    var gap = Span(.milliseconds(300))
    @Flag(help: "The contact bounces, as real ones do.")
    var bounce = false
    @Option(help: "The gateway's simulator-socket.")
    var socket = Self.defaultSocket

    /// Where the site file puts it unless told otherwise.
    static let defaultSocket = "/run/courtyard-gateway/lines.sock"
    /// What is said to somebody who typed no call point's id.
    static func noID(_ text: String) -> String { "a call point's id is 1 to 64 of a-z, 0-9 and -; \(text) is none" }

    func validate() throws {
        guard (1...10_000).contains(times) else {
            throw ValidationError("--times takes a whole number from 1 to 10000, not \(times)")
        }
        guard PointID(point) != nil else { throw ValidationError(Self.noID(point)) }
    }

    func run() throws {
        var lines = try LinesClient(path: socket)
        for press in 1...times {
            if press > 1 { Self.wait(gap.duration) }
            try settle(made: true, on: &lines)
            Self.wait(hold.duration)
            try settle(made: false, on: &lines)
        }
    }

    /// A contact that bounces changes up to eight more times within 3 ms before it stays.
    private func settle(made: Bool, on lines: inout LinesClient) throws {
        try lines.set(point, made: made)
        guard bounce else { return }
        for _ in 0..<Int.random(in: 1...4) {
            Self.wait(.microseconds(Int.random(in: 50...350)))
            try lines.set(point, made: !made)
            Self.wait(.microseconds(Int.random(in: 50...350)))
            try lines.set(point, made: made)
        }
    }

    private static func wait(_ duration: Duration) {
        let (seconds, nanoseconds) = duration.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        var left = timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
        var rest = timespec()
        while nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
    }
}

/// A duration as it is typed: a whole number under a million, and `ms`, `s` or `min`.
struct Span: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), number < 1_000_000 else { return nil }
        switch argument.dropFirst(digits.count) {
        case "ms": duration = .milliseconds(number)
        case "s": duration = .seconds(number)
        case "min": duration = .seconds(60 * number)
        default: return nil
        }
    }

    /// In the largest unit that says it exactly.
    var defaultValueDescription: String {
        let milliseconds = duration.milliseconds
        return milliseconds == 0 || milliseconds % 1000 != 0
            ? "\(milliseconds)ms"
            : milliseconds % 60_000 == 0 ? "\(milliseconds / 60_000)min" : "\(milliseconds / 1000)s"
    }
}
