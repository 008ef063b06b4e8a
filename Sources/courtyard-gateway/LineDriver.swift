internal import CallCore
internal import GPIOLines
internal import GatewayAgent
internal import RadioReceivers
internal import SimulatedLines
internal import SiteConfig

/// What the gateway listens to and answers with: kernel lines or the simulator, never both.
enum LineDriver {
    case gpio(GPIOLines, GPIOOutputs, GPIOReceivers, SerialReceivers)
    case simulated(SimulatedLines)

    init(_ site: Site, inbox: Inbox) throws {
        switch site.hardware {
        case .gpio:
            let lines = try GPIOLines { inbox.put($0) }
            let outputs = try GPIOOutputs { reports in
                inbox.put { agent in for report in reports { agent.take(report) } }
            }
            let heard: GPIOReceivers.Report = { presses, condition in
                inbox.put(presses)
                if let condition { inbox.put(condition) }
            }
            self = .gpio(lines, outputs, GPIOReceivers(report: heard), SerialReceivers(report: heard))
        case .simulated:
            let lines = try SimulatedLines(path: site.files.simulator) {
                inbox.put($0)
            } heard: { presses, conditions in
                inbox.put(presses)
                for condition in conditions { inbox.put(condition) }
            }
            self = .simulated(lines)
        }
    }

    func start() {
        switch self {
        case .gpio(let lines, let outputs, _, _):
            lines.start()
            outputs.start()
        case .simulated(let lines): lines.start()
        }
    }

    /// These points and outputs from now on; unchanged ones lose no edge and don't blink.
    /// - Throws: if the process has no descriptors left.
    func watch(_ site: Site) throws {
        switch self {
        case .gpio(let lines, let outputs, let receivers, let serial):
            lines.watch(site.lines)
            outputs.drive(site.outputLines)
            try receivers.listen(site.receivers, for: site.rules.radioProtocols)
            try serial.listen(site.receivers)
        case .simulated(let lines):
            lines.watch(site.rules.watchedPoints)
            lines.listen(site.receivers, for: site.rules.radioProtocols)
            lines.drive(site.outputs.map(\.id))
        }
    }

    /// What came of what receivers gave out.
    var receiverStatistics: [ReceiverID: ReceiverStatistics] {
        switch self {
        case .gpio(_, _, let receivers, let serial): receivers.statistics.merging(serial.statistics) { $1 }
        case .simulated(let lines): lines.statistics
        }
    }

    /// What must make progress, by thread.
    var threads: [(name: String, checkIn: (@escaping @Sendable () -> Void) -> Void)] {
        switch self {
        case .gpio(let lines, let outputs, let receivers, _):
            [("lines", lines.checkIn), ("outputs", outputs.checkIn), ("radio", receivers.checkIn)]
        case .simulated(let lines): [("lines", lines.checkIn)]
        }
    }

    func stop() {
        switch self {
        case .gpio(let lines, let outputs, let receivers, let serial):
            lines.stop()
            serial.stop()
            outputs.stop()
            receivers.stop()
        case .simulated(let lines): lines.stop()
        }
    }
}

/// Lamps, buzzers and relays, behind the agent's port.
final class BoardOutputs: Outputs {
    private let driver: LineDriver
    private let log: Log

    init(_ driver: LineDriver, log: Log) {
        self.driver = driver
        self.log = log
    }

    func show(_ output: OutputID, _ signal: Signal, _ pattern: OutputPattern) {
        switch driver {
        case .gpio(_, let outputs, _, _): outputs.show(output, pattern)
        case .simulated(let lines): lines.show(output, signal)
        }
    }

    func identify() {
        log.log(.notice, "identify: this is the board that was asked for", [:])
        if case .simulated(let lines) = driver { lines.tell("output identify") }
    }
}
