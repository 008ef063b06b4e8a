/// How many presses of one open call are told one by one: a resident who presses on and on is heard each time, a
/// flickering contact must not fill disk and display. Counts as a generic cell rate algorithm does (ITU-T I.371, annex
/// A): one moment says it all.
struct PressLimit: Hashable, Sendable {
    /// So many at once…
    static let burst: Int64 = 60
    /// …and one more after each of these.
    static let every = Duration.seconds(1)

    /// When the bucket will have run empty.
    private var emptyAt: Moment?

    /// True if a press at `moment` may be told.
    mutating func admits(_ moment: Moment) -> Bool {
        let start = max(emptyAt ?? moment, moment)
        guard (start - moment).nanoseconds <= (Self.burst - 1) * Self.every.nanoseconds else { return false }
        emptyAt = start + Self.every
        return true
    }
}
