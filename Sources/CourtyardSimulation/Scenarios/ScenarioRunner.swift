internal import CallContract
internal import CallCore
internal import SiteConfig

/// Plays a scenario on a stage and judges what is seen there. It knows no stage and no clock of its own.
///
/// A scenario falls into paragraphs: what is done, then what is expected of it. An expectation looks at everything that
/// was seen since the first deed of its paragraph.
package final class ScenarioRunner {
    private let scenario: Scenario
    private let stage: any Stage
    /// Told of each step when it is over.
    private let tell: (StepResult) -> Void
    private var standing = Standing()
    /// How much of the stage's log is in `standing`.
    private var taken = 0
    /// Where the paragraph begins in the log, and how things stood then.
    private var paragraph = (start: 0, standing: Standing())
    private var isExpecting = true
    private var commands = 0

    package init(_ scenario: Scenario, on stage: any Stage, tell: @escaping (StepResult) -> Void = { _ in }) {
        self.scenario = scenario
        self.stage = stage
        self.tell = tell
    }

    /// Why the stage can't play the scenario, by the first step that it can't do; nil if it can.
    package static func objection(to scenario: Scenario, on stage: any Stage) -> (step: Scenario.Step, reason: String)?
    {
        for step in scenario.steps {
            guard case .deed(let deed) = step.act, let reason = stage.objection(to: deed) else { continue }
            return (step, reason)
        }
        return nil
    }

    /// Plays it to its end, or to the first step that isn't as expected.
    package func run() -> [StepResult] {
        var results: [StepResult] = []
        for step in scenario.steps {
            let begun = stage.now
            let seen = stage.log.count
            let verdict = results.last.map { !$0.verdict.isAsExpected } ?? false ? .notTried : play(step)
            let result = StepResult(
                step: step, begun: begun, ended: stage.now, verdict: verdict, seen: Array(stage.log[seen...]))
            results.append(result)
            tell(result)
        }
        return results
    }

    private func play(_ step: Scenario.Step) -> StepResult.Verdict {
        do throws(StageFailure) {
            // What is there already belongs to what was before.
            try stage.advance(until: stage.now, orBeyond: nil)
            switch step.act {
            case .deed(let deed):
                beginParagraph()
                if let reason = stage.objection(to: deed) { return .cannot(reason) }
                try stage.perform(deed)
            case .command(let command):
                beginParagraph()
                return try give(command)
            case .wait(let span):
                beginParagraph()
                try stage.advance(until: stage.now + span, orBeyond: nil)
            case .expect(let expectation):
                isExpecting = true
                return try see(expectation)
            case .never(let expectation, let span):
                isExpecting = true
                return try watch(expectation, for: span)
            }
            return .done
        } catch {
            return .failed(error.description)
        }
    }

    private func beginParagraph() {
        guard isExpecting else { return }
        isExpecting = false
        takeNew()
        paragraph = (stage.log.count, standing)
    }

    private func takeNew() {
        for seen in stage.log[taken...] { standing.take(seen) }
        taken = stage.log.count
    }

    // MARK: Commands by hand

    private func give(_ command: HandCommand) throws(StageFailure) -> StepResult.Verdict {
        takeNew()
        let open = standing.openCalls.filter {
            $0.data.point == command.point.text && command.service.map(\.text) ?? $0.data.service == $0.data.service
        }
        guard let record = open.last ?? standing.lastRecord(of: command.point) else {
            return .unexpected("no call of \(command.point) has been seen", seen: [])
        }
        commands += 1
        let topics = Topics(site: scenario.site.site, gateway: scenario.site.gateway)
        let payload = HandPayload(
            id: command.id ?? "hand-\(commands)", call: record.data.call,
            revision: command.revision ?? record.data.revision, actor: command.actor,
            onTheWay: command.onTheWay ? true : nil, outcome: command.outcome, reason: command.reason)
        try stage.perform(
            .publish(
                topic: topics.commandPrefix + command.name, payload: WireJSON.bytes(payload), retained: false))
        return .done
    }

    // MARK: Expecting

    /// Waits for what must be seen, or stand.
    private func see(_ expectation: Expectation) throws(StageFailure) -> StepResult.Verdict {
        let end = stage.now + expectation.within
        if let times = expectation.times { return try count(expectation, times, until: end) }
        var looked = paragraph.start
        while true {
            takeNew()
            if expectation.isOfMoments {
                if let found = stage.log[looked...].first(where: { expectation.matches($0.what) }) {
                    return .met(at: found.at)
                }
                looked = stage.log.count
            } else if expectation.matches(standing) {
                return .met(at: stage.now)
            }
            guard stage.now < end else { return .unexpected(expectation.miss, seen: instead(of: expectation)) }
            try stage.advance(until: end, orBeyond: taken)
        }
    }

    private func count(
        _ expectation: Expectation, _ times: Int, until end: Duration
    ) throws(StageFailure) -> StepResult.Verdict {
        try stage.advance(until: end, orBeyond: nil)
        takeNew()
        let found = stage.log[paragraph.start...].filter { expectation.matches($0.what) }
        if found.count == times { return .met(at: found.last!.at) }
        return .unexpected(
            "seen \(found.count) times instead of \(times)",
            seen: found.isEmpty ? instead(of: expectation) : Array(found.suffix(StepResult.shown)))
    }

    /// Watches that something isn't seen, or doesn't stand, since the paragraph began and for a while.
    private func watch(_ expectation: Expectation, for span: Duration) throws(StageFailure) -> StepResult.Verdict {
        let end = stage.now + span
        var now = paragraph.standing
        var looked = paragraph.start
        if !expectation.isOfMoments, expectation.matches(now) {
            return .unexpected("it stood so when the paragraph began", seen: [])
        }
        while true {
            for seen in stage.log[looked...] {
                now.take(seen)
                let isSeen = expectation.isOfMoments ? expectation.matches(seen.what) : expectation.matches(now)
                if isSeen { return .unexpected("it was so at \(ClockText.write(seen.at))", seen: [seen]) }
            }
            looked = stage.log.count
            takeNew()
            guard stage.now < end else { return .met(at: stage.now) }
            try stage.advance(until: end, orBeyond: looked)
        }
    }

    /// What was seen in this paragraph that is most like what was expected.
    private func instead(of expectation: Expectation) -> [Seen] {
        Array(stage.log[paragraph.start...].filter { expectation.isLike($0.what) }.suffix(StepResult.shown))
    }
}

/// A command's payload.
private struct HandPayload: Encodable {
    let id, call: String
    let revision: Int
    let actor: String
    let onTheWay: Bool?
    let outcome, reason: String?
}
