import CallCore
import Foundation
import Glibc
import Synchronization
import Testing

/// What a driver has told.
final class Log: Sendable {
    private let kept = Mutex<(presses: [RadioReport], conditions: [ReceiverCondition])>(([], []))

    var presses: [RadioReport] { kept.withLock { $0.presses } }
    var conditions: [ReceiverCondition] { kept.withLock { $0.conditions } }

    func add(_ presses: [RadioReport], _ condition: ReceiverReport?) {
        kept.withLock { kept in
            kept.presses += presses
            if let condition { kept.conditions.append(condition.condition) }
        }
    }
}

func wait(until what: String, within seconds: Double = 15, _ condition: () -> Bool) throws {
    let end = Date() + seconds
    while Date() < end {
        if condition() { return }
        usleep(2000)
    }
    Issue.record("not within \(seconds) s: \(what)")
    throw CancellationError()
}
