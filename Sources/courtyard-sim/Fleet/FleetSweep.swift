internal import CallContract
internal import CallCore
internal import Glibc
internal import MQTTLink

/// Takes back what a fleet has left retained at a broker that isn't its own.
struct FleetSweep {
    private let site: SiteID
    private let prefixes: Set<String>
    private let happenings = Happenings()
    private var waiting: [String] = []
    private(set) var taken = 0

    /// Nothing more has come for so long: that was all.
    private static let quiet = Duration.seconds(1)
    private static let limit = Duration.seconds(60)

    init(_ plan: FleetPlan) {
        prefixes = Set((0..<plan.gateways).map { plan.topics($0).base })
        site = plan.site
    }

    /// Returns when everything is taken back, the time is up, or somebody wants it to stop.
    mutating func run(_ configuration: MQTTLink.Configuration, _ signals: StopSignals) throws {
        var configuration = configuration
        configuration.subscriptions = ["courtyard/v1/\(site)/#"]
        configuration.sessionExpirySeconds = 0
        configuration.window = 1000
        let link = try SiteLink(configuration, happenings)
        defer { link.stop() }
        let end = Moment.now + Self.limit
        var last = Moment.now
        while .now < end, !waiting.isEmpty || last + Self.quiet > .now {
            for case .received(let message, _) in happenings.take() where isOurs(message) {
                waiting.append(message.topic)
                last = .now
            }
            while let topic = waiting.last, link.publish(topic, [], retain: true) {
                waiting.removeLast()
                taken += 1
                last = .now
            }
            if signals.wait(for: happenings, until: .now + .milliseconds(5)) { return }
        }
    }

    private func isOurs(_ message: Message) -> Bool {
        let base = message.topic.split(separator: "/", maxSplits: 4).prefix(4).joined(separator: "/")
        return message.retain && !message.payload.isEmpty && prefixes.contains(base)
    }
}
