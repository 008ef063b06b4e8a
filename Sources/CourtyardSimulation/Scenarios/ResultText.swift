internal import CallCore

/// What became of scenarios, as people read it.
package enum ResultText {
    /// The line above the steps.
    package static func heading(_ scenario: Scenario, stage: String) -> String {
        "\(scenario.title)  (\(scenario.file), on \(stage))"
    }

    /// One step: when it began, what it was, and how it went; several lines if it was not as expected.
    /// - Parameter isLong: with all that was seen meanwhile.
    package static func lines(_ result: StepResult, isLong: Bool) -> [String] {
        var lines = ["\(ClockText.write(result.begun))  \(mark(result.verdict)) \(result.step.text)"]
        func add(_ text: String) { lines.append("                  \(text)") }
        switch result.verdict {
        case .done, .notTried: break
        case .met(let moment):
            let text = ClockText.write(moment)
            if text != ClockText.write(result.begun) { lines[0] += "  (\(text))" }
        case .unexpected(let reason, let seen):
            add("line \(result.step.line): NOT AS EXPECTED: \(reason)")
            if seen.isEmpty { add("nothing of the kind was seen") } else { add("seen instead:") }
            for seen in seen { add("  \(seen)") }
        case .cannot(let reason): add("line \(result.step.line): this stage can't do that: \(reason)")
        case .failed(let reason):
            for part in reason.split(separator: "\n") { add("the stage failed: \(part)") }
        }
        if isLong { for seen in result.seen { add("| \(seen)") } }
        return lines
    }

    /// The line below the steps, or the only one.
    package static func summary(_ result: ScenarioResult) -> String {
        let time = "\(ClockText.write(result.span)) of scenario time"
        guard let fault = result.fault else { return "as expected: \(result.steps.count) steps, \(time)" }
        return "NOT AS EXPECTED: step \(result.steps.count { $0.verdict.isAsExpected } + 1) of \(result.steps.count), "
            + "\(result.scenario.file):\(fault.step.line), \(time)"
    }

    private static func mark(_ verdict: StepResult.Verdict) -> String {
        switch verdict {
        case .done: "·"
        case .met: "✓"
        case .unexpected, .cannot, .failed: "✗"
        case .notTried: "-"
        }
    }
}
