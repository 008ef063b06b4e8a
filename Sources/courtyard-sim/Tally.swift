internal import CallContract
internal import CallCore

/// What a subscriber of the contract has seen: the demo's own check that nothing is lost or doubled.
struct Tally {
    private(set) var events = 0
    private(set) var duplicates = 0
    private(set) var pressed: [String: Int] = [:]
    private(set) var calls: [String: CallMessage] = [:]
    private(set) var status: StatusMessage?
    private(set) var faults: [String: FaultMessage] = [:]
    private(set) var points = 0
    private(set) var unreadable = 0
    private(set) var recent: [EventMessage] = []
    /// First edge to here, in microseconds.
    private(set) var latencies: [Int64] = []
    private var seen: Set<String> = []
    private var pointsSeen: Set<String> = []

    static let recentCount = 12

    var pressedTotal: Int { pressed.values.reduce(0, +) }

    /// Takes one message of the gateway with these topics.
    mutating func take(_ topic: String, _ payload: [UInt8], _ topics: Topics, at moment: Moment) {
        if topic.hasPrefix("\(topics.base)/event/") { return takeEvent(payload, at: moment) }
        switch topics.subject(of: topic) {
        case .status: status = read(StatusMessage.self, payload) ?? status
        case .call(_, let id): calls[id] = payload.isEmpty ? nil : read(CallMessage.self, payload) ?? calls[id]
        case .fault(let id): faults[id] = payload.isEmpty ? nil : read(FaultMessage.self, payload)
        case .point(let id):
            if payload.isEmpty { pointsSeen.remove(id) } else { pointsSeen.insert(id) }
            points = pointsSeen.count
        case .command, nil: break
        }
    }

    private mutating func takeEvent(_ payload: [UInt8], at moment: Moment) {
        guard let event = read(EventMessage.self, payload) else { return }
        events += 1
        guard seen.insert(event.id).inserted else {
            duplicates += 1
            return
        }
        if event.type == "courtyard.call.pressed" {
            pressed[event.data.service, default: 0] += 1
            latencies.append((moment.nanoseconds - event.data.monotonicNs) / 1000)
            recent.append(event)
            if recent.count > Self.recentCount { recent.removeFirst() }
        }
    }

    private mutating func read<T: Decodable>(_ type: T.Type, _ payload: [UInt8]) -> T? {
        let message = try? WireJSON.read(type, from: payload)
        if message == nil { unreadable += 1 }
        return message
    }

    /// The latency that `share` of the presses stayed under, in microseconds.
    func latency(_ share: Double) -> Int64? {
        guard !latencies.isEmpty else { return nil }
        return latencies.sorted()[min(latencies.count - 1, Int(Double(latencies.count) * share))]
    }
}
