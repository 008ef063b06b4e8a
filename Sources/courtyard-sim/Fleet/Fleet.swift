internal import ArgumentParser
internal import CLinux
internal import CallCore
internal import Glibc
internal import MQTTLink

/// `courtyard-sim fleet`: many gateways, to load brokers and desks with.
struct Fleet: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load a broker, and the desks at it, with many gateways.",
        discussion: """
            Each gateway is the production agent with its journal and its MQTT connection, without a board; residents \
            press in all of them, and a subscriber counts what comes: exit code 1 if anything is missing or came twice. \
            Without --host or --port it starts a mosquitto of its own. At another's broker, give it a --site of its own: \
            desks of a real site would ring. It takes back what it leaves retained there.
            Example: courtyard-sim fleet --gateways 1000 --points 194 --rate 6000 --burst 100 --storm 30s --seconds 90
            """)

    @Option(help: "How many gateways, 1 to 9999.")
    var gateways = 100
    @Option(help: "How many call points each has, 1 to 2000.")
    var points = 194
    @Option(help: "How many presses residents make a minute in all gateways together, 0 to 600000.")
    var rate = 600
    @Option(help: "Once, 5 s after the start, everybody in so many gateways presses within a second.")
    var burst = 0
    @Option(help: "Cut every gateway's connection every so often, such as 30s.")
    var storm: Span?
    @Option(help: "End after this many seconds of pressing; otherwise runs until Ctrl-C.")
    var seconds: Int?
    @Flag(help: "A duty desk answers the calls.")
    var desk = false
    @Option(help: "The site's id.")
    var site = "fleet"
    @Option(help: "Where the journals are made; each gateway has 150 KB or more there. Otherwise in memory.")
    var journals: String?
    @Option(help: "Write the figures to this file, as JSON.")
    var json: String?
    @OptionGroup var address: BrokerAddress

    /// Descriptors for each gateway: its socket, its journal's files, its wake-ups, and one to connect with.
    private static let descriptorsEach = 10
    private static let descriptorsBesides = 100

    func validate() throws {
        guard (1...FleetPlan.mostGateways).contains(gateways) else {
            throw ValidationError(
                "--gateways takes a whole number from 1 to \(FleetPlan.mostGateways), not \(gateways)")
        }
        guard (1...FleetPlan.mostPoints).contains(points) else {
            throw ValidationError("--points takes a whole number from 1 to \(FleetPlan.mostPoints), not \(points)")
        }
        guard (0...600_000).contains(rate) else {
            throw ValidationError("--rate takes a whole number from 0 to 600000 presses a minute, not \(rate)")
        }
        guard (0...gateways).contains(burst) else {
            throw ValidationError("--burst takes a number of gateways, at most \(gateways), not \(burst)")
        }
        guard storm.map({ $0.duration >= .seconds(1) }) ?? true else {
            throw ValidationError("--storm takes a duration from 1s on")
        }
        guard (1...1_000_000).contains(seconds ?? 1) else {
            throw ValidationError("--seconds takes a whole number from 1 to 1000000")
        }
        guard SiteID(site) != nil else {
            throw ValidationError("--site takes an id, 1 to 64 of a-z, 0-9 and -; \(site) is none")
        }
        try address.check()
    }

    func run() throws {
        mallopt(M_ARENA_MAX, 4)  // a heap for each of thousands of threads would be measured, not gateways
        try ProcessLimits.allow(descriptors: gateways * Self.descriptorsEach + Self.descriptorsBesides)
        let directory = try ThrowAwayDirectory(in: journals ?? Self.memory)
        defer { directory.remove() }
        let broker = address.isNamed ? nil : try FleetBroker(in: directory)
        defer { broker?.child.stop() }
        try Self.start(broker)
        let own = broker.map { MQTTLink.Broker(host: "127.0.0.1", port: Int($0.port)) }
        let place = own ?? address.configuration(clientID: site).brokers[0]
        let plan = FleetPlan(
            site: SiteID(unchecked: site), gateways: gateways, points: points, broker: place, directory: directory.path)
        let stage = FleetStage(
            plan,
            .init(
                perMinute: rate, burst: burst, stormEvery: storm?.duration, seconds: seconds, hasDesk: desk),
            broker: broker)
        let configuration = { (name: String) in
            var configuration = address.configuration(clientID: name)
            configuration.brokers = [place]
            return configuration
        }
        defer { stage.close(configuration) }
        try stage.run(configuration)
        let report = FleetReport(
            plan: plan, tally: stage.tally, measures: stage.measures, figures: stage.figures.now)
        stage.say(report.text)
        if let json { try Self.write(report.json + [10], to: json) }
        guard report.isFaultless else { throw ExitCode.failure }
    }

    /// Where journals cost no disk; nil where there is no such place.
    private static var memory: String? { access("/dev/shm", W_OK) == 0 ? "/dev/shm" : nil }

    private static func start(_ broker: FleetBroker?) throws {
        let deadline = Moment.now + .seconds(10)
        while let broker, !broker.listens {
            try broker.check()
            guard .now < deadline else { throw SimulatorError("mosquitto doesn't listen on port \(broker.port)") }
            usleep(5000)
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { if fd >= 0 { close(fd) } }
        guard fd >= 0, Glibc.write(fd, bytes, bytes.count) == bytes.count else {
            throw SimulatorError("\(path) can't be written: \(String(cString: strerror(errno)))")
        }
    }
}
