import Foundation
import Glibc

/// What a test was waiting for did not come in time.
struct TimedOut: Error, CustomStringConvertible {
    let what: String
    let limit: Duration

    var description: String { "not within \(limit): \(what)" }
}

/// Something that a test needs did not work.
struct Broken: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// How long a thing may take that takes milliseconds on an idle machine: the bound is for a busy one.
let patience = Duration.seconds(10)

/// Asks `probe` again and again until it gives something.
func wait<T>(for what: @autoclosure () -> String, within limit: Duration = patience, _ probe: () throws -> T?) throws
    -> T
{
    let end = ContinuousClock.now + limit
    while true {
        if let found = try probe() { return found }
        guard ContinuousClock.now < end else { throw TimedOut(what: what(), limit: limit) }
        pause(.milliseconds(5))
    }
}

/// Asks `condition` again and again until it holds.
func wait(until what: @autoclosure () -> String, within limit: Duration = patience, _ condition: () throws -> Bool)
    throws
{
    _ = try wait(for: what(), within: limit) { try condition() ? true : nil }
}

/// Part of a test's own doing, such as how long a button is held; never a wait for the agent.
func pause(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var left = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    var rest = timespec()
    while nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
}

/// How long `body` took.
func duration(_ body: () throws -> Void) rethrows -> Duration { try ContinuousClock().measure(body) }

/// The wall clock in milliseconds since 1970, as the agent reads it.
func wallMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

/// Milliseconds since 1970 of a time as the contract has it: RFC 3339, UTC, three digits of a second. Nil otherwise.
func contractTime(_ text: String?) -> Int64? {
    guard let text, let match = text.wholeMatch(of: /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})Z/),
        let seconds = ISO8601DateFormatter().date(from: match.1 + "Z")
    else { return nil }
    return Int64(seconds.timeIntervalSince1970) * 1000 + Int64(match.2)!
}
