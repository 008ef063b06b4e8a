internal import CallCore
internal import GatewayAgent

/// A fault is set while what it says is true, and cleared when that is over; and each can be seen at the broker.
final class FaultJudge: Judge {
    private let court: Court
    /// Since when each fault has not told what is so.
    private var untrue: [FaultID: (holds: Bool, since: Moment)] = [:]
    private var lastRefusal: Moment?

    /// Until when after it began, or ended, a fault must have followed.
    private static let graces: [FaultID: Duration] = [
        .brokerAway: .seconds(15), .clockNotSynchronised: .seconds(620), .lineStuck: .seconds(15),
        .wireOpen: .seconds(15), .lineBusy: .seconds(15), .journalFailing: .seconds(30),
        .nobodyListening: .seconds(45), .receiverDead: .seconds(15), .deskAway: .seconds(45),
    ]

    /// Two site files of a world differ in other things.
    private let points: [PointID: CallPoint]

    private let deskTopics: [String]

    init(_ court: Court, desks: [VirtualDesk]) {
        self.court = court
        deskTopics = desks.map(\.statusTopic)
        points = Dictionary(uniqueKeysWithValues: court.gateway.rules.points.map { ($0.id, $0) })
    }

    private var gateway: VirtualGateway { court.gateway }

    func ended() { untrue = [:] }
    func refused() {
        lastRefusal = court.world.agenda.now
        // The turn that was refused tells it.
    }

    func turned() {
        if let lastRefusal, lastRefusal == court.world.agenda.now, !court.faults.contains(.journalFailing) {
            court.complain(.faultMissing, "a commit was refused, and journal-failing is not set")
        }
    }

    func tick() {
        guard court.gateway.isRunning else { return }
        for (fault, grace) in Self.graces { judge(fault, within: grace, holds: holds(fault)) }
        if court.faults.contains(.journalReplaced) {
            court.complain(.faultFalse, "the journal was replaced, though its disk damages nothing")
        }
    }

    /// Nil where nothing can be said now.
    private func holds(_ fault: FaultID) -> Bool? {
        switch fault {
        case .brokerAway: return !gateway.isOnline
        case .clockNotSynchronised: return !gateway.clock.now().quality.synchronized
        case .lineBusy: return !gateway.troubles.isEmpty
        case .lineStuck:
            return gateway.made.keys.contains { gateway.troubles[$0] == nil && isStuck($0) }
        case .receiverDead: return !gateway.receivers.lost.isEmpty
        case .wireOpen:
            return gateway.cut.contains { loop in
                guard let id = loop.loopOwner, points[id]?.hasLoop ?? false else { return false }
                return gateway.troubles[id] == nil && !isStuck(id)
            }
        // A failing disk is noticed when something is to be written.
        case .journalFailing: return gateway.disk.trouble == nil ? false : nil
        case .nobodyListening:
            guard let states = desksAtBroker() else { return nil }
            // While somebody listens, an emergency may still be unheard.
            if states.contains("listening") { return gateway.agent?.openCallCount == 0 ? false : nil }
            return true
        case .deskAway: return desksAtBroker().map { $0.contains("offline") }
        default: return nil
        }
    }

    /// What desks say of themselves at the broker in use; nil if the gateway can't know it, or doesn't ask.
    private func desksAtBroker() -> [String]? {
        guard gateway.isOnline, gateway.path.isOpen, let broker = gateway.brokerInUse,
            gateway.rules.acknowledgement == .desk
        else { return nil }
        return deskTopics.compactMap { topic in
            broker.standing(at: topic).flatMap { Scan.text(after: "\"state\":\"", in: $0.payload) }
        }
    }

    private func isStuck(_ id: PointID) -> Bool {
        guard let point = points[id] else { return false }
        return gateway.madeFor(id).map { $0 > point.stuckAfter } ?? false
    }

    private func judge(_ fault: FaultID, within grace: Duration, holds: Bool?) {
        let now = court.now
        guard let holds, court.faults.contains(fault) != holds else { return untrue[fault] = nil }
        guard let before = untrue[fault], before.holds == holds else { return untrue[fault] = (holds, now) }
        guard now - before.since > grace else { return }
        court.complain(
            holds ? .faultMissing : .faultFalse, "\(fault) \(holds ? "holds" : "is over") since \(now - before.since)")
    }

    /// All that was wrong is over, and was for more than an hour.
    func healed() {
        // A call that desks don't show is heard by nobody, for ever.
        let excused: Set<FaultID> = court.revenants.isEmpty ? [] : [.nobodyListening]
        for fault in court.faults.subtracting(excused).sorted() {
            court.complain(.faultFalse, "\(fault) is set, and all is well")
        }
    }
}
