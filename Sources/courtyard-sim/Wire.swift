internal import ArgumentParser
internal import CLinux
internal import CallCore
internal import Glibc

/// `courtyard-sim wire`: cuts or mends the supervised wire of a call point of a running simulated gateway.
struct Wire: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cut the wire of a call point of a running simulated gateway, or mend it.",
        discussion: """
            A wire that is cut stays so until Ctrl-C, or for as long as --for says, and is whole again then. The \
            point's wire must be supervised (`loop` in the site file), and the gateway run with `hardware: simulated`.
            Example: courtyard-sim wire b3-u2-401 cut --for 30s
            """)

    /// What becomes of the wire.
    enum State: String, ExpressibleByArgument, CaseIterable {
        case cut, whole
    }

    @Argument(help: "The call point's id.")
    var point: String
    @Argument(help: "cut or whole; whole also mends what another courtyard-sim has cut.")
    var state: State
    @Option(name: .customLong("for"), help: "How long it stays cut, such as 5s; otherwise until Ctrl-C.")
    var time: Span?
    @Option(help: "The gateway's simulator-socket.")
    var socket = Press.defaultSocket

    func validate() throws {
        guard PointID(point) != nil else { throw ValidationError(Press.noID(point)) }
        guard state == .cut || time == nil else {
            throw ValidationError("--for says how long a wire stays cut; one that is whole stays so")
        }
    }

    func run() throws {
        var lines = try LinesClient(path: socket)
        try lines.set(wireOf: PointID(unchecked: point), whole: state == .whole)
        guard state == .cut else { return }
        let stop = try Self.stopSignals()
        defer { close(stop) }
        if time == nil { complain("the wire of \(point) is cut until Ctrl-C") }
        try lines.stay(for: time?.duration, orUntil: stop)
    }

    /// Readable once somebody stops the program (signalfd(2)): that is how it is meant to end.
    private static func stopSignals() throws -> Int32 {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        sigprocmask(SIG_BLOCK, &signals, nil)
        let descriptor = signalfd(-1, &signals, Int32(SFD_CLOEXEC))
        guard descriptor >= 0 else { throw SimulatorError("signalfd: \(String(cString: strerror(errno)))") }
        return descriptor
    }
}
