/// The life of a call: which step leads from which state into which. Everything else follows this table; the picture in
/// docs/call-lifecycle.md is compared with it by a test.
///
/// A call lasts until somebody has dealt with it. Whoever accepts it and doesn't come loses it again (`reopen`), and
/// only a person ends an emergency: it never expires.
public enum CallLifecycle {
    /// What can move a call.
    public enum Step: String, Hashable, Sendable, CaseIterable {
        /// A desk shows it on a screen that someone has open.
        case received
        /// A person takes it.
        case accept
        /// That person, or another, is there.
        case arrive
        /// A person ends it, with an outcome.
        case resolve
        /// Ended by the reset at the call point.
        case reset
        /// A person takes it back, with a reason.
        case cancel
        /// Nobody has accepted in time; it stays what it is, and becomes louder.
        case escalate
        /// Accepted, and nobody has arrived in time.
        case reopen
        /// It ran out, was outside the hours, or was a test that nobody answered.
        case expire
        /// A desk answered a test call.
        case answerTest = "answer-test"
    }

    /// One row of the table.
    public struct Transition: Hashable, Sendable {
        public let from: CallState
        public let step: Step
        public let to: CallState
        /// What is told of it.
        public let event: CallEventType
    }

    /// Every legal step. What isn't here is refused, and nothing changes.
    public static let transitions: [Transition] = [
        .init(from: .raised, step: .received, to: .delivered, event: .delivered),
        .init(from: .raised, step: .accept, to: .accepted, event: .accepted),
        .init(from: .raised, step: .escalate, to: .raised, event: .escalated),
        .init(from: .raised, step: .reset, to: .resolved, event: .resolved),
        .init(from: .raised, step: .cancel, to: .cancelled, event: .cancelled),
        .init(from: .raised, step: .expire, to: .cancelled, event: .cancelled),
        .init(from: .raised, step: .answerTest, to: .resolved, event: .tested),

        .init(from: .delivered, step: .accept, to: .accepted, event: .accepted),
        .init(from: .delivered, step: .escalate, to: .delivered, event: .escalated),
        .init(from: .delivered, step: .reset, to: .resolved, event: .resolved),
        .init(from: .delivered, step: .cancel, to: .cancelled, event: .cancelled),
        .init(from: .delivered, step: .expire, to: .cancelled, event: .cancelled),

        .init(from: .accepted, step: .arrive, to: .arrived, event: .arrived),
        .init(from: .accepted, step: .resolve, to: .resolved, event: .resolved),
        .init(from: .accepted, step: .reopen, to: .raised, event: .reopened),
        .init(from: .accepted, step: .reset, to: .resolved, event: .resolved),
        .init(from: .accepted, step: .cancel, to: .cancelled, event: .cancelled),
        .init(from: .accepted, step: .expire, to: .cancelled, event: .cancelled),

        .init(from: .arrived, step: .resolve, to: .resolved, event: .resolved),
        .init(from: .arrived, step: .reset, to: .resolved, event: .resolved),
        .init(from: .arrived, step: .cancel, to: .cancelled, event: .cancelled),
    ]

    /// Where `step` leads from `state`; nil if it is not legal there.
    public static func transition(from state: CallState, by step: Step) -> Transition? {
        transitions.first { $0.from == state && $0.step == step }
    }

    /// Why the step is not legal now, for the person who asked for it.
    static func refusal(of step: Step, for call: Call) -> String {
        let holder = call.actor.map { " by \($0)" } ?? ""
        return switch (step, call.state) {
        case (.arrive, .raised), (.arrive, .delivered), (.resolve, .raised), (.resolve, .delivered):
            "state: \(call.state.rawValue), nobody has accepted it yet"
        default: "state: \(call.state.rawValue)\(holder)"
        }
    }
}

extension Call {
    /// The call after a legal step.
    /// - Parameters:
    ///   - actor: the person who did it, if they gave a name; what happens by itself keeps who has the call.
    ///   - reason: why it ended, for steps that end it.
    func after(
        _ transition: CallLifecycle.Transition, at stamp: Stamp, by actor: String? = nil, reason: String? = nil
    ) -> Call {
        precondition(transition.from == state, "a \(state) call can't \(transition.step)")
        var call = self
        call.state = transition.to
        call.revision += 1
        call.reason = reason ?? call.reason
        switch transition.step {
        case .escalate: call.escalation += 1
        case .reopen: call.becomeFresh(at: stamp)
        case .received, .accept, .arrive, .resolve, .reset, .cancel, .answerTest:
            // Whoever gave no name is nobody by name, and never the one before.
            call.actor = actor
            call.times[transition.to] = stamp.wall
            call.actors[transition.to] = actor
        case .expire: call.times[transition.to] = stamp.wall
        }
        if transition.step == .accept { call.waitingSince = stamp }
        return call
    }

    /// Nobody has it any more: whoever accepted it has not come.
    private mutating func becomeFresh(at stamp: Stamp) {
        actor = nil
        isOnTheWay = false
        waitingSince = stamp
        openedRevision = revision
        for state in [CallState.delivered, .accepted] {
            times[state] = nil
            actors[state] = nil
        }
    }
}
