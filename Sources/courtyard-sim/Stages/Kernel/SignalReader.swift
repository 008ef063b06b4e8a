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

    private struct Edge {
        let at: Moment
        let level: Bool
    }

    /// A rhythm that began then.
    private struct Guess {
        let rhythm: Int
        let start: Moment
    }

    /// By how much an edge may be off: how often one looks, and the driver's own lateness. Shorter than any span.
    private static let tolerance = Duration.milliseconds(40)

    private let rhythms: [Rhythm]
    /// The rhythm of nothing.
    private let dark: Int
    /// What is shown; nil while it is being found out.
    private var shown: Guess?
    /// The edges that are still of interest; what is shown now did not begin before the first.
    private var edges: [Edge]
    /// Until when what is shown now may have begun.
    private var latestStart: Moment
    private var told: Int

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
        dark = order.firstIndex(of: .off) ?? 0
        shown = Guess(rhythm: dark, start: moment)
        edges = [Edge(at: moment, level: false)]
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
        if level != edges.last?.level { edges.append(Edge(at: moment, level: level)) }
        if let guess = shown {
            if isOver(guess, at: moment) {
                shown = Guess(rhythm: dark, start: guess.start + rhythms[guess.rhythm].length)
            } else if !fits(guess, until: moment) {
                shown = nil
                latestStart = moment
            } else {
                forget(before: moment - Self.tolerance)
            }
        }
        if shown == nil { find(at: moment) }
        guard let shown, shown.rhythm != told else { return nil }
        told = shown.rhythm
        return rhythms[told].name
    }

    /// Takes in the level where there are long whiles between looks.
    /// - Returns: false if it isn't as what is shown would have it; then ``take(_:at:)`` finds out.
    mutating func glance(_ level: Bool, at moment: Moment) -> Bool {
        guard let shown, isSteady || rhythms[shown.rhythm].pattern.repeats else { return false }
        let isNearEdge = [moment - Self.tolerance, moment + Self.tolerance].contains {
            expected(shown, at: $0) != expected(shown, at: moment)
        }
        if isNearEdge { return true }
        guard expected(shown, at: moment) == level else { return false }
        edges = [Edge(at: moment, level: level)]
        return true
    }

    private func isOver(_ guess: Guess, at moment: Moment) -> Bool {
        let rhythm = rhythms[guess.rhythm]
        return !rhythm.pattern.repeats && rhythm.length > .zero
            && guess.start + rhythm.length + Self.tolerance < moment && fits(guess, until: moment)
    }

    /// Decides if only one rhythm is left.
    private mutating func find(at moment: Moment) {
        let fitting = rhythms.indices.compactMap { guess(rhythm: $0, at: moment) }
        if fitting.isEmpty { latestStart = moment }
        guard fitting.count == 1 else { return }
        shown = fitting[0]
        forget(before: moment - Self.tolerance)
    }

    /// What was seen until then is explained. The last edge stays: what comes next may have begun at it.
    private mutating func forget(before moment: Moment) {
        while edges.count > 1, edges[1].at < moment { edges.removeFirst() }
    }

    /// The earliest start with which the rhythm fits everything since; nil if there is none.
    private func guess(rhythm: Int, at moment: Moment) -> Guess? {
        var starts = edges.map(\.at)
        // It may have begun while the line was on already: then its first span tells when.
        if let first = rhythms[rhythm].pattern.spans.first {
            starts += edges.filter { !$0.level }.map { $0.at - first }
        }
        return starts.sorted().lazy
            .filter { start in edges[0].at - Self.tolerance <= start && start <= latestStart }
            .map { Guess(rhythm: rhythm, start: $0) }
            .first { fits($0, until: moment) }
    }

    /// True if the line went as the guess says, from its start on, but for short whiles.
    private func fits(_ guess: Guess, until moment: Moment) -> Bool {
        let begin = max(guess.start, edges[0].at)
        var turns = [begin] + changes(of: guess, from: begin, until: moment)
        turns += edges.filter { $0.at > begin }.map(\.at)
        var wrongSince: Moment?
        for turn in turns.sorted() + [moment] {
            if let since = wrongSince, since + Self.tolerance < turn { return false }
            let isRight = expected(guess, at: turn) == seen(at: turn)
            wrongSince = isRight ? nil : wrongSince ?? turn
        }
        return true
    }

    private func seen(at moment: Moment) -> Bool { edges.last { $0.at <= moment }?.level ?? false }

    private func expected(_ guess: Guess, at moment: Moment) -> Bool {
        let rhythm = rhythms[guess.rhythm]
        if rhythm.pattern.isSteady { return !rhythm.pattern.spans.isEmpty }
        var left = moment - guess.start
        guard rhythm.pattern.repeats || left < rhythm.length else { return false }
        left = .nanoseconds(left.nanoseconds % rhythm.length.nanoseconds)
        var isOn = true
        for span in rhythm.pattern.spans {
            if left < span { return isOn }
            left -= span
            isOn.toggle()
        }
        return false
    }

    private func changes(of guess: Guess, from begin: Moment, until end: Moment) -> [Moment] {
        let rhythm = rhythms[guess.rhythm]
        guard !rhythm.pattern.isSteady else { return [] }
        var at = guess.start
        if rhythm.pattern.repeats {
            at = at + rhythm.length * Int((begin - guess.start).nanoseconds / rhythm.length.nanoseconds)
        }
        var found: [Moment] = []
        repeat {
            for span in rhythm.pattern.spans {
                at = at + span
                if at > begin && at <= end { found.append(at) }
            }
        } while rhythm.pattern.repeats && at <= end
        return found
    }
}
