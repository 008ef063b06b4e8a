internal import ArgumentParser
internal import CallCore
internal import CourtyardSimulation
internal import Glibc

/// `courtyard-sim press`: presses a button of a running simulated gateway.
struct Press: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Press a button of a running simulated gateway.",
        discussion: """
            Returns once the button is released; ended early, it lets the button go. The gateway must run with
            `hardware: simulated`.
            Examples: courtyard-sim press b3-u2-401 --hold 200ms --bounce --times 3
                      courtyard-sim press --code 0x13CD38 --hold 2s
            """)

    @Argument(help: "The call point's id; not with --code.")
    var point: String?
    @Option(help: "Let a transmitter with this code send, as long as its button is held.")
    var code: String?
    @Option(
        name: .customLong("protocol"), help: "How the code is keyed; ev1527 unless given.",
        transform: { text in
            guard let found = RadioProtocol.keyed.first(where: { $0.rawValue == text }) else {
                let known = RadioProtocol.keyed.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("\(text) is none of \(known)")
            }
            return found
        })
    var radioProtocol: RadioProtocol?
    @Option(help: "The receiver that hears it; all unless given.")
    var receiver: String?
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
        guard (point == nil) == (code != nil) else { throw ValidationError("name a call point, or a --code") }
        if let point, PointID(point) == nil { throw ValidationError(Self.noID(point)) }
        if let code, Self.value(of: code) == nil {
            throw ValidationError("--code is hexadecimal, such as 0x13CD38, not \(code)")
        }
    }

    func run() throws {
        var lines = try LinesClient(path: socket)
        for press in 1...times {
            if press > 1 { Self.wait(gap.duration) }
            if let point {
                try settle(point, made: true, on: &lines)
                Self.wait(hold.duration)
                try settle(point, made: false, on: &lines)
            } else if let value = code.flatMap(Self.value) {
                try send(value, on: &lines)
            }
        }
    }

    private static func value(of code: String) -> UInt64? {
        UInt64(code.hasPrefix("0x") ? String(code.dropFirst(2)) : code, radix: 16)
    }

    /// A transmitter sends, with a quiet gap behind it.
    private func send(_ value: UInt64, on lines: inout LinesClient) throws {
        let kind = radioProtocol ?? .ev1527
        let receivers = try receiver.map { [$0] } ?? lines.receivers()
        guard !receivers.isEmpty else {
            throw SimulatorError("the gateway has no receiver: look at `receivers` in its site file")
        }
        var (sent, dice) = (Transmissions(), Dice.fresh)
        let code = RadioCode(kind, value: value, bits: kind.usualBits)
        _ = sent.press(
            code, Keying(base: kind.usualBase), after: .zero, held: hold.duration, fading: 0, &dice)
        var air = Air(dice.split())
        air.hissAfter = nil
        let sending = RadioSending(receivers: [], edges: sent.edges(through: air), presses: [])
        for receiver in receivers { try lines.show(on: receiver, sending.microseconds) }
        // So long until the receiver knows that it is over.
        Self.wait(sending.lasts + .milliseconds(450))
    }

    /// A contact that bounces changes up to eight more times within 3 ms before it stays.
    private func settle(_ point: String, made: Bool, on lines: inout LinesClient) throws {
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
