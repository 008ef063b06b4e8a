internal import CallCore

/// One pattern as it is being played: whether its output is on at a moment, and when that changes next. Every change
/// is counted from the start, so that a late look shortens one span and delays none.
struct PatternPlayer: Hashable {
    let pattern: OutputPattern
    let started: Moment

    /// When each span ends, in nanoseconds since the round began; those of even index are on. Empty: nothing changes.
    private let ends: [Int64]
    /// The level when no span is played: off, unless the pattern is steadily on.
    private let restLevel: Bool

    /// - Parameter pattern: one that isn't playable counts as off.
    init(_ pattern: OutputPattern, at started: Moment) {
        self.pattern = pattern
        self.started = started
        let isSteady = pattern.isSteady || !pattern.isPlayable
        restLevel = isSteady && pattern.isPlayable && !pattern.spans.isEmpty
        var ends: [Int64] = []
        if !isSteady {
            for span in pattern.spans { ends.append((ends.last ?? 0) + span.nanoseconds) }
            // Off at the end of a pattern that is played once: nothing changes any more.
            if !pattern.repeats && ends.count % 2 == 0 { ends.removeLast() }
        }
        self.ends = ends
    }

    /// Whether the output is on at this moment.
    func level(at moment: Moment) -> Bool {
        guard let span = place(of: moment).span else { return restLevel }
        return span % 2 == 0
    }

    /// The first moment after this one at which the level changes; nil if it stays for ever.
    func nextChange(after moment: Moment) -> Moment? {
        let (round, span) = place(of: moment)
        guard let span else { return nil }
        // Of an odd number that repeats the last span goes on as the next round's first.
        let joinsNext = pattern.repeats && ends.count % 2 != 0 && span == ends.count - 1
        return joinsNext ? round + .nanoseconds(ends.last! + ends[0]) : round + .nanoseconds(ends[span])
    }

    /// When the moment's round began and which span it is in; no span once nothing changes any more. Before the start
    /// is as at the start.
    private func place(of moment: Moment) -> (round: Moment, span: Int?) {
        guard let length = ends.last else { return (started, nil) }
        var elapsed = max(0, (moment - started).nanoseconds)
        var round = started
        if pattern.repeats {
            round = round + .nanoseconds(elapsed / length * length)
            elapsed %= length
        }
        return (round, ends.firstIndex { elapsed < $0 })
    }
}
