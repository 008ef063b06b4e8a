/// What is known of a call point's transmitter, as the journal keeps it: what a restart must not forget.
public struct TransmitterState: Hashable, Sendable {
    public let point: PointID
    /// Which transmitter it is about (``RadioIdentity/text``): another one at the same point begins anew.
    public let identity: String
    /// When it was heard last, and by whom.
    public let heard: WallTime?
    public let reception: Reception?
    /// It should have told that it is there, and hasn't.
    public let isMissing: Bool
    /// It was opened or taken off the wall.
    public let isTampered: Bool
    /// Since when its battery has been low, and when it said so last; nil: it isn't.
    public let lowSince: WallTime?
    public let lowTold: WallTime?

    public init(
        point: PointID, identity: String, heard: WallTime?, reception: Reception?, isMissing: Bool, isTampered: Bool,
        lowSince: WallTime?, lowTold: WallTime?
    ) {
        self.point = point
        self.identity = identity
        self.heard = heard
        self.reception = reception
        self.isMissing = isMissing
        self.isTampered = isTampered
        self.lowSince = lowSince
        self.lowTold = lowTold
    }
}

/// What earlier runs of the gateway knew of transmitters.
struct TransmitterStates: Sendable {
    private var states: [PointID: TransmitterState]
    /// When the earlier runs did something last. What came after nobody listened to, so it counts for no interval.
    private let until: WallTime

    init(_ states: [TransmitterState], until: WallTime?) {
        self.states = Dictionary(states.map { ($0.point, $0) }, uniquingKeysWith: { first, _ in first })
        let known = states.flatMap { [$0.heard, $0.lowTold] }.compactMap { $0 }
        self.until = (known + [until].compactMap { $0 }).max() ?? WallTime(milliseconds: 0)
    }

    /// What is known of this transmitter, once: whoever leaves the site file comes back as a stranger.
    /// - Parameter wall: now; what is later than that was written by a clock that was wrong.
    mutating func take(_ point: PointID, _ transmitter: RadioTransmitter?, _ wall: WallTime) -> Earlier? {
        guard let state = states.removeValue(forKey: point), state.identity == transmitter?.identity.text else {
            return nil
        }
        return Earlier(state: state, until: min(until, wall))
    }

    /// One transmitter's past.
    struct Earlier {
        let state: TransmitterState
        fileprivate let until: WallTime
        /// Beyond that a clock was wrong.
        private static let longest = Duration.seconds(10 * 365 * 86_400)

        /// How long before the earlier run's end that was; never negative, whatever the clock did.
        func age(of time: WallTime) -> Duration {
            let (age, isOver) = until.milliseconds.subtractingReportingOverflow(time.milliseconds)
            return isOver ? .zero : min(max(.zero, .milliseconds(age)), Self.longest)
        }
    }
}
