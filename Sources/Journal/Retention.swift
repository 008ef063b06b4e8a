public import CallCore

extension Journal {
    /// Takes old rows away, at most `limit` of them, in one small transaction; nothing is written when there are none.
    /// Call it again until it answers 0, with other work in between: what is left over goes then.
    ///
    /// What goes: events that happened before `olderThan` and that the broker has acknowledged, the oldest of each
    /// series first and never a series' last one; closed calls that were raised and closed before it, never the highest
    /// number of a journal. So series stay without gaps, and numbers go on where they were. Open calls stay however old
    /// they are. The file doesn't shrink; new rows take the room.
    ///
    /// Age is judged by the wall clock, and that may have been wrong: see ``Ageing``. Throws as ``commit(_:)`` does.
    ///
    /// - Returns: how many rows went.
    public func prune(olderThan: WallTime, limit: Int) throws(JournalError) -> Int {
        guard limit > 0 else { return 0 }
        return try change { store throws(JournalError) in try store.prune(olderThan: olderThan, limit: limit) }
    }
}

/// Finds the end of what is old in rows that come in the order in which they were written. Their order is certain,
/// their dates are not: a board without a battery begins in 1970 until somebody sets its clock.
///
/// A date is certain while the clock was synchronised. What was written before something that is certainly old is old
/// too, whatever its date. Else an uncertain date counts, so that a courtyard whose clock nobody ever synchronises is
/// pruned too; but not one before 2020, and not after a date that isn't old.
struct Ageing {
    /// What is dated before this is old.
    let cutoff: WallTime
    /// The key of the last row that is old; nil while there is none.
    private(set) var end: Int64?
    private var isDoubtful = false

    /// No call was journalled before 2020: such a date is a clock that nobody set.
    static let earliest = WallTime(milliseconds: 1_577_836_800_000)

    init(cutoff: WallTime) { self.cutoff = cutoff }

    /// Takes the next row; false if neither it nor any row after it is old.
    mutating func see(_ key: Int64, _ wall: WallTime, synchronized: Bool) -> Bool {
        switch (wall < cutoff, synchronized) {
        case (true, true):
            end = key
            isDoubtful = false
        case (true, false): if wall >= Self.earliest && !isDoubtful { end = key }
        case (false, true): return false
        case (false, false): isDoubtful = true
        }
        return true
    }
}

extension Store {
    /// How many rows of a series or journal are looked at, at least, for the end of what is old: as many rows with
    /// useless dates may stand in front of it.
    private static let lookAhead = 1000

    private struct Cut {
        let series: Series
        let through: Int64
    }

    private enum Series {
        case events(stream: Int64)
        case calls(journal: String)
    }

    func prune(olderThan cutoff: WallTime, limit: Int) throws(JournalError) -> Int {
        let cuts = try cuts(cutoff, limit)
        guard !cuts.isEmpty else { return 0 }
        let operation = "taking old rows away"
        let dropEvents = try connection.prepare("DELETE FROM event WHERE stream = ? AND sequence <= ?", for: operation)
        let dropCalls = try connection.prepare(
            "DELETE FROM call WHERE journal = ? AND number <= ? AND \(Self.closedBefore)", for: operation)
        var gone = 0
        try begin.run()
        for cut in cuts {
            switch cut.series {
            case .events(let stream):
                dropEvents.put(stream)
                dropEvents.put(cut.through)
                try dropEvents.run()
            case .calls(let journal):
                dropCalls.put(journal)
                dropCalls.put(cut.through)
                dropCalls.put(cutoff.milliseconds)
                try dropCalls.run()
            }
            gone += connection.changes
        }
        try commit.run()
        return gone
    }

    /// A call may have stood open for years; it is as old as its end.
    private static let closedBefore = "closed = 1 AND coalesce(time_resolved, time_cancelled, raised_ms) < ?"

    /// What is to go, `limit` rows in all.
    private func cuts(_ cutoff: WallTime, _ limit: Int) throws(JournalError) -> [Cut] {
        let operation = "looking for old rows"
        let events = try connection.prepare(
            """
            SELECT sequence, occurred_ms, occurred_synchronized, 1 FROM event
            WHERE stream = ?1 AND sequence <= (SELECT acknowledged FROM stream WHERE id = ?1)
                AND sequence < (SELECT max(sequence) FROM event WHERE stream = ?1)
            ORDER BY sequence LIMIT ?2
            """, for: operation)
        let calls = try connection.prepare(
            """
            SELECT number, raised_ms, raised_synchronized, \(Self.closedBefore) FROM call
            WHERE journal = ?2 AND number < (SELECT max(number) FROM call WHERE journal = ?2)
            ORDER BY number LIMIT ?3
            """, for: operation)
        var found: [Cut] = []
        var left = limit
        func look(_ rows: Statement, _ series: Series) throws(JournalError) {
            rows.put(max(limit, Self.lookAhead))
            guard let (through, count) = try oldRows(rows, cutoff, atMost: left) else { return }
            left -= count
            found.append(Cut(series: series, through: through))
        }
        for stream in streamNumbers where left > 0 {
            events.put(stream)
            try look(events, .events(stream: stream))
        }
        for journal in try journalsOfCalls() where left > 0 {
            calls.put(cutoff.milliseconds)
            calls.put(journal)
            try look(calls, .calls(journal: journal))
        }
        return found
    }

    /// The key through which rows are to go, and how many that are; nil if none.
    private func oldRows(
        _ rows: Statement, _ cutoff: WallTime, atMost most: Int
    ) throws(JournalError) -> (through: Int64, count: Int)? {
        defer { rows.reset() }
        var ageing = Ageing(cutoff: cutoff)
        var mayGo: [Int64] = []
        while try rows.step() {
            let key = rows.number()
            let wall = WallTime(milliseconds: rows.number())
            guard ageing.see(key, wall, synchronized: rows.flag()) else { break }
            if rows.flag() && mayGo.count < most { mayGo.append(key) }
        }
        guard let end = ageing.end else { return nil }
        let going = mayGo.prefix { $0 <= end }
        return going.last.map { ($0, going.count) }
    }

    /// The journals that calls are of, without reading every call.
    private func journalsOfCalls() throws(JournalError) -> [String] {
        let next = try connection.prepare(
            "SELECT min(journal) FROM call WHERE journal > ?", for: "looking for old rows")
        var found: [String] = []
        var last = ""
        while true {
            next.put(last)
            defer { next.reset() }
            guard try next.step(), let journal = next.optionalText() else { return found }
            found.append(journal)
            last = journal
        }
    }
}
