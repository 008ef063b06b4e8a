internal import CallCore

/// Tells from the level of a line which signal an output shows, as somebody does who looks at the lamp: by its rhythm.
///
/// What looks the same can't be told apart, and is named together: `accepted/escalated`. A change is known once only one
/// rhythm fits what has been seen since.
struct SignalReader {
    /// A rhythm, and the signals that have it.
    private struct Rhythm {
        let name: String
        let pattern: OutputPattern
        /// One round.
        let length: Duration
    }

    /// The level was looked at often enough between these moments to know that it stayed. Between one stretch and the
    /// next nobody knows.
    private struct Stretch {
        let level: Bool
        let from: Moment
        var to: Moment
    }

    /// A rhythm that began then.
    private struct Guess {
        let rhythm: Int
        let start: Moment
    }

    /// By how much the line may be off from its rhythm: the driver's own lateness, and the looks'.
    private static let tolerance = Duration.milliseconds(40)
    /// Looks no further apart than this leave nothing out: a little more than the stage's own while it expects something.
    private static let unbroken = Duration.milliseconds(60)
    /// Where nobody looked, a rhythm may have begun at any of so many moments: well within the tolerance.
    private static let step = Duration.milliseconds(20)
    /// What is shown may have begun so long before it was first seen: a whole round of flashes may fall between rare looks.
    private static let unseen = Duration.seconds(2)

    private let rhythms: [Rhythm]
    /// What was seen so long ago may still tell when something began: it may have been on for its first span already.
    private let memory: Duration
    /// The rhythm of nothing.
    private let dark: Int
    /// What is shown; nil while it is being found out.
    private var shown: Guess?
    /// What was seen and is still of interest; what is shown now did not begin before the first.
    private var stretches: [Stretch]
    /// Until when what is shown now may have begun.
    private var latestStart: Moment
    private var told: Int
    /// What may be shown while it is being found out, made when there were so many stretches.
    private var guesses: [Guess] = []
    private var guessedAt = 0

    /// Begins dark.
    init(_ output: BoardOutput, at moment: Moment) {
        var names: [OutputPattern: [String]] = [:]
        var order: [OutputPattern] = []
        for signal in Signal.allCases {
            let pattern = Self.simplest(output.pattern(for: signal))
            if names[pattern] == nil { order.append(pattern) }
            names[pattern, default: []].append(signal.rawValue)
        }
        rhythms = order.map { pattern in
            Rhythm(
                name: names[pattern, default: []].joined(separator: "/"), pattern: pattern,
                length: pattern.spans.reduce(.zero, +))
        }
        memory = order.compactMap(\.spans.first).reduce(Self.unseen, max)
        dark = order.firstIndex(of: .off) ?? 0
        shown = Guess(rhythm: dark, start: moment)
        stretches = [Stretch(level: false, from: moment, to: moment)]
        latestStart = moment
        told = dark
    }

    private static func simplest(_ pattern: OutputPattern) -> OutputPattern {
        if !pattern.isPlayable || pattern.spans.isEmpty { return .off }
        return pattern.isSteady ? .on : pattern
    }

    /// True while more than one rhythm fits.
    var isUndecided: Bool { shown == nil }
    /// True while nothing blinks and nothing is in doubt: then it is enough to look now and then.
    var isSteady: Bool { shown.map { rhythms[$0.rhythm].pattern.isSteady } ?? false }

    /// Takes in the level.
    /// - Returns: the signals that may be shown, when that is found to have changed.
    mutating func take(_ level: Bool, at moment: Moment) -> String? {
        see(level, at: moment)
        if let guess = shown {
            if isOver(guess, at: moment) {
                shown = Guess(rhythm: dark, start: guess.start + rhythms[guess.rhythm].length)
            } else if !fits(guess) {
                shown = nil
                latestStart = moment
            }
        }
        if shown == nil { find(at: moment) } else { forget(at: moment) }
        guard let shown, shown.rhythm != told else { return nil }
        told = shown.rhythm
        return rhythms[told].name
    }

    /// Takes in the level where there are long whiles between looks.
    /// - Returns: false if it isn't as what is shown would have it; then ``take(_:at:)`` finds out.
    mutating func glance(_ level: Bool, at moment: Moment) -> Bool {
        guard let shown, isSteady || rhythms[shown.rhythm].pattern.repeats else { return false }
        see(level, at: moment)
        guard fits(shown) else { return false }
        forget(at: moment)
        return true
    }

    private mutating func see(_ level: Bool, at moment: Moment) {
        let last = stretches.count - 1
        if stretches[last].level == level, moment - stretches[last].to <= Self.unbroken {
            stretches[last].to = moment
        } else {
            stretches.append(Stretch(level: level, from: moment, to: moment))
        }
    }

