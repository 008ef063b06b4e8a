/// The core: everything a gateway decides. Values in, actions out; no clock, no disk, no network, no threads.
///
/// Time comes with every input. `nextDeadline` says when `.timePassed` is wanted at the latest.
public struct Courtyard: Sendable {
    /// Who this gateway is, for what it writes.
    public struct Identity: Hashable, Sendable {
        public let journal: JournalID
        /// The kernel's boot id.
        public let boot: String

        public init(journal: JournalID, boot: String) {
            self.journal = journal
            self.boot = boot
        }
    }

    private enum DeadlineKey: Hashable, Sendable {
        case point(PointID)
        case eventsLostOver
    }

    private var watches: [PointID: PointWatch] = [:]
    private var calls: CallBook
    private var faults = FaultBook()
    private var deadlines = Deadlines<DeadlineKey>()
    /// Which points each line fault concerns.
    private var troubled: [FaultID: [PointID: String]] = [:]
    private var lostEdges = 0

    /// How long after the last lost edge the fault stays: long enough to be seen by the next shift's first look.
    static let eventsLostFor = Duration.seconds(3600)

    /// - Parameters:
    ///   - open: the calls that the journal says are open.
    ///   - nextCall: the number of the next call, as the journal says.
    ///   - sequences: the last sequence number of each service in this journal.
    public init(
        identity: Identity, open: [Call] = [], nextCall: UInt64 = 1, sequences: [ServiceID: UInt64] = [:]
    ) {
        calls = CallBook(identity: identity, open: open, nextCall: nextCall, sequences: sequences)
    }

    /// When `.timePassed` is wanted at the latest; nil while everything is at rest.
    public var nextDeadline: Moment? { deadlines.next }

    /// The calls that are not closed, in no order.
    public var openCalls: some Collection<Call> { calls.open.values }
    /// The faults that are set, in no order.
    public var setFaults: some Collection<Fault> { faults.faults.values }
    /// The site's services.
    public var services: some Collection<ServiceID> { calls.services.keys }
    /// All points' supervision, in no order.
    public var pointStatuses: [PointStatus] { watches.values.map(\.status) }
    public func call(_ id: CallID) -> Call? { calls.open[id] }
    public func fault(_ id: FaultID) -> Fault? { faults.faults[id] }
    public func point(_ id: PointID) -> PointStatus? { watches[id]?.status }
    /// True for a call that another journal raised and this gateway adopted.
    public func isOrphan(_ call: Call) -> Bool { calls.isOrphan(call) }

    /// True once every point's driver has said how it is.
    public var hasHeardOfAllPoints: Bool { !watches.values.contains { $0.condition == .waiting } }

    /// The one entrance: what `input` changes, at `now`.
    public mutating func handle(_ input: Input, at now: Now) -> [Action] {
        switch input {
        case .line(let report): return take(report, now)
        case .timePassed: return advance(now)
        case .site(let points, let services): return adopt(points, services, now)
        case .fault(let id, let what, let remedy):
            return faults.set(id, what: what, remedy: remedy, now: now).map { [$0] } ?? []
        case .faultGone(let id): return faults.clear(id).map { [$0] } ?? []
        case .journalFailed(let events, let reason, let substitute):
            calls.journalReason = reason
            return calls.continueUnjournaled(events, as: substitute) + refusedPresses(now)
        case .journalRecovered:
            calls.continueJournaled()
            return faults.clear(.journalFailing).map { [$0] } ?? []
        case .orphan(let call): return calls.adopt(call)
        }
    }

    // MARK: Points

    private mutating func take(_ report: LineReport, _ now: Now) -> [Action] {
        guard watches[report.point] != nil else { return [] }  // an edge of a point that a reload removed
        var actions: [Action] = []
        if case .lost(let id, _, let at) = report { actions += lostEdges(of: id, at, now) }
        return actions + step(report.point, now) { $0.take(report, now: now) }
    }

    private mutating func advance(_ now: Now) -> [Action] {
        var actions: [Action] = []
        while let key = deadlines.take(dueBy: now.moment) {
            switch key {
            case .point(let id): actions += step(id, now) { $0.advance(now) }
            case .eventsLostOver:
                lostEdges = 0
                if let action = faults.clear(.eventsLost) { actions.append(action) }
            }
        }
        return actions
    }

