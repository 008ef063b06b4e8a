internal import ArgumentParser
internal import CallCore
internal import CourtyardSimulation
internal import Glibc
internal import Synchronization

/// `courtyard-sim explore`: years of bad luck, each drawn from one number.
struct Explore: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the production agent and journal through made-up days of bad luck, each drawn from one number.",
        discussion: """
            Time is virtual. Judges watch all the while: no press is lost or told twice, nothing is published before it \
            is on the disk, every emergency is accepted or escalates, every fault that is set is true, and when all is \
            well again everything has been delivered. The first complaint ends it, with the seed, the shortest sequence \
            of happenings that still leads to it, and the command that repeats it. Exit code 1 then, 0 otherwise.
            """)

    @Option(help: "How many seeds, from 1 on.")
    var seeds = 100
    @Option(help: "This seed alone.")
    var seed: UInt64?
    @Option(help: "For how many days things go wrong in each, before all is well again.")
    var days = 1
    @Option(help: "How many call points; drawn for each seed if not given.")
    var points: Int?
    @Option(help: "How much goes wrong, in mishaps a day; drawn for each seed if not given.")
    var mishaps: Int?
    @Option(help: "Of the seed's happenings these alone, by number: 3,17,204.")
    var keep: Numbers?
    @Option(help: "Writes what happens, line by line, to this file.")
    var trace: String?
    @Flag(help: "Don't look for a shorter sequence.")
    var noShrinking = false

    /// Numbers with commas between.
    struct Numbers: ExpressibleByArgument {
        let numbers: [Int]
        init?(argument: String) {
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
            guard !parts.contains(where: { $0.map { $0 < 0 } ?? true }) else { return nil }
            numbers = parts.compactMap { $0 }
        }
    }

    func validate() throws {
        func check(_ option: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
            guard let value, !range.contains(value) else { return }
            throw ValidationError("\(option) takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        try check("--seeds", seeds, 1...10_000_000)
        try check("--days", days, 1...3650)
        try check("--points", points, 1...10_000)
        try check("--mishaps", mishaps, 1...100_000)
        guard seed != nil || (keep == nil && trace == nil) else {
            throw ValidationError("--keep and --trace go with one --seed")
        }
    }

    func run() throws {
        try Determinism.require()
        let range = seed.map { $0...$0 } ?? 1...UInt64(seeds)
        var report = ExplorationReport(of: range.count)
        try HangWatch.begin()
        for asked in [SIGINT, SIGTERM] { signal(asked) { _ in Episode.isStopAsked.store(true, ordering: .relaxed) } }
        for seed in range {
            HangWatch.seed.store(seed, ordering: .relaxed)
            let settings = Episode.Settings(
                seed: seed, days: days, points: points, mishaps: mishaps, kept: keep?.numbers)
            let outcome = try episode(settings)
            if Episode.isStopAsked.load(ordering: .relaxed) { break }
            report.add(outcome)
            guard let complaint = outcome.complaint else { continue }
            report.end()
            try tell(complaint, settings)
            throw ExitCode.failure
        }
        report.end()
    }

    private func episode(_ settings: Episode.Settings) throws -> Episode.Outcome {
        let episode = try Episode(settings)
        guard let trace else { return episode.run() }
        guard let file = fopen(trace, "w") else {
            throw SimulatorError("\(trace) can't be written: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        episode.onTrace = { fputs($0 + "\n", file) }
        return episode.run()
    }

    /// What is wrong, and how somebody sees it again.
    private func tell(_ complaint: Complaint, _ settings: Episode.Settings) throws {
        print("\nseed \(settings.seed): \(complaint)\nnoticed on \(complaint.at.worldTime)")
        var shortest = settings
        if !noShrinking {
            shortest = try Shrinker(settings, complaint.rule).shortest { tried, left in
                if isatty(2) != 0 { ExplorationReport.say("\r\(left) happenings left, \(tried) sequences tried ") }
            }
            if isatty(2) != 0 { ExplorationReport.say("\r\u{1b}[K") }
            print("\nThe shortest sequence found that leads to it:")
            let episode = try Episode(shortest)
            for number in shortest.kept ?? [] { print("  \(episode.line(number))") }
        }
        var command = "courtyard-sim explore --seed \(settings.seed) --days \(settings.days)"
        if let points { command += " --points \(points)" }
        if let mishaps { command += " --mishaps \(mishaps)" }
        if let kept = shortest.kept { command += " --keep " + kept.map(String.init).joined(separator: ",") }
        let commit = Checkout.commit.map { ", commit \($0)" } ?? ""
        print(
            """

            Again, with all that happens written down (courtyard-sim \(CourtyardSim.configuration.version)\(commit)):
              \(command) --trace trace.txt
            """)
    }
}
