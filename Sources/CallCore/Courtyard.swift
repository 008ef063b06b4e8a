/// The core: everything a gateway decides. Values in, actions out; no clock, no disk, no network, no threads.
///
/// Time comes with every input. `nextDeadline` says when `.timePassed` is wanted at the latest.
///
/// This file is the entrance. What points say is in CourtyardPoints and CourtyardRadio, what becomes of calls in
/// CourtyardCalls, what desks ask for in CourtyardCommands, and what is told of trouble in CourtyardFaults.
public struct Courtyard: Sendable {
    /// Who this gateway is, for what it writes.
    public struct Identity: Hashable, Sendable {
        public let journal: JournalID
        /// The kernel's boot id.
        public let boot: String
        /// Its id in the site: where its own test calls come from.
        public let gateway: GatewayID

        public init(journal: JournalID, boot: String, gateway: GatewayID) {
            self.journal = journal
            self.boot = boot
            self.gateway = gateway
        }
    }

    enum DeadlineKey: Hashable, Sendable {
        case point(PointID)
        case call(CallID)
        case eventsLostOver, limitedOver, clockSteppedOver
        case dailyTest, desksGrace, nextBroker, signals
    }

    let identity: Identity
    var rules = SiteRules(points: [], services: [])
    var watches: [PointID: PointWatch] = [:]
    var transmitters = RadioRegister()
    var earlierTransmitters: TransmitterStates
    var receivers = Receivers()
    var calls: CallBook
    var timers: [CallID: CallTimers] = [:]
    var answers: AnswerBook
    var desks = Desks()
    /// Calls that the broker or the time says nobody has heard.
    var unheard: Set<CallID> = []
    var dailyTest: DailyTest
    /// Points whose next press is a test; nil while nobody walks.
    var walked: Set<PointID>?
    var clock = WallClock()
    var faults = FaultBook()
    var deadlines = Deadlines<DeadlineKey>()
    /// Which points each line fault concerns.
    var troubled: [FaultID: [PointID: String]] = [:]
    var troubledOutputs: [OutputID: String] = [:]
    var limited: [PointID: Int] = [:]
    var lostEdges = 0
    var triedNextBrokerAt: Moment?
    /// How often that was for an emergency that is still heard by nobody.
    var brokersTried = 0
    var reassurance = Reassurance()
    /// What the outputs that alarms have switched on show.
    var alarming: [OutputID: Signal] = [:]
    /// Points whose calls changed in this step, and whether someone pressed there.
    var touched: [PointID: Bool] = [:]
    /// No desk listens at the broker in use.
    var isNobodyThere = false

    /// - Parameters:
    ///   - open: the calls that the journal says are open.
    ///   - nextCall: the number of the next call, as the journal says.
    ///   - sequences: the last sequence number of each service in this journal.
    ///   - answers: the answers given lately, the oldest first.
    ///   - closedOrphans: calls of other journals that were closed here.
    ///   - transmitters: what the journal knows of call points' transmitters.
    ///   - lastEvent: when the journal's last event happened.
    public init(
        identity: Identity, open: [Call] = [], nextCall: UInt64 = 1, sequences: [ServiceID: UInt64] = [:],
        answers: [CommandAnswer] = [], closedOrphans: [CallID] = [], transmitters: [TransmitterState] = [],
        lastEvent: WallTime? = nil
    ) {
        self.identity = identity
        earlierTransmitters = TransmitterStates(transmitters, until: lastEvent)
        self.answers = AnswerBook(answers)
        calls = CallBook(
            identity: identity, open: open, nextCall: nextCall, sequences: sequences, closedOrphans: closedOrphans)
        dailyTest = DailyTest(gateway: identity.gateway.text)
    }

    /// When `.timePassed` is wanted at the latest; nil while everything is at rest.
    public var nextDeadline: Moment? { deadlines.next }

