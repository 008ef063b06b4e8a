internal import CallCore
internal import CourtyardSimulation

/// When somebody pulls the plug of a program.
enum KillMoment: Hashable {
    /// So long after it was started, whatever it does by then.
    case starting(after: Duration)
    /// So long after the last press of the round: before, in and after its commit.
    case press(after: Duration)
    /// So long after a lamp has lit up: what is committed is being published.
    case lamp(after: Duration)
    /// So long after the subscriber had an event: its PUBACK is on the way to the agent.
    case arrival(after: Duration)
    /// So long after a desk has sent a command.
    case command(after: Duration)
    /// So long after the desk had an answer.
    case answer(after: Duration)
    /// So long after the first write into the database itself: its log is being folded in.
    case checkpoint(after: Duration)
}

/// One round of a crash run: what is pressed, who is killed, and when.
struct CrashRound {
    /// How many buttons are pressed, and the pause before each.
    let pauses: [Duration]
    let moment: KillMoment
    /// The broker is killed before the agent is, and started again after this.
    let brokerAway: Duration?
    /// The broker gets SIGTERM instead of SIGKILL.
    let brokerEndsDecently: Bool
}

/// Draws the rounds: the same ones for the same seed. What the machine makes of them is chance.
struct CrashPlan {
    private var dice: Dice
    private let killsBrokers: Bool

    /// What an agent needs to start, and a little more.
    static let startTakes = Duration.milliseconds(60)
    private static let mostPresses = 8

    init(seed: UInt64, killsBrokers: Bool) {
        dice = Dice(seed)
        self.killsBrokers = killsBrokers
    }

    /// - Parameter checkpointIsNear: the journal's log is about to be folded in.
    mutating func next(checkpointIsNear: Bool) -> CrashRound {
        let pauses = (0...dice.below(Self.mostPresses)).map { _ in dice.duration(in: .zero...(.milliseconds(8))) }
        let killsBroker = killsBrokers && dice.oneIn(4)
        let away = dice.duration(in: .zero...(.milliseconds(150)))
        let decently = dice.oneIn(3)
        return CrashRound(
            pauses: pauses, moment: moment(checkpointIsNear), brokerAway: killsBroker ? away : nil,
            brokerEndsDecently: decently)
    }

    private mutating func moment(_ checkpointIsNear: Bool) -> KillMoment {
        let kind = dice.below(14)
        if checkpointIsNear, kind < 8 { return .checkpoint(after: short(.milliseconds(6))) }
        switch kind {
        case 0, 1: return .starting(after: dice.duration(in: .zero...Self.startTakes))
        case 2, 3, 4: return .press(after: dice.duration(in: .zero...(.milliseconds(20))))
        case 5, 6, 7: return .lamp(after: short(.milliseconds(2)))
        case 8, 9, 10, 11: return .arrival(after: short(.milliseconds(1)))
        case 12: return .command(after: dice.duration(in: .zero...(.milliseconds(10))))
        default: return .answer(after: short(.milliseconds(2)))
        }
    }

    /// Up to `longest`; the shorter, the more often.
    private mutating func short(_ longest: Duration) -> Duration {
        let fraction = dice.fraction()
        return longest * (fraction * fraction)
    }

    /// Draws for whoever carries the rounds out: which buttons, which are let go.
    mutating func split() -> Dice { dice.split() }
}
