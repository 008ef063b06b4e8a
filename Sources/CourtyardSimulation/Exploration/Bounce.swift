internal import CallCore

/// How contacts bounce, after what Jack Ganssle measured on eighteen switches with three hundred presses each ("A Guide
/// to Debouncing", 2004): 1.6 ms on average, 6.2 ms at most, closing and opening alike; one worn switch took 157 ms to
/// open. Under a light finger a contact may not close cleanly for some milliseconds more.
enum Bounce: CaseIterable {
    case clean, usual, worst, worn

    /// In how many of a hundred presses.
    var share: Int {
        switch self {
        case .clean: 25
        case .usual: 55
        case .worst: 15
        case .worn: 5
        }
    }

    /// How long it lasts at most.
    private var lasts: (closing: Duration, opening: Duration) {
        switch self {
        case .clean: (.zero, .zero)
        case .usual: (.microseconds(1600), .microseconds(1600))
        case .worst: (.microseconds(6200), .microseconds(6200))
        case .worn: (.microseconds(6200), .milliseconds(157))
        }
    }

    static func draw(_ dice: inout Dice) -> Bounce {
        var rest = dice.below(100)
        for bounce in allCases {
            rest -= bounce.share
            if rest < 0 { return bounce }
        }
        return .clean
    }

    /// A press that bounces so. What is between two bounces is shorter than what the debouncer takes for an end: a
    /// contact that opens for longer has been released.
    func press(holding hold: Duration, _ settings: Debouncer.Settings, _ dice: inout Dice) -> Press {
        let widest = max(settings.minimumWidth, .milliseconds(2)) * 0.6
        return Press(
            hold: hold, closing: spans(lasts.closing, gap: widest, &dice),
            opening: spans(lasts.opening, gap: settings.quiet * 0.6, &dice))
    }

    /// Pairs of spans that last `total` together at most, each below `gap`.
    private func spans(_ total: Duration, gap: Duration, _ dice: inout Dice) -> [Duration] {
        guard total > .zero else { return [] }
        let end = dice.duration(in: .zero...total)
        var spans: [Duration] = []
        var sum = Duration.zero
        while sum < end, spans.count < 60 {
            for _ in 0..<2 {
                let span = dice.duration(in: .microseconds(10)...min(gap, max(.microseconds(20), end / 3)))
                spans.append(span)
                sum += span
            }
        }
        return spans
    }
}