    /// What is explained and long ago is of no interest. The last stretch before stays: what comes next may have begun
    /// just after it.
    private mutating func forget(at moment: Moment) {
        while stretches.count > 2, stretches[1].to < moment - memory { stretches.removeFirst() }
    }

    private func isOver(_ guess: Guess, at moment: Moment) -> Bool {
        let rhythm = rhythms[guess.rhythm]
        return !rhythm.pattern.repeats && rhythm.length > .zero
            && guess.start + rhythm.length + Self.tolerance < moment && fits(guess)
    }

    /// Decides if only one rhythm is left.
    private mutating func find(at moment: Moment) {
        let edges = stretches.count
        if edges != guessedAt { guesses = rhythms.indices.flatMap { starts(of: $0) } }
        guessedAt = edges
        guesses = guesses.filter { fits($0) }
        // What was shown once, unseen, and is over is nothing by now.
        let isNothing = guesses.contains { $0.rhythm == dark }
        let left = guesses.filter { guess in
            let rhythm = rhythms[guess.rhythm]
            return !isNothing || guess.rhythm == dark || rhythm.pattern.repeats
                || guess.start + rhythm.length + Self.tolerance >= moment
        }
        if left.isEmpty {
            latestStart = moment
            forget(at: moment)
            guessedAt = 0
        }
        guard let first = left.first, left.allSatisfy({ $0.rhythm == first.rhythm }), let last = left.last else {
            return
        }
        // One that doesn't repeat is over when it has been dark for long enough: then its start was the last that fits.
        shown = rhythms[first.rhythm].pattern.repeats ? first : last
        guessedAt = 0
    }

    /// When something may have changed at the line: wherever it was not looked at. Where it was the same before and
    /// after, that was of late only.
    private func beginnings() -> [Moment] {
        var found = [stretches[0].from]
        for (before, after) in zip(stretches, stretches.dropFirst())
        where before.level != after.level || after.from >= latestStart - Self.unseen {
            var at = after.from
            repeat {
                found.append(at)
                at = at - Self.step
            } while at > before.to
        }
        return found.sorted()
    }

    /// When the rhythm may have begun, the earliest first.
    private func starts(of rhythm: Int) -> [Guess] {
        var starts = beginnings()
        // It may have begun while the line was on already: then its first span tells when.
        if let first = rhythms[rhythm].pattern.spans.first {
            starts = (starts + starts.map { $0 - first }).sorted()
        }
        return starts.filter { stretches[0].from - Self.tolerance <= $0 && $0 <= latestStart }
            .map { Guess(rhythm: rhythm, start: $0) }
    }

    /// True if a line that was seen so can't have been the other way as said: for longer than the tolerance, or at a look
    /// that is far from both ends of what is said.
    private static func contradicts(_ seen: Stretch, _ said: Stretch) -> Bool {
        let common = min(seen.to, said.to) - max(seen.from, said.from)
        return common > tolerance || max(seen.from, said.from + tolerance) <= min(seen.to, said.to - tolerance)
    }

    /// True if the line was at every look as the guess says, or nearly then.
    private func fits(_ guess: Guess) -> Bool {
        let begin = max(guess.start, stretches[0].from)
        guard let end = stretches.last?.to, begin <= end else { return true }
        var seen = stretches[...]
        for span in spans(of: guess, from: begin, until: end) {
            seen = seen.drop { $0.to < span.from }
            for stretch in seen {
                if stretch.from > span.to { break }
                if stretch.level != span.level, Self.contradicts(stretch, span) { return false }
            }
        }
        return true
    }

    /// How the line goes by the guess: every while in which it stays as it is, from `begin` on until `end` is in one.
    private func spans(of guess: Guess, from begin: Moment, until end: Moment) -> [Stretch] {
        let rhythm = rhythms[guess.rhythm]
        let never = Moment(nanoseconds: .max)
        if rhythm.pattern.isSteady {
            return [Stretch(level: !rhythm.pattern.spans.isEmpty, from: guess.start, to: never)]
        }
        var at = guess.start
        if rhythm.pattern.repeats {
            at = at + rhythm.length * Int((begin - guess.start).nanoseconds / rhythm.length.nanoseconds)
        }
        var found: [Stretch] = []
        repeat {
            for (index, span) in rhythm.pattern.spans.enumerated() {
                at = at + span
                if index == 0, rhythm.pattern.spans.count % 2 == 1, !found.isEmpty {
                    found[found.count - 1].to = at  // the last of a round and the first of the next are one
                } else {
                    found.append(Stretch(level: index % 2 == 0, from: at - span, to: at))
                }
            }
        } while rhythm.pattern.repeats && at <= end
        if !rhythm.pattern.repeats { found.append(Stretch(level: false, from: at, to: never)) }
        return found
    }
}
