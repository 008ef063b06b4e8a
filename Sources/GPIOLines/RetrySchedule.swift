internal import CallCore

/// When lines in trouble are tried again: after 1 s, doubling to 10 s. Lines due close together are tried together,
/// so that a chip with 200 lines that went away costs one wake-up per round.
struct RetrySchedule<ID: Name> {
    private static var firstDelay: Duration { .seconds(1) }
    private static var longestDelay: Duration { .seconds(10) }
    private static var together: Duration { .milliseconds(50) }

    private struct Entry {
        var delay: Duration
        var due: Moment
    }

    private var entries: [ID: Entry] = [:]

    /// When the next line is due; nil if none is in trouble.
    var next: Moment? { entries.values.map(\.due).min() }

    /// The line can't be held.
    mutating func failed(_ id: ID, at now: Moment) {
        let last = entries[id]?.delay ?? .zero
        let delay = min(max(last * 2, Self.firstDelay), Self.longestDelay)
        entries[id] = Entry(delay: delay, due: now + delay)
    }

    /// The line works, or isn't wanted any more.
    mutating func forget(_ id: ID) { entries[id] = nil }

    /// Something changed (a chip appeared): every line is due now, and waits start over.
    mutating func hurry(at now: Moment) {
        for id in entries.keys { entries[id] = Entry(delay: .zero, due: now) }
    }

    /// Whose lines to try now, in the order of their ids.
    func due(at now: Moment) -> [ID] {
        guard let next, next <= now else { return [] }
        return entries.filter { $0.value.due <= now + Self.together }.keys.sorted()
    }
}
