internal import CallContract
internal import CallCore

/// What a fleet's residents pressed against what a subscriber has received.
struct FleetTally {
    /// A press, by what its event says of it: its time is that of its first edge, to the nanosecond.
    struct Press: Hashable, Sendable {
        let gateway: GatewayID
        let point: PointID
        let at: Moment
    }

    /// When it was made: bursts are measured by themselves.
    enum Occasion: Hashable, Sendable { case everyday, burst }

    private(set) var made = 0
    private(set) var received = 0
    /// Press events with an id of their own for a press of which one had come.
    private(set) var doubled = 0
    /// Events whose id had come before.
    private(set) var sentAgain = 0
    /// Press events that nobody of the fleet made.
    private(set) var unasked = 0
    private(set) var unreadable = 0
    /// Some of the presses that are still missing.
    var missing: [Press] { Array(open.keys.sorted { $0.at < $1.at }.prefix(10)) }
    private(set) var latencies: [Occasion: [Duration]] = [:]

    /// The press that took the longest, and how long.
    private(set) var slowest: (press: Press, took: Duration)?

    private var open: [Press: Occasion] = [:]
    private var told: Set<Press> = []
    private var ids: Set<String> = []

    var isComplete: Bool { received == made }
    var isFaultless: Bool { isComplete && doubled == 0 && unreadable == 0 }

    /// Told before the edge is put into the gateway's inbox.
    mutating func expect(_ press: Press, _ occasion: Occasion) {
        made += 1
        open[press] = occasion
    }

    /// Takes a message from `courtyard/v1/<site>/<gateway>/event/<service>/pressed`.
    mutating func take(_ topic: String, _ payload: [UInt8], at moment: Moment) {
        let parts = topic.split(separator: "/", maxSplits: 4)
        guard parts.count == 5, let event = try? WireJSON.read(EventMessage.self, from: payload) else {
            unreadable += 1
            return
        }
        guard ids.insert(event.id).inserted else {
            sentAgain += 1
            return
        }
        let press = Press(
            gateway: GatewayID(unchecked: String(parts[3])), point: PointID(unchecked: event.data.point),
            at: Moment(nanoseconds: event.data.monotonicNs))
        if let occasion = open.removeValue(forKey: press) {
            told.insert(press)
            received += 1
            let took = moment - press.at
            latencies[occasion, default: []].append(took)
            if took > slowest?.took ?? .zero { slowest = (press, took) }
        } else if told.contains(press) {
            doubled += 1
        } else {
            unasked += 1
        }
    }
}

/// How long things took: the nearest ranks.
struct Percentiles: Hashable {
    let count: Int
    let p50, p95, p99, longest: Duration

    /// Nil of nothing.
    init?(_ durations: [Duration]) {
        let sorted = durations.sorted()
        guard let last = sorted.last else { return nil }
        func rank(_ percent: Int) -> Duration { sorted[max(0, (sorted.count * percent + 99) / 100 - 1)] }
        (count, p50, p95, p99, longest) = (sorted.count, rank(50), rank(95), rank(99), last)
    }

    var text: String {
        "p50 \(Self.words(p50)), p95 \(Self.words(p95)), p99 \(Self.words(p99)), max \(Self.words(longest))"
    }

    private static func words(_ duration: Duration) -> String {
        let tenths = (duration.nanoseconds + 50_000) / 100_000
        return tenths < 1000 ? "\(tenths / 10).\(tenths % 10) ms" : "\((tenths + 5) / 10) ms"
    }
}
