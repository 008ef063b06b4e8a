internal import ArgumentParser
internal import CallContract
internal import CallCore
internal import Glibc

/// `courtyard-sim crash`: kills a real agent until something is lost.
struct Crash: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kill a real agent again and again while people press, and prove that nothing is lost.",
        discussion: """
            Starts mosquitto on a free port of 127.0.0.1 and the agent, both with a throw-away directory, lets residents \
            press and a desk answer, and kills the agent (SIGKILL) at moments drawn from a seed. Then a subscriber, the \
            lamps and the journal must agree: a press whose lamp has lit up, or that the journal had, arrived; everything \
            came once by id, without gaps; every command was answered in one way.
            Exit code 0 if so. Otherwise 1: the evidence is printed, and stays in a directory with journal and logs.
            Example: courtyard-sim crash --kills 500 --broker-kills
            """)

    @Option(help: "How many times the agent is killed, 1 to 100000.")
    var kills = 60
    @Option(help: "Draws the moments. The same seed draws the same ones; what the machine makes of them is chance.")
    var seed: UInt64?
    @Flag(help: "Kill the broker too, in one round of four, and start it again.")
    var brokerKills = false
    @Option(help: "The agent's program; otherwise the courtyard-gateway beside this one.")
    var gateway: String?

    func validate() throws {
        guard (1...100_000).contains(kills) else {
            throw ValidationError("--kills takes a whole number from 1 to 100000, not \(kills)")
        }
    }

    func run() throws {
        let seed = seed ?? UInt64.random(in: 0..<1 << 32)
        let again =
            "courtyard-sim crash --kills \(kills) --seed \(seed)" + (brokerKills ? " --broker-kills" : "")
            + (gateway.map { " --gateway \($0)" } ?? "")
        let run = try CrashRun(gateway: gateway, seed: seed, killsBrokers: brokerKills)
        var screen = Screen()
        screen.say("seed \(seed), \(kills) kills; files in \(run.servers.directory.path)")
        let begun = Moment.now
        var failure: (any Error)?
        do {
            try run.begin()
            while run.tally.agents < kills, !run.isStopping {
                try run.round()
                if run.tally.agents % max(50, kills / 10) == 0 {
                    screen.say("\(run.tally.agents) kills, \(run.evidence.presses.count) presses")
                }
            }
            if run.isStopping { screen.say("stopped after \(run.tally.agents) kills: judging those") }
            try run.finish()
        } catch {
            failure = error
        }
        run.end()
        let report = CrashReport(evidence: run.evidence, tally: run.tally, took: .now - begun)
        screen.say(report.text)
        guard failure != nil || !run.evidence.wrongs.isEmpty else { return run.servers.directory.remove() }
        let words = report.complaint(failure: failure, again: again, directory: run.servers.directory.path)
        try? run.servers.directory.write("\(report.text)\n\(words)\n", to: CrashFiles.evidence)
        screen.say(words)
        throw ExitCode.failure
    }
}

/// What a crash run has found, in words.
struct CrashReport {
    let evidence: CrashEvidence
    let tally: KillTally
    let took: Duration

    var text: String {
        let presses = evidence.presses
        let cut = presses.count - evidence.arrivedPresses
        let windows = KillWindow.allCases.map {
            "  \(DisplayWidth.pad("\(tally.count($0))", to: 6, toRight: true))  \($0.rawValue)"
        }
        return """
            \(tally.agents) agents and \(tally.brokers) brokers killed in \(took.milliseconds / 1000) s; a start takes \
            \(Self.words(tally.starts.percentile(50))), at most \(Self.words(tally.starts.longest)). The agents were killed:
            \(windows.joined(separator: "\n"))
            presses \(presses.count), answered by their lamp \(presses.count { $0.shown != nil }), in the journal at a kill \
            \(presses.count { $0.wasKept }), arrived \(evidence.arrivedPresses); \(cut) were cut off before anybody was told
            events \(evidence.arrivals.count) once by id, \(evidence.sentAgain) sent again, \(tally.forgotten) forgotten by a \
            killed broker and replayed; commands answered \(evidence.answers.count)
            """
    }

    /// What went wrong, and how to look into it.
    func complaint(failure: (any Error)?, again: String, directory: String) -> String {
        let lines = (failure.map { ["\($0)"] } ?? []) + evidence.wrongs
        return """
            WRONG:
            \(lines.map { "  \($0)" }.joined(separator: "\n"))
            Journal, site file and logs: \(directory)
            Again: \(again)
            (the same presses and kills; when the machine gets to each is chance, so it may take several times)
            """
    }

    private static func words(_ duration: Duration?) -> String { duration.map { "\($0.milliseconds) ms" } ?? "unknown" }
}
