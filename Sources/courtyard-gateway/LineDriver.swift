internal import CallCore
internal import GPIOLines
internal import GatewayAgent
internal import SimulatedLines
internal import SiteConfig

/// Where presses come from: kernel lines or the simulator, never both.
enum LineDriver {
    case gpio(GPIOLines)
    case simulated(SimulatedLines)

    init(_ site: Site, inbox: Inbox) throws {
        switch site.hardware {
        case .gpio: self = .gpio(try GPIOLines { inbox.put($0) })
        case .simulated: self = .simulated(try SimulatedLines(path: site.files.simulator) { inbox.put($0) })
        }
    }

    func start() {
        switch self {
        case .gpio(let lines): lines.start()
        case .simulated(let lines): lines.start()
        }
    }

    /// These points from now on; unchanged ones lose no edge.
    func watch(_ site: Site) {
        switch self {
        case .gpio(let lines): lines.watch(site.lines)
        case .simulated(let lines): lines.watch(site.points.map(\.id))
        }
    }

    func checkIn(_ done: @escaping @Sendable () -> Void) {
        switch self {
        case .gpio(let lines): lines.checkIn(done)
        case .simulated(let lines): lines.checkIn(done)
        }
    }

    func stop() {
        switch self {
        case .gpio(let lines): lines.stop()
        case .simulated(let lines): lines.stop()
        }
    }
}

/// What the board shows. Reassurance outputs come behind the same port.
final class BoardOutputs: Outputs {
    private let driver: LineDriver
    private let log: Log

    init(_ driver: LineDriver, log: Log) {
        self.driver = driver
        self.log = log
    }

    func show(_ output: OutputID, _ signal: Signal, _ pattern: OutputPattern) {
        if case .simulated(let lines) = driver { lines.tell("output \(output) \(signal.rawValue)") }
    }

    func identify() {
        log.log(.notice, "identify: this is the board that was asked for", [:])
        if case .simulated(let lines) = driver { lines.tell("output identify") }
    }
}
