internal import ArgumentParser
internal import CallCore
internal import CourtyardSimulation
internal import Glibc
internal import SiteConfig

/// `courtyard-sim run`: plays scenarios and says whether all was as expected.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play scenarios: steps that a tester reads aloud, and what is expected of them.",
        discussion: """
            Each FILE is a scenario (simulator/scenarios/README.md). All that is wrong with the files is said at once, \
            before anything is played.
            Stages: virtual plays in this program and in virtual time, hours in milliseconds; process runs the real \
            agent and a real broker in real time; kernel runs them in a kernel of its own, with real lines, in virtual \
            time (simulator/kernel).
            Exit codes: 0 all as expected; 1 not as expected, or the stage can't do a step; 64 a file that can't be \
            read as a scenario, or words that can't be.
            Example: courtyard-sim run simulator/scenarios/*.yaml --junit results.xml --vcd waves/
            """)

    @Argument(help: ArgumentHelp("The scenarios.", valueName: "file"))
    var files: [String]
    @Option(help: "Where they are played: virtual, process or kernel.")
    var on = StageName.virtual
    @Option(help: "Write the results as JUnit XML, for Jenkins or GitLab, to this file.")
    var junit: String?
    @Option(help: "Write the waveforms of lines, calls, outputs and faults to this file, or into this directory.")
    var vcd: String?
    @Flag(name: .shortAndLong, help: "Show every step and all that was seen.")
    var verbose = false
    @Option(help: "The agent's program for --on process and kernel; otherwise the courtyard-gateway beside this one.")
    var gateway: String?
    @Flag(help: .hidden)
    var insideKernel = false

    /// The stages there are.
    enum StageName: String, ExpressibleByArgument, CaseIterable {
        case virtual, process, kernel
    }

    func run() throws {
        try Determinism.require()
        let scenarios = try read()
        if on == .kernel, !insideKernel { try runInKernel(scenarios) }
        let signals = StopSignals()
        var results: [ScenarioResult] = []
        for scenario in scenarios {
            results.append(play(scenario, signals))
            if case .failed(StageFailure.stopped.description)? = results.last?.fault?.verdict { break }
        }
        try write(results)
        let wrong = results.count { !$0.isAsExpected }
        if results.count > 1 {
            say("\(results.count) scenarios, \(results.count - wrong) as expected, \(wrong) not")
        }
        for result in results where !result.isAsExpected { say("again: \(rerun(result.scenario))") }
        if wrong > 0 { throw ExitCode.failure }
    }

    /// - Throws: exit code 64 after saying what is wrong with any of them.
    private func read() throws -> [Scenario] {
        var scenarios: [Scenario] = []
        var isUsable = true
        for file in files {
            do throws(SiteProblems) {
                scenarios.append(try ScenarioReader.read(path: file))
            } catch {
                complain(error.description)
                isUsable = false
            }
        }
        guard isUsable else { throw ExitCode(EX_USAGE) }
        return scenarios
    }

    private func play(_ scenario: Scenario, _ signals: StopSignals) -> ScenarioResult {
        let isLong = verbose || files.count == 1
        if isLong { say(ResultText.heading(scenario, stage: on.rawValue)) }
        if on == .process, scenario.span > .seconds(10) {
            say("in real time: takes \(ClockText.write(scenario.span)), and as long as what is expected takes to come")
        }
        let (steps, log) = steps(of: scenario, signals) { if isLong { show($0) } }
        let result = ScenarioResult(scenario, stage: on.rawValue, steps: steps, log: log)
        if !isLong {
            say("\(result.isAsExpected ? "ok  " : "NOT ") \(ResultText.heading(scenario, stage: on.rawValue))")
            if !result.isAsExpected { for step in steps { show(step) } }
        }
        if isLong || !result.isAsExpected { say(ResultText.summary(result)) }
        return result
    }

    private func steps(
        of scenario: Scenario, _ signals: StopSignals, tell: @escaping (StepResult) -> Void
    ) -> ([StepResult], [Seen]) {
        let stage: any Stage
        do {
            stage = try makeStage(scenario, signals)
        } catch {
            let result = StepResult(failing: scenario.steps[0], "\(error)")
            tell(result)
            return ([result], [])
        }
        defer { stage.close() }
        if let objection = ScenarioRunner.objection(to: scenario, on: stage) {
            let result = StepResult(refusing: objection.step, objection.reason)
            tell(result)
            return ([result], [])
        }
        let steps = ScenarioRunner(scenario, on: stage, tell: tell).run()
        return (steps, stage.log)
    }

    private func makeStage(_ scenario: Scenario, _ signals: StopSignals) throws -> any Stage {
        switch on {
        case .virtual: return try VirtualStage(scenario)
        case .process:
            return try ProcessStage(scenario, gateway: gateway, signals: signals) {
                directory, troublesDisk throws(StageFailure) in
                ProcessStage.Board(
                    hands: SocketHands(path: "\(directory)/lines.sock"),
                    clock: PreloadedClock(path: "\(directory)/clock"),
                    disk: try MemoryDisk(at: "\(directory)/disk", isNeeded: troublesDisk))
            }
        case .kernel:
            return try ProcessStage(scenario, gateway: gateway, signals: signals) {
                directory, troublesDisk throws(StageFailure) in
                ProcessStage.Board(
                    hands: LineHands(scenario, directory: directory), clock: KernelClock(directory: directory),
                    disk: try MemoryDisk(at: "\(directory)/disk", isNeeded: troublesDisk), lookEvery: .seconds(1))
            }
        }
    }

    /// Has a kernel booted in which this program does all the rest.
    private func runInKernel(_ scenarios: [Scenario]) throws -> Never {
        for scenario in scenarios {
            if let objection = KernelGuest.objection(to: scenario) {
                throw SimulatorError("\(scenario.file): \(objection): run it --on virtual or process")
            }
        }
        if let vcd, scenarios.count > 1 || vcd.hasSuffix("/") { try OutputFile.makeDirectory(vcd) }
        let shares = [junit, vcd].compactMap { path in
            path.map { Programs.isDirectory($0) ? $0 : OutputFile.directory(of: $0) }
        }
        let arguments = CommandLine.arguments.dropFirst() + ["--inside-kernel"]
        throw ExitCode(try KernelGuest().run(Array(arguments), for: scenarios, shares: shares))
    }

    // MARK: Files

    private func write(_ results: [ScenarioResult]) throws {
        if let junit { try OutputFile.write(JUnit.write(results, stage: on.rawValue), to: junit) }
        guard let vcd else { return }
        let isDirectory = results.count > 1 || vcd.hasSuffix("/") || Programs.isDirectory(vcd)
        if isDirectory { try OutputFile.makeDirectory(vcd) }
        var used: [String] = []
        for result in results {
            let stem = JUnit.stem(of: result.scenario.file)
            // Two files of one name, from different directories.
            let number = used.count { $0 == stem } + 1
            used.append(stem)
            let name = number == 1 ? "\(stem).vcd" : "\(stem)-\(number).vcd"
            try OutputFile.write(Waveform.write(result), to: isDirectory ? "\(vcd)/\(name)" : vcd)
        }
    }

    private func show(_ step: StepResult) {
        for line in ResultText.lines(step, isLong: verbose) { say(line) }
    }

    private func rerun(_ scenario: Scenario) -> String {
        "courtyard-sim run \(scenario.file) --on \(on.rawValue) -v"
    }

    /// At once, also into a pipe: on real programs a step may take an hour.
    private func say(_ line: String) { OutputFile.say(line) }
}
