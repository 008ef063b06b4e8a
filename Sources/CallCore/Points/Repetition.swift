/// Notices a button that is pressed again and again: whoever presses the meal button three times in ten seconds may not
/// be able to reach another.
struct Repetition: Hashable, Sendable {
    /// So many presses …
    static let presses = 3
    /// … within this, first to last.
    static let within = Duration.seconds(10)

    private var recent: [Moment] = []

    /// True if this press is the last of three; then the count begins anew.
    mutating func pressed(at moment: Moment) -> Bool {
        recent.removeAll { moment - $0 > Self.within }
        recent.append(moment)
        guard recent.count >= Self.presses else { return false }
        recent = []
        return true
    }
}
