internal import CallCore

/// What became of one step.
package struct StepResult {
    /// How it went.
    package enum Verdict {
        /// A deed was done.
        case done
        /// It was as expected.
        case met(at: Duration)
        /// It was not, and this is what was seen instead.
        case unexpected(String, seen: [Seen])
        /// The stage can't do it.
        case cannot(String)
        /// The stage broke down.
        case failed(String)
        /// The story had ended before.
        case notTried

        /// True if the story goes on.
        package var isAsExpected: Bool {
            switch self {
            case .done, .met: true
            case .unexpected, .cannot, .failed, .notTried: false
            }
        }
    }

    package let step: Scenario.Step
    /// Since the scenario began.
    package let begun: Duration
    package let ended: Duration
    package let verdict: Verdict
    /// All that was seen meanwhile.
    package let seen: [Seen]

    /// How much of what was seen instead is shown.
    static let shown = 12
}

/// What became of one scenario.
package struct ScenarioResult {
    package let scenario: Scenario
    /// On which stage: `virtual`, `process` or `kernel`.
    package let stage: String
    package let steps: [StepResult]
    /// Everything that was seen.
    package let log: [Seen]

    package init(_ scenario: Scenario, stage: String, steps: [StepResult], log: [Seen]) {
        self.scenario = scenario
        self.stage = stage
        self.steps = steps
        self.log = log
    }

    /// The step that was not as expected, if there is one.
    package var fault: StepResult? { steps.first { !$0.verdict.isAsExpected } }
    /// True if every step was as expected.
    package var isAsExpected: Bool { fault == nil }
    /// How much scenario time it took.
    package var span: Duration { steps.last?.ended ?? .zero }
}

extension StepResult {
    /// A scenario that can't begin, since its stage doesn't.
    package init(failing step: Scenario.Step, _ reason: String) {
        self.init(step: step, begun: .zero, ended: .zero, verdict: .failed(reason), seen: [])
    }

    /// A step that a stage says it can't do before the scenario begins.
    package init(refusing step: Scenario.Step, _ reason: String) {
        self.init(step: step, begun: .zero, ended: .zero, verdict: .cannot(reason), seen: [])
    }
}
