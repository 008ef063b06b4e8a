internal import ArgumentParser
internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import Glibc
internal import MQTTLink

/// `courtyard-sim desk`: a small duty desk in the terminal, to develop displays and desks against.
struct Desk: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer the calls of a site, as a duty desk that follows a script.",
        discussion: """
            Says that it is listening, shows the site's open calls, says `received` for each, accepts it, sets out, \
            arrives and resolves it, and prints what the gateway answers. Speaks the contract of docs/mqtt-contract.md \
            with real gateways as with simulated ones: on a real site, it accepts real calls. Ctrl-C ends it.
            Example: courtyard-sim desk --port 1883 --site willow-court --accept-after 10s --refuse errand
            """)

    @OptionGroup var address: BrokerAddress
    @Option(help: "The site's id.")
    var site: String
    @Option(help: "The desk's id, unique within the site.")
    var id = "desk-1"
    @Option(help: "What people call it.")
    var name = "值班室"
    @Option(help: "How long a call waits for `received`.")
    var sayReceivedAfter = Span(.zero)
    @Option(help: "How long a call waits to be accepted.")
    var acceptAfter = Span(.seconds(5))
    @Option(help: "How long it takes from accepting to being there.")
    var arriveAfter = Span(.seconds(30))
    @Option(help: "How long it takes from there to the end.")
    var resolveAfter = Span(.seconds(60))
    @Flag(help: "See calls and say nothing about them.")
    var ignore = false
    @Option(parsing: .upToNextOption, help: "Services whose calls are cancelled instead of accepted.")
    var refuse: [String] = []
    @Flag(help: "A desk without an open screen: connected, and says nothing about calls.")
    var idle = false
    @Option(help: "End after this many seconds; otherwise runs until Ctrl-C.")
    var seconds: Int?

    func validate() throws {
        for (option, text) in [("--site", site), ("--id", id)] + refuse.map({ ("--refuse", $0) })
        where DeskID(text) == nil {
            throw ValidationError("\(option) takes an id, 1 to 64 of a-z, 0-9 and -; \(text) is none")
        }
        guard !name.isEmpty, name.utf8.count <= 100, name == DisplayWidth.clip(name, to: .max) else {
            throw ValidationError("--name takes 1 to 100 bytes without control characters")
        }
        guard (1...1_000_000).contains(seconds ?? 1) else {
            throw ValidationError("--seconds takes a whole number from 1 to 1000000")
        }
        try address.check()
    }

    func run() throws {
        let pace = { (span: Span) in span.duration...span.duration }
        let manner = DeskManner(
            acceptAfter: pace(acceptAfter), arriveAfter: pace(arriveAfter), resolveAfter: pace(resolveAfter),
            sayReceivedAfter: sayReceivedAfter.duration, ignores: ignore || idle, refuses: Set(refuse))
        let id = DeskID(unchecked: id)
        let desk = DutyDesk(id: id, name: name, manner: manner, run: Self.newRun(), dice: .fresh)
        let stage = DeskStage(
            desk, site: SiteID(unchecked: site), name: name, state: idle ? .idle : .listening, broker: address.text)
        defer { stage.close() }
        try stage.run(
            address.configuration(clientID: "courtyard-desk-\(site)-\(id)"), for: seconds.map { .seconds($0) })
        guard stage.hasBeenConnected else { throw ExitCode.failure }
    }

    /// So that no command id of an earlier run comes again.
    static func newRun() -> String {
        String((0..<8).map { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement()! })
    }
}

/// Where a broker is and how one gets in: the words of the site file's `brokers`.
struct BrokerAddress: ParsableArguments {
    @Option(help: "The broker's host: with TLS, the name in its certificate.")
    var host = "127.0.0.1"
    @Option(help: "Its port; 1883 unless told otherwise, 8883 with --ca.")
    var port: Int?
    @Option(help: "PEM file of the authorities that may have signed its certificate; turns TLS on.")
    var ca: String?
    @Option(help: "PEM file with this desk's own certificate, where the broker asks for one.")
    var certificate: String?
    @Option(help: "PEM file with that certificate's key.")
    var key: String?
    @Option(help: "The user's name.")
    var username: String?
    @Option(help: "File whose first line is the password.")
    var passwordFile: String?

    /// As a broker is shown.
    var text: String { "\(host):\(broker.port)" }

    /// True if somebody has said where it is.
    var isNamed: Bool { host != "127.0.0.1" || port != nil || ca != nil || username != nil }

    private var broker: MQTTLink.Broker {
        var broker = MQTTLink.Broker(host: host, port: port ?? (ca == nil ? 1883 : 8883))
        broker.username = username
        broker.password = passwordFile.map { .file($0) }
        broker.tls = ca.map { .init(ca: $0, certificate: certificate, key: key) }
        broker.keepAliveSeconds = 15
        return broker
    }

    /// - Throws: `ValidationError` for what can't work together.
    func check() throws {
        guard ca != nil || certificate == nil && key == nil else {
            throw ValidationError("--certificate and --key need --ca: without it there is no TLS")
        }
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key go together")
        }
        guard passwordFile == nil || username != nil else { throw ValidationError("--password-file needs --username") }
        guard (1...65_535).contains(broker.port) else {
            throw ValidationError("--port takes a whole number from 1 to 65535, not \(broker.port)")
        }
        guard !host.isEmpty else { throw ValidationError("--host is empty") }
    }

    func configuration(clientID: String) -> MQTTLink.Configuration {
        var configuration = MQTTLink.Configuration(clientID: clientID, brokers: [broker])
        configuration.sessionExpirySeconds = 300
        configuration.longestWait = .seconds(5)
        return configuration
    }
}
