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
    ]

    init(_ court: Court) { self.court = court }

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
        let gateway = court.gateway
        switch fault {
        case .brokerAway: return !gateway.isOnline
        case .clockNotSynchronised: return !gateway.clock.now().quality.synchronized
        case .lineBusy: return gateway.rules.points.contains { gateway.trouble(of: $0.id) != nil }
        case .lineStuck:
            return gateway.rules.points.contains {
                gateway.trouble(of: $0.id) == nil && (gateway.madeFor($0.id) ?? .zero) > $0.stuckAfter
            }
        case .wireOpen:
            return gateway.rules.points.contains {
                $0.hasLoop && gateway.isCut($0.id) && gateway.trouble(of: $0.id) == nil
                    && (gateway.madeFor($0.id) ?? .zero) < $0.stuckAfter
            }
        // A failing disk is noticed when something is to be written.
        case .journalFailing: return gateway.disk.trouble == nil ? false : nil
        default: return nil
        }
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
