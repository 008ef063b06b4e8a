internal import ArgumentParser
internal import CallContract
internal import CallCore
internal import MQTTLink

/// `courtyard-sim demo`: broker, agent, residents and subscriber in one command.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a courtyard of 194 call points at work: real agent, real broker, simulated buttons.",
        discussion: """
            Starts mosquitto on a free port of 127.0.0.1 and the agent, both with a throw-away directory, lets residents
            press, a duty desk answer as people would, and shows what a subscriber receives. Ctrl-C ends it and leaves
            nothing behind.
            Exit code 0 if every press arrived exactly once.
            """)

    @Option(help: "End after this many seconds; otherwise runs until Ctrl-C.")
    var seconds: Int?
    @Option(help: "How many presses residents make a minute, 1 to 1200.")
    var rate = 40
    @Flag(help: "Nobody answers: calls stay open, are offered again, and escalate.")
    var noDesk = false
    @Option(help: "The agent's program; otherwise the courtyard-gateway beside this one.")
    var gateway: String?

    /// How long the broker, and then the agent, may take to start.
    private static let startWithin = Duration.seconds(20)
    /// How long the last presses may take: the longest deed, and what a busy machine adds.
    private static let finishWithin = Duration.seconds(15)
    /// How long the subscriber listens on for what should not come: a press told twice.
    private static let lookBack = Duration.milliseconds(300)
    private static let triesForPort = 3
    private static let stoppedEarly = "stopped before anybody pressed"

    func validate() throws {
        guard (1...1200).contains(rate) else {
            throw ValidationError("--rate takes a whole number from 1 to 1200 presses a minute, not \(rate)")
        }
        guard (1...1_000_000).contains(seconds ?? 1) else {
            throw ValidationError("--seconds takes a whole number from 1 to 1000000")
        }
    }

    func run() throws {
        let stage = DemoStage(DemoCourtyard(), desk: noDesk ? nil : DemoDesk.make())
        var servers = try DemoServers(gateway: gateway)
        defer {
            stage.close()
            servers.stop()
        }
        guard try startBroker(&servers, stage) else { return stage.say(Self.stoppedEarly) }
        let subscriber = try subscribe(to: servers, stage)
        stage.link = subscriber
        defer { subscriber.stop(last: noDesk ? nil : DemoDesk.message(.closed, stage.courtyard.topics)) }
        guard try startAgent(&servers, stage) else { return stage.say(Self.stoppedEarly) }
        let ending = try press(servers, stage)
        stage.close()
        switch ending {
        case .reached: break
        case .timeUp: stage.say("waited \(Self.finishWithin) for the last presses, in vain")
        case .stopped: stage.say("stopped before the last presses could arrive")
        }
        stage.say(stage.totals)
        if !stage.tally.isFaultless { throw ExitCode.failure }
    }

    // MARK: Its order of events

    /// - Returns: false if somebody stopped the demo.
    private func startBroker(_ servers: inout DemoServers, _ stage: DemoStage) throws -> Bool {
        var triesLeft = Self.triesForPort
        var ending: DemoStage.Ending
        repeat {
            triesLeft -= 1
            try servers.startBroker()
            let started = servers
            ending = try stage.wait(within: Self.startWithin) {
                started.broker?.end != nil || started.broker?.listens ?? false
            }
        } while ending == .reached && servers.broker?.end != nil && triesLeft > 0
        stage.check = servers.check
        try servers.check()
        return try isUp(ending, servers.broker?.child)
    }

    private func startAgent(_ servers: inout DemoServers, _ stage: DemoStage) throws -> Bool {
        try servers.startAgent(stage.courtyard)
        stage.check = servers.check
        let ending = try stage.wait(within: Self.startWithin) {
            [.ready, .degraded].contains(stage.tally.status?.state)
                && stage.tally.pointsWorking == DemoCourtyard.pointCount
        }
        return try isUp(ending, servers.agent)
    }

    private func isUp(_ ending: DemoStage.Ending, _ child: Child?) throws -> Bool {
        if ending == .timeUp, let child {
            throw SimulatorError(
                "\(child.name) was not up within \(Self.startWithin). Its last lines:\n\(child.lastLines)")
        }
        return ending == .reached
    }

    /// Residents press until the time is up or somebody stops the demo; then the last presses may arrive.
    /// - Returns: `reached` if they have.
    private func press(_ servers: DemoServers, _ stage: DemoStage) throws -> DemoStage.Ending {
        stage.begin(port: servers.port, socket: servers.socket)
        let residents = Residents(socket: servers.socket) { [happenings = stage.happenings] in happenings.put($0) }
        residents.start(stage.courtyard, perMinute: rate)
        _ = try stage.wait(within: seconds.map { .seconds($0) }) { false }
        residents.stop()
        stage.finish()
        let ending = try stage.wait(within: Self.finishWithin) { stage.residentsRest && stage.tally.isComplete }
        if ending == .reached { _ = try stage.wait(within: Self.lookBack) { false } }
        return ending
    }

    /// The subscriber is the desk as well: one connection for both.
    private func subscribe(to servers: DemoServers, _ stage: DemoStage) throws -> SiteLink {
        let topics = stage.courtyard.topics
        var configuration = MQTTLink.Configuration(
            clientID: "courtyard-demo", brokers: [.init(host: "127.0.0.1", port: Int(servers.port))])
        configuration.subscriptions = ["courtyard/v1/\(topics.site)/#"]
        return try SiteLink(
            configuration, will: noDesk ? nil : DemoDesk.message(.offline, topics), stage.happenings)
    }
}
