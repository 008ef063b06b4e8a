internal import CallContract
internal import CallCore

/// What residents pressed against what a subscriber of the contract has seen: the demo's own check that nothing is
/// lost or doubled.
struct Tally {
    /// A press event of the gateway.
    struct Arrival {
        let event: EventMessage
        /// From its first edge until it was here.
        let latency: Duration
    }

    private struct Button: Hashable {
        let point: String
        let service: String
    }

    private struct Expectation {
        let press: MadePress
        var isReceived = false
    }

    /// Presses that residents made.
    private(set) var made = 0
    /// Of these, the ones of which a press event has come.
    private(set) var received = 0
    /// Press events, each with an id of its own, for a press of which one had come already.
    private(set) var doubled = 0
    /// Press events for presses that no resident of the demo made: by `courtyard-sim press`, most likely.
    private(set) var unasked = 0
    /// Events whose id had come before: a subscriber drops them, as the contract asks.
    private(set) var sentAgain = 0
    /// Messages that don't read as the contract says.
    private(set) var unreadable = 0
    /// Events per type: `raised`, `accepted` …
    private(set) var events: [String: Int] = [:]
    /// Press events per service.
    private(set) var presses: [String: Int] = [:]
    private(set) var calls: [String: CallMessage] = [:]
    private(set) var status: StatusMessage?
    private(set) var faults: [String: FaultMessage] = [:]
    /// The newest last.
    private(set) var recent: [Arrival] = []
    private(set) var latencies = Latencies()

    private var expected: [Button: [Expectation]] = [:]
    private var seen: Set<String> = []
    private var pointStates: [String: String] = [:]

    static let recentCount = 12
    /// A press that isn't here this long after it was complete is missing for now.
    static let overdueAfter = Duration.seconds(5)
    /// How many past presses of one button are remembered, to recognise one told twice.
    private static let rememberedPresses = 8

    var pointsWorking: Int { pointStates.values.count { $0 == "ok" } }
    var isComplete: Bool { received == made }
    /// True if every press arrived, and once only.
    var isFaultless: Bool { isComplete && doubled == 0 && unreadable == 0 }

    /// How many presses are overdue.
    func missing(at now: Moment) -> Int {
        guard !isComplete else { return 0 }
        return expected.values.reduce(0) { sum, presses in
            sum + presses.count { !$0.isReceived && $0.press.complete + Self.overdueAfter < now }
        }
    }

    /// The presses that have not arrived.
    var outstanding: [MadePress] {
        expected.values.flatMap { $0.filter { !$0.isReceived }.map(\.press) }.sorted { $0.begun < $1.begun }
    }

    func openCalls(_ service: String) -> Int { calls.values.count { $0.data.service == service } }
    /// Of a service, or of all.
    func openCalls(_ service: String? = nil, in state: CallState) -> Int {
        calls.values.count { $0.data.state == state.rawValue && (service ?? $0.data.service) == $0.data.service }
    }
    /// How a call stands: its state, or that it is closed.
    func state(of call: String) -> String { calls[call]?.data.state ?? "closed" }

    /// A resident begins to press: told before the first edge, so before any event of it.
    mutating func expect(_ press: MadePress) {
        made += 1
        let button = Button(point: press.point, service: press.service)
        expected[button, default: []].append(Expectation(press: press))
        if expected[button]!.count > Self.rememberedPresses, expected[button]![0].isReceived {
            expected[button]!.removeFirst()
        }
    }

    /// Takes one message of the gateway with these topics.
    /// - Returns: the press, if it is a new one.
    @discardableResult
    mutating func take(_ topic: String, _ payload: [UInt8], _ topics: Topics, at moment: Moment) -> Arrival? {
        if topic.hasPrefix("\(topics.base)/event/") { return takeEvent(payload, at: moment) }
        switch topics.subject(of: topic) {
        case .status: status = read(StatusMessage.self, payload) ?? status
        case .call(_, let id): calls[id] = payload.isEmpty ? nil : read(CallMessage.self, payload) ?? calls[id]
        case .fault(let id): faults[id] = payload.isEmpty ? nil : read(FaultMessage.self, payload) ?? faults[id]
        case .point(let id): pointStates[id] = payload.isEmpty ? nil : read(PointMessage.self, payload)?.state
        case .command, .desk, nil: break
        }
        return nil
    }

    private mutating func takeEvent(_ payload: [UInt8], at moment: Moment) -> Arrival? {
        guard let event = read(EventMessage.self, payload) else { return nil }
        guard seen.insert(event.id).inserted else {
            sentAgain += 1
            return nil
        }
        events[event.type.split(separator: ".").last.map(String.init) ?? "", default: 0] += 1
        guard event.type == "courtyard.call.pressed" else { return nil }
        let pressedAt = Moment(nanoseconds: event.data.monotonicNs)
        let arrival = Arrival(event: event, latency: moment - pressedAt)
        presses[event.data.service, default: 0] += 1
        recent = Array((recent + [arrival]).suffix(Self.recentCount))
        match(arrival, pressedAt)
        return arrival
    }

    /// The press it tells of is the last one of its button that had begun by then.
    private mutating func match(_ arrival: Arrival, _ pressedAt: Moment) {
        let button = Button(point: arrival.event.data.point, service: arrival.event.data.service)
        guard let index = expected[button]?.lastIndex(where: { $0.press.begun <= pressedAt }),
            case let press = expected[button]![index].press, pressedAt < press.complete + Deed.rest
        else {
            unasked += 1
            return
        }
        guard !expected[button]![index].isReceived else {
            doubled += 1
            return
        }
        expected[button]![index].isReceived = true
        received += 1
        if press.toldAtOnce { latencies.add(arrival.latency) }
    }

    private mutating func read<T: Decodable>(_ type: T.Type, _ payload: [UInt8]) -> T? {
        let message = try? WireJSON.read(type, from: payload)
        if message == nil { unreadable += 1 }
        return message
    }
}

/// How long presses took: the longest of all, and shares of the last ten thousand.
struct Latencies {
    private var ring: [Duration] = []
    private var oldest = 0
    private(set) var longest: Duration?

    static let kept = 10_000

    mutating func add(_ latency: Duration) {
        longest = max(longest ?? latency, latency)
        if ring.count < Self.kept {
            ring.append(latency)
        } else {
            ring[oldest] = latency
            oldest = (oldest + 1) % Self.kept
        }
    }

    /// What `percent` of the presses did not exceed (the nearest rank); nil before the first.
    func percentile(_ percent: Int) -> Duration? {
        guard !ring.isEmpty else { return nil }
        return ring.sorted()[max(0, (ring.count * percent + 99) / 100 - 1)]
    }
}
