internal import CallCore

/// Looks for the shortest sequence of happenings that still leads to the same complaint, by leaving out halves, quarters,
/// eighths … (A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
package struct Shrinker {
    private let settings: Episode.Settings
    private let rule: Complaint.Rule
    /// How many sequences are tried at most.
    private let tries: Int

    /// - Parameter rule: what must still be complained about.
    package init(_ settings: Episode.Settings, _ rule: Complaint.Rule, tries: Int = 400) {
        self.settings = settings
        self.rule = rule
        self.tries = tries
    }

    /// The shortest that was found.
    /// - Parameter progress: told after each try how many there were, and how many happenings are left.
    package func shortest(progress: (_ tried: Int, _ left: Int) -> Void) throws -> Episode.Settings {
        var found = settings
        let all = try Episode(settings)
        let outcome = all.run()
        guard let complaint = outcome.complaint else { return settings }
        // What comes after the complaint has no part in it.
        var kept = (settings.kept ?? Array(all.plan.indices)).filter { all.plan[$0].at <= complaint.at }
        var tried = 0
        func fails(_ some: [Int]) throws -> Bool {
            tried += 1
            var attempt = settings
            attempt.kept = some
            let failed = try Episode(attempt).run().complaint?.rule == rule
            progress(tried, failed ? some.count : kept.count)
            return failed
        }
        guard try fails(kept) else { return settings }
        var parts = 2
        while kept.count > 1, tried < tries {
            let size = (kept.count + parts - 1) / parts
            var start = 0
            var hasShrunk = false
            while start < kept.count, tried < tries {
                let rest = Array(kept[..<start] + kept[min(kept.count, start + size)...])
                if !rest.isEmpty, try fails(rest) {
                    (kept, hasShrunk) = (rest, true)
                } else {
                    start += size
                }
            }
            if !hasShrunk, size == 1 { break }
            parts = hasShrunk ? max(2, parts - 1) : min(kept.count, parts * 2)
        }
        found.kept = kept
        return found
    }
}