    /// Lets one point's watch change, and turns what it says into calls, supervision and faults.
    private mutating func step(
        _ id: PointID, _ now: Now, _ change: (inout PointWatch) -> [Gestures.Gesture]
    ) -> [Action] {
        guard var watch = watches[id] else { return [] }
        let before = watch.condition
        let gestures = change(&watch)
        watches[id] = watch
        deadlines.set(.point(id), to: watch.deadline)
        var actions = gestures.flatMap { calls.press(watch.point, asks: $0.service, at: $0.at, now: now) }
        if watch.condition != before {
            actions.append(.show(watch.status))
            actions += lineFaults(of: watch, now)
        }
        if !gestures.isEmpty { actions += refusedPresses(now) }
        return actions
    }

    private mutating func adopt(_ points: [CallPoint], _ services: [Service], _ now: Now) -> [Action] {
        calls.services = Dictionary(services.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var actions: [Action] = []
        let ids = Set(points.map(\.id))
        for id in watches.keys where !ids.contains(id) {
            watches[id] = nil
            deadlines.set(.point(id), to: nil)
            actions.append(.forget(id))
            actions += lineFault(of: id, nil, now)
        }
        for point in points where watches[point.id]?.point != point {
            let watch = watches[point.id]?.changed(to: point) ?? PointWatch(point, since: now.wall)
            watches[point.id] = watch
            deadlines.set(.point(point.id), to: watch.deadline)
            actions.append(.show(watch.status))
        }
        return actions
    }

    // MARK: Faults

    private mutating func lineFaults(of watch: PointWatch, _ now: Now) -> [Action] {
        switch watch.condition {
        case .waiting, .working: lineFault(of: watch.point.id, nil, now)
        case .stuck: lineFault(of: watch.point.id, (.lineStuck, watch.point.label), now)
        case .troubled(let trouble): lineFault(of: watch.point.id, (trouble.fault, trouble.what), now)
        }
    }

    /// Moves a point into the one line fault that concerns it now, or out of all of them.
    private mutating func lineFault(of id: PointID, _ found: (fault: FaultID, what: String)?, _ now: Now) -> [Action] {
        for fault in FaultID.lineFaults {
            troubled[fault, default: [:]][id] = fault == found?.fault ? found?.what : nil
        }
        return FaultID.lineFaults.compactMap { fault in
            guard let points = troubled[fault], !points.isEmpty else { return faults.clear(fault) }
            return faults.set(
                fault, what: Self.listing(points), remedy: fault.lineRemedy, points: points.keys.sorted(), now: now)
        }
    }

    /// "b1-u1-101: BTN3 is held by gpiomon; b1-u1-102: …", at most eight of them.
    private static func listing(_ points: [PointID: String]) -> String {
        let shown = points.sorted { $0.key < $1.key }.prefix(8).map { "\($0.key): \($0.value)" }
        return (shown + (points.count > 8 ? ["and \(points.count - 8) more"] : [])).joined(separator: "; ")
    }

    private mutating func lostEdges(of id: PointID, _ at: Moment, _ now: Now) -> [Action] {
        lostEdges += 1
        deadlines.set(.eventsLostOver, to: at + Self.eventsLostFor)
        let action = faults.set(
            .eventsLost, what: "the kernel dropped edges of \(id) (\(lostEdges) times); its level was read anew",
            remedy: "look for a loose contact or interference on its wire; a longer minimum-width does not help here",
            now: now)
        return action.map { [$0] } ?? []
    }

    /// Keeps the count in the fault's text true.
    private mutating func refusedPresses(_ now: Now) -> [Action] {
        guard let reason = calls.journalReason else { return [] }
        let refused = calls.refused == 0 ? "" : "; presses refused so far: \(calls.refused)"
        let action = faults.set(
            .journalFailing,
            what: "the journal can't be written (\(reason)): emergencies go out unjournalled, other services are "
                + "refused\(refused)",
            remedy: "free or replace the disk that holds the journal; the gateway goes on by itself", now: now)
        return action.map { [$0] } ?? []
    }
}
