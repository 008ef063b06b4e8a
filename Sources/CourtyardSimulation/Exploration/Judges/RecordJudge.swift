internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import Journal

/// While all is well with the connection, the broker has every open call as it is, every fault that is set and no other,
/// and a status that says whether presses are heard.
final class RecordJudge: Judge {
    private let court: Court
    /// The record of each open call: its topic, and the revision that it must have.
    private var records: [CallID: (topic: String, revision: Int, isTest: Bool, isOrder: Bool)] = [:]
    /// Every fault that was ever set.
    private var faults: Set<FaultID> = []
    private var degrading: Set<FaultID> = []
    /// What was amiss at the last look, and on which connection.
    private var amiss: String?
    private var connection: UInt64 = 0
    private var looks = 0

    /// Looks ten seconds apart, until after connecting everything has been read back and put right.
    private static let settledAfter = 9
    /// Every minute, twice.
    private static let lookEvery = 6
    /// All points have been looked at after so many minutes.
    private static let pointsIn = 8

    init(_ court: Court) { self.court = court }

    func started(_ contents: Journal.Contents?) {
        records = [:]
        for call in contents?.openCalls ?? [] { note(call) }
    }

    func ended() { (records, amiss, looks) = ([:], nil, 0) }

    func told(_ action: Action) {
        switch action {
        case .keep(let call): note(call)
        case .set(let fault):
            faults.insert(fault.id)
            if fault.degrades { degrading.insert(fault.id) }
        default: break
        }
    }

    private func note(_ call: Call) {
        records[call.id] =
            call.state.isClosed
            ? nil
            : (court.gateway.topics.call(call.service, call.id), call.revision, call.isTest, call.service != .emergency)
    }

    func tick() {
        let gateway = court.gateway
        guard let agent = gateway.agent, gateway.isOnline, gateway.path.isOpen, let broker = gateway.brokerInUse,
            broker.refuses == nil, gateway.path.latency == VirtualPath.ordinaryLatency,
            gateway.connectionNumber == connection, agent.burden.outbox == 0
        else { return (connection, looks, amiss) = (gateway.connectionNumber, 0, nil) }
        looks += 1
        guard looks > Self.settledAfter, looks % Self.lookEvery < 2 else { return }
        // What has just changed may still be on its way.
        let found = amiss(at: broker)
        if looks % Self.lookEvery == 1, let found, found == amiss {
            court.complain(.standing, "\(found) for ten seconds")
        }
        amiss = found
    }

    private func amiss(at broker: VirtualBroker) -> String? {
        for (id, record) in records {
            guard let payload = broker.standing(at: record.topic)?.payload else {
                // An order that has run out is ended once the journal can be written; its record has run out already.
                if record.isOrder, court.faults.contains(.journalFailing) { continue }
                return "\(id) doesn't stand"
            }
            let revision = Scan.number(after: "\"revision\":", in: payload).map { Int($0) }
            if revision != record.revision {
                return "\(id) stands at revision \(revision ?? 0), and is at \(record.revision)"
            }
        }
        for fault in faults {
            let isStanding = broker.standing(at: court.gateway.topics.fault(fault)) != nil
            guard isStanding == court.faults.contains(fault) else {
                return isStanding ? "\(fault) stands, and is not set" : "\(fault) is set, and doesn't stand"
            }
        }
        // A few points at each look.
        let points = court.gateway.rules.points
        for index in stride(from: looks / Self.lookEvery % Self.pointsIn, to: points.count, by: Self.pointsIn)
        where broker.standing(at: court.gateway.topics.point(points[index].id)) == nil {
            return "\(points[index].id) doesn't stand"
        }
        guard let status = broker.standing(at: court.gateway.topics.status)?.payload,
            let state = Scan.text(after: "\"state\":\"", in: status)
        else { return "no status stands" }
        let isDegraded = !degrading.isDisjoint(with: court.faults)
        if state == (isDegraded ? "ready" : "degraded") {
            return "the status says \(state), with \(court.faults.sorted())"
        }
        guard let payload = broker.standing(at: court.gateway.topics.summary)?.payload,
            let summary = try? WireJSON.read(SummaryMessage.self, from: payload)
        else { return "no summary stands" }
        let counted = summary.services.values.reduce(0) { $0 + $1.open }
        let open = records.values.count { !$0.isTest }
        return counted == open ? nil : "the summary counts \(counted) open calls, \(open) are"
    }
}
