internal import CallCore
internal import GPIOLines
internal import GatewayAgent
internal import RadioReceivers
internal import SimulatedLines
internal import SiteConfig

/// What the gateway listens to and answers with: kernel lines or the simulator, never both, and beside either the
/// receivers that decode by themselves.
final class LineDriver: Sendable {
    private enum Lines {
        case gpio(GPIOLines, GPIOOutputs, GPIOReceivers)
        case simulated(SimulatedLines)
    }

    private let lines: Lines
    private let decoding: DecodingReceivers

    init(_ site: Site, inbox: Inbox) throws {
        let heard: GPIOReceivers.Report = { presses, condition in
            inbox.put(presses)
            if let condition { inbox.put(condition) }
        }
        decoding = DecodingReceivers(report: heard)
        switch site.hardware {
        case .gpio:
            let outputs = try GPIOOutputs { reports in
                inbox.put { agent in for report in reports { agent.take(report) } }
            }
            lines = .gpio(try GPIOLines { inbox.put($0) }, outputs, GPIOReceivers(report: heard))
        case .simulated:
            lines = .simulated(
                try SimulatedLines(path: site.files.simulator) {
                    inbox.put($0)
                } heard: { presses, conditions in
                    inbox.put(presses)
                    for condition in conditions { inbox.put(condition) }
                })
        }
    }

    func start() {
        switch lines {
        case .gpio(let lines, let outputs, _):
            lines.start()
            outputs.start()
        case .simulated(let lines): lines.start()
        }
    }

    /// These points and outputs from now on; unchanged ones lose no edge and don't blink.
    /// - Throws: if the process has no descriptors left.
    func watch(_ site: Site) throws {
        switch lines {
        case .gpio(let lines, let outputs, let receivers):
            lines.watch(site.lines)
            outputs.drive(site.outputLines)
            try receivers.listen(site.receivers, for: site.rules.radioProtocols)
        case .simulated(let lines):
            lines.watch(site.rules.watchedPoints)
            lines.listen(site.receivers.filter { !$0.decodesItself }, for: site.rules.radioProtocols)
            lines.drive(site.outputs.map(\.id))
        }
        try decoding.listen(site.receivers, for: site.points.compactMap(\.radio))
    }

    /// What came of what receivers gave out.
    var receiverStatistics: [ReceiverID: ReceiverStatistics] {
        let pins =
            switch lines {
            case .gpio(_, _, let receivers): receivers.statistics
            case .simulated(let lines): lines.statistics
            }
        return pins.merging(decoding.statistics) { $1 }
    }

    /// What must make progress, by thread.
    var threads: [(name: String, checkIn: (@escaping @Sendable () -> Void) -> Void)] {
        switch lines {
        case .gpio(let lines, let outputs, let receivers):
            [("lines", lines.checkIn), ("outputs", outputs.checkIn), ("radio", receivers.checkIn)]
        case .simulated(let lines): [("lines", lines.checkIn)]
        }
    }

    func show(_ output: OutputID, _ signal: Signal, _ pattern: OutputPattern) {
        switch lines {
        case .gpio(_, let outputs, _): outputs.show(output, pattern)
        case .simulated(let lines): lines.show(output, signal)
        }
    }

    /// Says `identify` where there is somebody to read it.
    func identify() {
        if case .simulated(let lines) = lines { lines.tell("output identify") }
    }

    func stop() {
        switch lines {
        case .gpio(let lines, let outputs, let receivers):
            lines.stop()
            outputs.stop()
            receivers.stop()
        case .simulated(let lines): lines.stop()
        }
        decoding.stop()
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
        driver.show(output, signal, pattern)
    }

    func identify() {
        log.log(.notice, "identify: this is the board that was asked for", [:])
        driver.identify()
    }
}
