/// Turns the edges of one contact into presses and releases, on the kernel's monotonic time alone.
///
/// ```
///  contact   ______|‾|_|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|_|‾|________________________
///                  ^ first edge: the press's time
///                  |<- minimum ->|             |<--- quiet --->|
///                                ^ raised                      ^ released (at its last opening)
/// ```
public struct Debouncer: Hashable, Sendable {
    /// How one contact is judged.
    public struct Settings: Hashable, Sendable {
        /// For how long the contact must be made before it counts, 0 to 50 ms; 0 counts the edge itself. Shorter is
        /// faster, longer ignores more of the spikes that mains wiring and lightning put on a long line.
        public var minimumWidth: Duration
        /// How long the contact must stay open to be released. Switches bounce for 1 to 10 ms, worn ones for 20 (J.
        /// Ganssle, "A Guide to Debouncing", 2004); two taps of a hurried finger are more than 50 ms apart.
        public var quiet: Duration

        public init(minimumWidth: Duration = .milliseconds(5), quiet: Duration = .milliseconds(25)) {
            self.minimumWidth = minimumWidth
            self.quiet = quiet
        }
    }

    /// What the edges turned out to be.
    public enum Outcome: Hashable, Sendable {
        /// The contact counts as pressed; `at` is its first edge.
        case pressed(at: Moment)
        /// The contact counts as released; `at` is when it opened for good.
        case released(at: Moment)
    }

    private enum Phase: Hashable, Sendable {
        case open
        /// A first edge came; not yet made for long enough. `madeFor` sums the made stretches before `changed`.
        case making(first: Moment, made: Bool, changed: Moment, madeFor: Duration)
        /// Pressed; `opened` is the last opening while the contact is open.
        case pressed(opened: Moment?)
    }

    /// May change while a press lasts: what comes next is judged by the new ones.
    public var settings: Settings
    private var phase = Phase.open
    /// Edges from before the last level reading are part of what the reading showed.
    private var knownSince: Moment?

    public init(_ settings: Settings) { self.settings = settings }

    /// True from the moment a press counts until its release counts.
    public var isPressed: Bool {
        if case .pressed = phase { true } else { false }
    }

    /// When `advance` has something to say, if no edge comes before.
    public var deadline: Moment? {
        switch phase {
        case .open, .pressed(opened: nil): nil
        case .pressed(let opened?): opened + settings.quiet
        case .making(let first, made: true, let changed, let madeFor): due(first, changed, madeFor)
        case .making(_, made: false, let changed, _): changed + settings.minimumWidth
        }
    }

    /// The contact was made or opened.
    public mutating func edge(made: Bool, at moment: Moment) -> [Outcome] {
        if let knownSince, moment < knownSince { return [] }
        return advance(to: moment) + follow(made, at: moment)
    }

    /// The contact is made or open from `moment` on, and nothing was due before.
    private mutating func follow(_ made: Bool, at moment: Moment) -> [Outcome] {
        switch phase {
        case .open where made:
            phase = .making(first: moment, made: true, changed: moment, madeFor: .zero)
        case .open where settings.minimumWidth == .zero:
            // An opening of an open contact: it was made for less time than the kernel needs to look.
            phase = .pressed(opened: moment)
            return [.pressed(at: moment)]
        case .making(let first, let wasMade, let changed, let madeFor) where made != wasMade:
            let total = wasMade ? madeFor + (moment - changed) : madeFor
            phase = .making(first: first, made: made, changed: moment, madeFor: total)
        case .pressed(opened: nil) where !made: phase = .pressed(opened: moment)
        case .pressed where made: phase = .pressed(opened: nil)
        case .open, .making, .pressed: break
        }
        return advance(to: moment)
    }

    /// The level was read anew after the kernel lost edges of this line.
    public mutating func resume(made: Bool, at moment: Moment) -> [Outcome] {
        knownSince = moment
        guard case .making(let first, _, _, _) = phase else {
            let outcomes = advance(to: moment)
            // An open contact at rest: what was lost ended where it began.
            if case .open = phase, !made { return outcomes }
            return outcomes + follow(made, at: moment)
        }
        // How long it was made is lost, so it can't be called a spike. A press too many is better than one too few.
        phase = .pressed(opened: made ? nil : moment)
        return [.pressed(at: first)]
    }

    /// The line is watched from now on, and this is its level: a contact made already is being pressed.
    public mutating func arm(made: Bool, at moment: Moment) -> [Outcome] {
        phase = .open
        knownSince = nil
        let outcomes = made ? edge(made: true, at: moment) : []
        knownSince = moment
        return outcomes
    }

    /// Time has passed without an edge.
    public mutating func advance(to moment: Moment) -> [Outcome] {
        guard let deadline, deadline <= moment else { return [] }
        switch phase {
        case .making(let first, made: true, _, _):
            phase = .pressed(opened: nil)
            return [.pressed(at: first)]
        case .making:
            phase = .open  // a spike
            return []
        case .pressed(let opened?):
            phase = .open
            return [.released(at: opened)]
        case .open, .pressed(opened: nil): preconditionFailure("a contact at rest has no deadline")
        }
    }

    /// When a contact that is made now will have been pressed: a minimum width after its first edge, however it
    /// bounced, but only if it was made for half of that, so that two spikes don't add up to a press.
    private func due(_ first: Moment, _ changed: Moment, _ madeFor: Duration) -> Moment {
        max(first + settings.minimumWidth, changed + (settings.minimumWidth / 2 - madeFor))
    }
}
