/// What each output shows, from the open calls of the points near it: it follows from the state and is the same again
/// after a restart.
struct Reassurance: Sendable {
    /// What the resident at a point is told of an open call there.
    struct Told: Sendable {
        let point: PointID
        let priority: Int
        let signal: Signal
    }

    /// How long the answer to a press outside the hours is shown.
    static let refusedFor = Duration.seconds(5)

    private var outputs: [OutputID: BoardOutput] = [:]
    /// The outputs that show a point's calls, and the points whose calls an output shows.
    private var outputsOf: [PointID: [OutputID]] = [:]
    private var pointsOf: [OutputID: Set<PointID>] = [:]
    private var shown: [OutputID: Signal] = [:]
    private var refusedUntil: [OutputID: Moment] = [:]
    private var identifyUntil: Moment?

    /// For how long outputs say that this is the board: long enough to walk past a row of boards.
    static let identifyFor = Duration.seconds(10)

    /// When a signal that ends by itself does.
    var next: Moment? { (refusedUntil.values + (identifyUntil.map { [$0] } ?? [])).min() }

    /// These outputs and points from now on.
    mutating func adopt(_ outputs: [BoardOutput], points: some Sequence<PointID>) {
        self.outputs = Dictionary(outputs.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        outputsOf = [:]
        pointsOf = [:]
        for point in points {
            for output in outputs where output.shows(point) {
                outputsOf[point, default: []].append(output.id)
                pointsOf[output.id, default: []].insert(point)
            }
        }
        shown = [:]
        refusedUntil = refusedUntil.filter { self.outputs[$0.key] != nil }
    }

    func isKnown(_ id: OutputID) -> Bool { outputs[id] != nil }
    func outputs(near point: PointID) -> [OutputID] { outputsOf[point] ?? [] }
    var all: [OutputID] { Array(outputs.keys) }

    /// A press outside the hours is answered near its point.
    mutating func refused(at point: PointID, now: Moment) {
        for id in outputs(near: point) { refusedUntil[id] = now + Self.refusedFor }
    }

    /// Every output says that this is the board somebody looks for.
    mutating func identify(now: Moment) { identifyUntil = now + Self.identifyFor }

    /// What changes on these outputs.
    /// - Parameters:
    ///   - again: play the signal once more though it is the same: somebody pressed and waits for an answer.
    ///   - alarms: outputs that an escalation or an unheard emergency has switched on.
    ///   - calls: what is told of the open calls, wherever they are.
    mutating func refresh(
        _ ids: [OutputID], again: Bool = false, alarms: [OutputID: Signal], now: Moment,
        calls: [Told]
    ) -> [Action] {
        refusedUntil = refusedUntil.filter { $0.value > now }
        if identifyUntil.map({ $0 <= now }) ?? false { identifyUntil = nil }
        return ids.compactMap { id in
            guard let output = outputs[id] else { return nil }
            let state = alarms[id] ?? mostUrgent(calls, id)
            let signal = identifyUntil != nil && !state.isAlarming ? .identify : state
            guard shown.updateValue(signal, forKey: id) != signal || (again && signal != .idle) else { return nil }
            return .signal(id, signal, output.pattern(for: signal))
        }
    }

    /// Of the calls near an output the most urgent, and of those the one that has come least far.
    private func mostUrgent(_ calls: [Told], _ id: OutputID) -> Signal {
        let points = pointsOf[id] ?? []
        let first = calls.lazy.filter { points.contains($0.point) }.min {
            ($0.priority, Self.rank($0.signal)) < ($1.priority, Self.rank($1.signal))
        }
        guard let first, first.priority < Service.leastPriority || refusedUntil[id] == nil else {
            return refusedUntil[id] == nil ? .idle : .refused
        }
        return first.signal
    }

    private static func rank(_ signal: Signal) -> Int {
        let order: [Signal] = [.nobodyListening, .sent, .received, .accepted, .onTheWay, .arrived]
        return order.firstIndex(of: signal) ?? order.count
    }
}

extension Signal {
    /// Too grave to be covered for someone who looks for the board.
    fileprivate var isAlarming: Bool { self == .escalated || self == .nobodyListening }
}

extension Call {
    /// What the resident is told of it.
    /// - Parameter isUnheard: nobody hears the gateway.
    func signal(isUnheard: Bool) -> Signal {
        switch state {
        case .raised: isTest ? .test : isUnheard ? .nobodyListening : .sent
        case .delivered: .received
        case .accepted: isOnTheWay ? .onTheWay : .accepted
        case .arrived: .arrived
        case .resolved, .cancelled: .idle
        }
    }
}