    /// The calls that are not closed, in no order.
    public var openCalls: some Collection<Call> { calls.open.values }
    /// The desks that are listening, in no order.
    public var listeningDesks: [DeskID] { desks.listening }
    /// The faults that are set, in no order.
    public var setFaults: some Collection<Fault> { faults.faults.values }
    /// The site's services.
    public var services: some Collection<ServiceID> { rules.services.lazy.map(\.id) }
    /// All points' supervision, in no order.
    public var pointStatuses: [PointStatus] { watches.values.map(\.status) }
    /// The site's receivers in their order, each with how it is: `waiting`, `ok`, `dead`, `silent`, `jammed` or `flooding`.
    public var receiverStates: [(id: ReceiverID, state: String)] {
        rules.receivers.map { ($0.id, receivers.word($0.id)) }
    }
    /// Transmitters that were heard and that nobody enrolled, in no order.
    public var unknownTransmitters: some Collection<UnknownTransmitter> { transmitters.unknown.values }
    public func call(_ id: CallID) -> Call? { calls.open[id] }
    public func fault(_ id: FaultID) -> Fault? { faults.faults[id] }
    public func point(_ id: PointID) -> PointStatus? { watches[id]?.status }
    /// True for a call of another journal that was closed here: its record at the broker is out of date.
    public func wasClosedHere(_ id: CallID) -> Bool { calls.wasClosedHere(id) }
    /// True for a call that another journal raised and this gateway adopted.
    public func isOrphan(_ call: Call) -> Bool { calls.isOrphan(call) }
    /// The site's service of this id, or one that a call of a service it no longer has is followed by.
    public func service(_ id: ServiceID) -> Service {
        rules.services.first { $0.id == id } ?? Service(id: id, priority: Service.leastPriority)
    }

    /// True once every point's driver has said how it is.
    public var hasHeardOfAllPoints: Bool { !watches.values.contains(where: \.isWaiting) }

    /// The one entrance: what `input` changes, at `now`.
    public mutating func handle(_ input: Input, at now: Now) -> [Action] {
        var actions = followClock(now)
        actions += take(input, now)
        // A contact that flickers thousands of times a second changes nothing for anybody but its own watch.
        if case .line = input, touched.isEmpty { return actions }
        actions += listen(now)
        return actions + reassure(now)
    }

    private mutating func take(_ input: Input, _ now: Now) -> [Action] {
        switch input {
        case .line(let report): return take(report, now)
        case .radio(let report): return take(report, now)
        case .receiver(let report): return take(report, now)
        case .output(let report): return take(report, now)
        case .timePassed: return advance(now)
        case .site(let rules): return adopt(rules, now)
        case .walkTest(let points): return walk(points, now)
        case .command(let command): return obey(command, now)
        case .desk(let id, let presence):
            desks.heard(of: id, presence)
            return deskFault(now)
        case .connected:
            desks.connected(at: now.moment)
            deadlines.set(.desksGrace, to: desks.graceEnds)
            return deskFault(now)
        case .disconnected:
            desks.disconnected()
            deadlines.set(.desksGrace, to: nil)
            return deskFault(now)
        case .brokerHas(let id, let heard): return brokerHas(id, heard: heard, now)
        case .identify:
            reassurance.identify(now: now.moment)
            deadlines.set(.signals, to: reassurance.next)
            return show(reassurance.all.sorted(), again: false, now)
        case .fault(let id, let what, let remedy): return set(id, what: what, remedy: remedy, now)
        case .faultGone(let id): return clear(id)
        case .journalFailed(let reason, let substitute):
            calls.continueUnjournaled(as: substitute, reason: reason)
            return journalFault(now)
        case .journalRecovered:
            calls.continueJournaled()
            for call in calls.open.values { follow(call, now) }  // some may have run out meanwhile
            return clear(.journalFailing)
        case .orphan(let call):
            let actions = calls.adopt(call)
            if let adopted = calls.open[call.id] { follow(adopted, now) }
            return actions
        }
    }

    private mutating func advance(_ now: Now) -> [Action] {
        var actions: [Action] = []
        while let key = deadlines.take(dueBy: now.moment) {
            switch key {
            case .point(let id): actions += step(id, now) { $0.advance(now) }
            case .call(let id): actions += callIsDue(id, now)
            case .eventsLostOver:
                lostEdges = 0
                actions += clear(.eventsLost)
            case .limitedOver:
                limited = [:]
                actions += clear(.rateLimited)
            case .clockSteppedOver: actions += clear(.clockStepped)
            case .dailyTest: actions += makeDailyTest(now)
            case .signals: actions += show(reassurance.all.sorted(), again: false, now)
            case .desksGrace, .nextBroker: break  // `listen` looks at every step
            }
        }
        return actions
    }

    /// Takes a site file over: points, services, outputs and times.
    private mutating func adopt(_ rules: SiteRules, _ now: Now) -> [Action] {
        self.rules = rules
        let actions = adoptPoints(now) + adoptReceivers(now)
        reassurance.adopt(rules.outputs, points: rules.points.map(\.id))
        for id in troubledOutputs.keys where !reassurance.isKnown(id) { troubledOutputs[id] = nil }
        for call in calls.open.values { follow(call, now) }
        planDailyTest(now)
        for point in watches.keys { touched[point] = touched[point] ?? false }
        return actions + outputFault(now) + deskFault(now) + showAllOutputs(now)
    }
}
