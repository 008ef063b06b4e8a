internal import CallCore

/// When lines in trouble are tried again: after 1 s, doubling to 10 s. Lines due close together are tried together,
/// so that a chip with 200 lines that went away costs one wake-up per round.
struct RetrySchedule {
    static let firstDelay = Duration.seconds(1)
    static let longestDelay = Duration.seconds(10)
    private static let together = Duration.milliseconds(50)

    private struct Entry {
        var delay: Duration
        var due: Moment
    }

    private var entries: [PointID: Entry] = [:]

    /// When the next line is due; nil if none is in trouble.
    var next: Moment? { entries.values.map(\.due).min() }

    /// The line of `point` can't be watched.
    mutating func failed(_ point: PointID, at now: Moment) {
        let last = entries[point]?.delay ?? .zero
        let delay = min(max(last * 2, Self.firstDelay), Self.longestDelay)
        entries[point] = Entry(delay: delay, due: now + delay)
    }

    /// The line of `point` works, or isn't wanted any more.
    mutating func forget(_ point: PointID) { entries[point] = nil }

    /// Something changed (a chip appeared): every line is due now, and waits start over.
    mutating func hurry(at now: Moment) {
        for point in entries.keys { entries[point] = Entry(delay: .zero, due: now) }
    }

    /// The points to try now, in the order of their ids.
    func due(at now: Moment) -> [PointID] {
        guard let next, next <= now else { return [] }
        return entries.filter { $0.value.due <= now + Self.together }.keys.sorted()
    }
}
