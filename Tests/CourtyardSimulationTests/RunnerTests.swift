import CallCore
import Testing

@testable import CourtyardSimulation

/// What expectations mean, on a stage where everything is known.
@Suite("Expectations") struct RunnerTests {
    /// The verdicts, as short words.
    private func play(_ steps: String, _ coming: [Seen]) throws -> [String] {
        try ScenarioRunner(scenario(steps), on: ScriptedStage(coming)).run().map { result in
            switch result.verdict {
            case .done: "done"
            case .met(let moment): "met \(moment.milliseconds)"
            case .unexpected(let reason, let seen): "\(reason); \(seen.count) seen"
            case .cannot(let reason): "cannot: \(reason)"
            case .failed(let reason): "failed: \(reason)"
            case .notTried: "not tried"
            }
        }
    }

    private static let raised = Seen.event(.raised, at: .milliseconds(100))

    @Test("an expectation looks back to the first deed of its paragraph, over waits and other expectations")
    func lookBack() throws {
        let steps = """
            - press: b3-u2-401
            - wait: 10s
            - expect: {event: delivered}
            - expect: {event: raised}
            - wait: 1s
            - expect: {event: raised, within: 1s}
            """
        let coming = [Self.raised, .event(.delivered, at: .seconds(2))]
        #expect(
            try play(steps, coming) == [
                "done", "done", "met 2000", "met 100", "done", "not seen within 0:00:01.000; 0 seen",
            ])
    }

    @Test("what comes in time is waited for, and no longer; what comes too late is shown by the next that is like it")
    func within() throws {
        let steps = "- wait: 0\n- expect: {event: raised, within: 5s}\n- expect: {event: accepted, within: 1s}\n"
        let coming = [Seen.event(.raised, at: .seconds(5)), .event(.accepted, at: .seconds(7))]
        #expect(try play(steps, coming) == ["done", "met 5000", "not seen within 0:00:01.000; 1 seen"])
        #expect(
            try play(steps, [.event(.raised, at: .milliseconds(5001))]) == [
                "done", "not seen within 0:00:05.000; 0 seen", "not tried",
            ])
    }

    @Test("times are counted until the time is over")
    func times() throws {
        let steps = "- wait: 0\n- expect: {event: pressed, times: 2, within: 2s}\n"
        let two = [Seen.event(.pressed, at: .seconds(1)), .event(.pressed, at: .seconds(2))]
        #expect(try play(steps, two) == ["done", "met 2000"])
        #expect(try play(steps, [two[0]]) == ["done", "seen 1 times instead of 2; 1 seen"])
        let three = [Seen.event(.pressed, at: .milliseconds(1))] + two
        #expect(try play(steps, three) == ["done", "seen 3 times instead of 2; 3 seen"])
    }

    @Test("never looks back to the paragraph's first deed and forward for its time; after it, nothing is tried")
    func never() throws {
        let back = "- press: b3-u2-401\n- never: {event: raised}\n- wait: 1s\n"
        #expect(
            try play(back, [Self.raised]) == [
                "done", "it was so at 0:00:00.100; 1 seen", "not tried",
            ])
        let forward = "- wait: 1s\n- never: {event: raised, for: 2s}\n"
        #expect(try play(forward, [.event(.raised, at: .seconds(3))])[1].hasPrefix("it was so at 0:00:03.000"))
        #expect(try play(forward, [.event(.raised, at: .milliseconds(3001))]) == ["done", "met 3000"])
        let earlier = "- wait: 1s\n- expect: {event: raised}\n- wait: 1s\n- never: {event: raised, for: 2s}\n"
        #expect(try play(earlier, [Self.raised]).last == "met 4000")
    }

    @Test("what stands is looked at as it stands, and never means at no time")
    func standing() throws {
        let coming = [
            Seen.output("siren", "escalated", at: .seconds(1)), .output("siren", "idle", at: .seconds(2)),
        ]
        let steps = "- wait: 3s\n- expect: {output: siren, shows: idle}\n"
        #expect(
            try play(steps + "- never: {output: siren, shows: escalated}\n", coming).last?.hasPrefix("it was so")
                ?? false)
        #expect(try play("- wait: 1500ms\n- expect: {output: siren, shows: idle}\n", coming) == ["done", "met 2000"])
        #expect(
            try play("- wait: 1500ms\n- expect: {output: siren, shows: idle, within: 100ms}\n", coming).last
                == "not so within 0:00:00.100; 1 seen")
        // Never, since it stood so from the beginning.
        let after = "- wait: 1500ms\n- expect: {output: siren, shows: escalated}\n- wait: 1s\n"
        #expect(
            try play(after + "- never: {output: siren, shows: escalated}\n", coming).last?.hasPrefix("it stood so")
                ?? false)
    }

    @Test(
        "a command by hand is about the call that is open, with the newest revision; without one it is not as expected")
    func commands() throws {
        let stage = ScriptedStage([])
        let result = try ScenarioRunner(scenario("- accept: b3-u2-401\n"), on: stage).run()
        #expect(result.count == 1 && !result[0].verdict.isAsExpected && stage.deeds.isEmpty)
    }

    @Test("a deed that the stage can't do is found before the scenario begins")
    func cannot() throws {
        let stage = ScriptedStage([])
        stage.cannot = "no disk here"
        let story = try scenario("- wait: 1s\n- disk: full\n")
        let objection = try #require(ScenarioRunner.objection(to: story, on: stage))
        #expect(objection.step.text == "disk: full" && objection.reason == "no disk here")
    }

    @Test("a press lasts until it is let go, and everybody presses at their own moments")
    func contacts() throws {
        func changes(_ steps: String) throws -> [ContactChange] {
            guard case .deed(.contacts(let changes)) = try scenario(steps).steps[0].act else { return [] }
            return changes
        }
        let twice = try changes("- press: {point: gate, for: 1s, times: 2, every: 3s}\n")
        #expect(twice.map(\.after) == [.zero, .seconds(1), .seconds(3), .seconds(4)])
        #expect(twice.map(\.made) == [true, false, true, false])
        let all = try changes("- everybody: {over: 4s, for: 100ms}\n")
        #expect(all.filter(\.made).map(\.after) == (0..<5).map { .seconds($0) })
        let worn = try changes("- press: {point: gate, bounce: worn}\n")
        #expect(worn.count == 26 && worn.last?.made == false && worn == worn.sorted { $0.after < $1.after })
        let written = try changes("- edges: {point: gate, pattern: [1ms made, 0.3ms open, 2ms made]}\n")
        #expect(written.map(\.made) == [true, false, true, false])
        #expect(written.last?.after == .microseconds(3300))
    }
}
