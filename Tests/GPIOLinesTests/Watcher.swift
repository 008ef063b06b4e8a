import CGpiod
import CallCore
import GPIOLines
import Glibc
import Synchronization
import Testing

/// A driver under test and everything it reported.
final class Watcher: Sendable {
    private let log: ReportLog
    let lines: GPIOLines
    private let watched: [WatchedLine]

    /// - Parameter heldUp: the driver is stuck in its first report until `letGo`.
    init(_ watched: [WatchedLine], heldUp: Bool = false) throws {
        let log = ReportLog()
        if heldUp { log.holdUp() }
        self.log = log
        self.watched = watched
        lines = try GPIOLines { log.add($0) }
        lines.start()
        lines.watch(watched)
    }

    deinit { lines.stop() }

    /// Everything so far, in the order of reporting.
    var reports: [LineReport] { log.batches.flatMap { $0 } }
    var batches: [[LineReport]] { log.batches }

    func reports(of point: PointID) -> [LineReport] { reports.filter { $0.point == point } }

    /// The levels that the point's edges led to.
    func edges(of point: PointID) -> [Bool] {
        reports(of: point).compactMap { if case .edge(_, let made, _) = $0 { made } else { nil } }
    }

    func troubles(of point: PointID) -> [LineTrouble] {
        reports(of: point).compactMap { if case .trouble(_, let trouble, _) = $0 { trouble } else { nil } }
    }

    func armings(of point: PointID) -> [Bool] {
        reports(of: point).compactMap { if case .armed(_, let made, _) = $0 { made } else { nil } }
    }

    /// Waits until every line of the list has been armed or found in trouble.
    func settle(sourceLocation: SourceLocation = #_sourceLocation) {
        let points = watched.map(\.point)
        wait("\(points.count) lines to be armed or in trouble", sourceLocation: sourceLocation) {
            Set(reports.map(\.point)).isSuperset(of: points)
        }
    }

    /// While held, the driver is stuck in its report and edges pile up in the kernel.
    func holdUp() { log.holdUp() }
    func letGo() { log.letGo() }
}

private final class ReportLog: Sendable {
    private let kept = Mutex<[[LineReport]]>([])
    private let held = Mutex(false)

    var batches: [[LineReport]] { kept.withLock { $0 } }

    func add(_ batch: [LineReport]) {
        kept.withLock { $0.append(batch) }
        while held.withLock({ $0 }) { usleep(500) }
    }

    func holdUp() { held.withLock { $0 = true } }
    func letGo() { held.withLock { $0 = false } }
}

/// Waits until `condition` is true; after 15 s the test fails and goes on.
func wait(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation, until condition: () -> Bool
) {
    for _ in 0..<15_000 {
        if condition() { return }
        usleep(1000)
    }
    Issue.record("waited 15 s for \(what)", sourceLocation: sourceLocation)
}

/// Another program that holds a line.
final class OtherProgram {
    private let request: OpaquePointer

    init(named consumer: String, holding offset: Int, of chip: SimulatedChip) throws {
        var opened: OpaquePointer?
        try #require(cgpiod_chip_open("/dev/\(chip.name)", &opened) == 0)
        var request: OpaquePointer?
        let result = consumer.withCString { consumer in
            var settings = cgpiod_settings(
                consumer: consumer, bias: CGPIOD_BIAS_DISABLED, active_low: false, edges: false)
            return cgpiod_request_input(opened, UInt32(offset), &settings, &request)
        }
        cgpiod_chip_close(opened)
        try #require(result == 0)
        self.request = try #require(request)
    }

    deinit {
        // SAFETY: made by init for this object alone.
        cgpiod_request_release(request)
    }
}
