import Foundation
import MQTTLink

/// What a link reports, for a test to wait on.
final class Recorder: @unchecked Sendable {
    private let condition = NSCondition()
    private var reports: [(at: SuspendingClock.Instant, report: LinkReport)] = []

    func note(_ report: LinkReport) {
        condition.lock()
        reports.append((SuspendingClock().now, report))
        condition.broadcast()
        condition.unlock()
    }

    var all: [LinkReport] {
        condition.lock()
        defer { condition.unlock() }
        return reports.map(\.report)
    }

    /// The first `count` values that `pick` finds from the `start`th report on; fails the test at the deadline.
    func first<Value>(
        _ count: Int = 1, from start: Int = 0, within seconds: Double = 10, _ what: String,
        _ pick: (LinkReport) -> Value?
    ) throws -> [Value] {
        let deadline = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while true {
            let found = reports.dropFirst(start).compactMap { pick($0.report) }
            if found.count >= count { return Array(found.prefix(count)) }
            if !condition.wait(until: deadline) {
                throw Missing("no \(what) within \(seconds) s; reported: \(reports.map(\.report))")
            }
        }
    }

    func one<Value>(
        from start: Int = 0, within seconds: Double = 10, _ what: String, _ pick: (LinkReport) -> Value?
    ) throws -> Value {
        try first(from: start, within: seconds, what, pick)[0]
    }
}

struct Missing: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits until `condition` holds; fails the test at the deadline.
func eventually(_ what: String, within seconds: Double = 10, _ condition: () throws -> Bool) throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while try !condition() {
        guard Date() < deadline else { throw Missing("not within \(seconds) s: \(what)") }
        Thread.sleep(forTimeInterval: 0.005)
    }
}

/// How long `body` takes.
func time<Value>(_ body: () throws -> Value) rethrows -> (Value, Duration) {
    let start = SuspendingClock().now
    let value = try body()
    return (value, SuspendingClock().now - start)
}

extension LinkReport {
    var connected: UInt64? { if case .connected(let number, _, _, _) = self { number } else { nil } }
    var connectedBroker: Int? { if case .connected(_, let broker, _, _) = self { broker } else { nil } }
    var sessionPresent: Bool? { if case .connected(_, _, let present, _) = self { present } else { nil } }
    var acknowledged: (PublishID, UInt8)? {
        if case .acknowledged(let publish, let reason) = self { (publish, reason) } else { nil }
    }
    var received: Message? { if case .received(let message) = self { message } else { nil } }
    var subscribed: UInt8? { if case .subscribed(_, let reason) = self { reason } else { nil } }
    var failed: MQTTFailure? { if case .failed(_, _, let failure) = self { failure } else { nil } }
    var disconnected: MQTTFailure? { if case .disconnected(_, _, _, let failure) = self { failure } else { nil } }
    var waiting: Duration? { if case .waiting(let time) = self { time } else { nil } }
}
