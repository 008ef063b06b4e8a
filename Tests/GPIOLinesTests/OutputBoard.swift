import CallCore
import GPIOLines
import Synchronization
import Testing

/// An outputs driver under test and everything it reported.
final class OutputBoard: Sendable {
    private let log = ReportList()
    let outputs: GPIOOutputs

    /// - Parameter shown: what is shown before the driver starts.
    init(_ lines: [OutputLine], showing shown: [OutputID: OutputPattern] = [:]) throws {
        outputs = try GPIOOutputs { [log] in log.add($0) }
        for (output, pattern) in shown { outputs.show(output, pattern) }
        outputs.drive(lines)
        outputs.start()
        let all = Set(lines.map(\.output))
        wait("\(all.count) outputs to work or be in trouble") { Set(reports.map(\.output)).isSuperset(of: all) }
    }

    deinit { outputs.stop() }

    /// Everything so far, in the order of reporting.
    var reports: [OutputReport] { log.all }

    func reports(of output: OutputID) -> [OutputReport] { reports.filter { $0.output == output } }

    /// Waits until the thread has done everything that was asked before.
    func settle(sourceLocation: SourceLocation = #_sourceLocation) {
        let done = Mutex(false)
        outputs.checkIn { done.withLock { $0 = true } }
        wait("the thread to check in", sourceLocation: sourceLocation) { done.withLock { $0 } }
    }
}

private final class ReportList: Sendable {
    private let kept = Mutex<[OutputReport]>([])
    var all: [OutputReport] { kept.withLock { $0 } }
    func add(_ reports: [OutputReport]) { kept.withLock { $0 += reports } }
}

extension OutputReport {
    var output: OutputID {
        switch self {
        case .working(let output), .trouble(let output, _): output
        }
    }
}
