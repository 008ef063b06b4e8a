public import CallContract
public import CallCore
public import Journal

/// The agent: one loop that owns all state. It takes whatever is in the inbox, lets the core decide, commits once for
/// the batch, and only then tells the world.
public final class GatewayAgent {
    /// What the agent is told of itself.
    public struct Identity: Sendable {
        public var topics: Topics
        public var version: String
        /// The kernel's boot id.
        public var boot: String
        public var simulated: Bool

        public init(topics: Topics, version: String, boot: String, simulated: Bool) {
            self.topics = topics
            self.version = version
            self.boot = boot
            self.simulated = simulated
        }
    }

    /// The agent's ports.
    public struct Ports {
        public var store: any Store
        public var transport: any Transport
        public var clock: any Clock
        public var outputs: any Outputs
        public var log: any AgentLog

        public init(
            store: any Store, transport: any Transport, clock: any Clock, outputs: any Outputs, log: any AgentLog
        ) {
            self.store = store
            self.transport = transport
            self.clock = clock
            self.outputs = outputs
            self.log = log
        }
    }

    let identity: Identity
    let ports: Ports
    /// The numbers that connections are given.
    public let connections: ConnectionNumbers
    var core: Courtyard
    var keeper: JournalKeeper
    var outbox = Outbox()
    var shelf = Shelf()
    var replies = ReplyQueue()
    var inFlight: [UInt64: InFlight] = [:]
    var refusals = Refusals()
    /// Decided, and not carried out yet.
    private var todo: [Action] = []

    /// The connection in use; nil while there is none.
    var link: (connection: UInt64, broker: String)?
    /// The fault that kept the last attempt from succeeding, besides `broker-away`.
    var linkFault: FaultID?
    /// When another client with this gateway's id last took its place.
    var thrownOutAt: Moment?
    var publishedState: StatusMessage.State?
    var readbackUntil: Moment?
    private var markAt: Moment?
    /// True once `stop` was called.
    public private(set) var isStopping = false
    var watchers: [Int: @Sendable ([UInt8]) -> Void] = [:]
    let started: Now
    var lastPress: CallEvent?
    let journal: JournalID

    /// How long acknowledgements wait for a commit to travel with: they get one of their own when nobody presses.
    static let marksWaitAtMost = Duration.seconds(60)

    /// - Parameters:
    ///   - contents: what the journal held at start.
    ///   - services: the site's services, for the lanes' order.
    public init(_ identity: Identity, contents: Journal.Contents, services: [Service], ports: Ports) {
        self.identity = identity
        self.ports = ports
        keeper = JournalKeeper(ports.store)
        connections = ConnectionNumbers(usedUpTo: contents.connectionLimit)
        started = ports.clock.now()
        journal = contents.id
        let own = contents.cursors.filter { $0.journal == contents.id }
        core = Courtyard(
            identity: .init(journal: contents.id, boot: identity.boot), open: contents.openCalls,
            nextCall: contents.nextCall,
            sequences: Dictionary(uniqueKeysWithValues: own.map { ($0.service, $0.last) }))
        for cursor in contents.cursors {
            let priority = services.first { $0.id == cursor.service }?.priority ?? Service.leastPriority
            outbox.restore(
                Lane.ID(journal: cursor.journal, service: cursor.service), priority: priority, last: cursor.last,
                acknowledged: cursor.acknowledgedThrough)
        }
    }

    /// When `handle` is wanted at the latest, if nothing comes in.
    public var nextDeadline: Moment? {
        let now = ports.clock.now().moment
        return [
            core.nextDeadline, keeper.retryAt, markAt, readbackUntil, thrownOutAt.map { $0 + Self.twinFaultFor },
            shelf.resumesAt(after: now),
            outbox.resumesAt(after: now),
        ].compactMap { $0 }.min()
    }

    /// One turn: everything in the inbox is decided, committed once, and carried out.
    public func handle(_ batch: [AgentInput]) {
        let now = ports.clock.now()
        for input in batch {
            switch input {
            case .line(let report): decide(.line(report), now)
            case .link(let link): take(link, now)
            case .task(let task): task(self)
            }
        }
        if let due = core.nextDeadline, due <= now.moment { decide(.timePassed, now) }
        endReadback(now)
        endTwinFault(now)
        commit(now)
        pump(now)
    }

    /// Lets the core decide; carried out at the end of the turn.
    func decide(_ input: Input, _ now: Now) { todo += core.handle(input, at: now) }

    /// Points and services of a site file that was read (again).
    public func adopt(points: [CallPoint], services: [Service]) {
        decide(.site(points: points, services: services), ports.clock.now())
    }

    /// A fault that something outside found, or found gone (`what` nil).
    public func report(_ fault: FaultID, what: String?, remedy: String = "") {
        let input = what.map { Input.fault(fault, what: $0, remedy: remedy) } ?? .faultGone(fault)
        decide(input, ports.clock.now())
    }

    /// The journal could not be opened: emergencies go out unjournalled until it can.
    public func beginUnjournaled(_ reason: String) {
        let id = randomJournalID()
        substitute = id
        keeper.beginFailing(at: ports.clock.now().moment)
        decide(.journalFailed(events: [], reason: reason, substitute: id), ports.clock.now())
    }

    /// Tells when nobody has set the wall clock, and when somebody has.
    public func checkClock() {
        let isSynchronized = ports.clock.now().quality.synchronized
        guard isSynchronized != clockWasSynchronized else { return }
        clockWasSynchronized = isSynchronized
        report(
            .clockNotSynchronised,
            what: isSynchronized ? nil : "nobody has set the wall clock since boot: times may be wrong",
            remedy: "check that the time service (chrony or systemd-timesyncd) reaches its server")
    }

    /// No more presses will come: says `stopping`, and leaves the marks in the journal.
    public func stop() { isStopping = true }

    /// True when everything that can be told has been told.
    public var hasToldAll: Bool { link == nil || (outbox.count == 0 && inFlight.isEmpty && shelf.isEmpty) }

    /// Messages that the inbox had to drop: what the broker holds is read again.
    public func lost(messages: Int) { readBackAgain(ports.clock.now(), dropped: messages) }

    /// Folds the journal's log in when it has grown long and nobody waits for anything.
    public func tidyJournal() {
        if outbox.count == 0, ports.store.isCheckpointDue { ports.store.checkpoint() }
    }

    /// True once a broker has been told everything and has given back what stood there.
    public var hasSettled: Bool { link != nil && readbackUntil == nil && hasToldAll }

    /// Leaves what the broker has acknowledged in the journal, so that a restart doesn't send it again.
    public func leaveMarks() {
        commit(ports.clock.now(), marksNow: true)
    }

    // MARK: Commit, then tell

    private func commit(_ now: Now, marksNow: Bool = false) {
        var actions = todo
        todo = []
        var batch = Journal.Batch()
        gather(actions, into: &batch)
        let unmarked = outbox.unmarked
        let marksDue = marksNow || (markAt.map { $0 <= now.moment } ?? false)
        if !batch.isEmpty || marksDue {
            batch.acknowledged = unmarked.map {
                .init(journal: $0.id.journal, service: $0.id.service, through: $0.through)
            }
        }
        batch.connectionLimit = connections.limitToReserve()
        if !batch.isEmpty || keeper.retryAt.map({ $0 <= now.moment }) ?? false {
            actions = write(batch, actions, now)
        }
        // Due marks that a failing journal did not take wait again.
        let waiting = markAt.flatMap { $0 > now.moment ? $0 : nil }
        markAt = outbox.unmarked.isEmpty ? nil : waiting ?? now.moment + Self.marksWaitAtMost
        for action in actions { tell(action, now) }
    }

    private func gather(_ actions: [Action], into batch: inout Journal.Batch) {
        for action in actions {
            if case .append(let event) = action { batch.events.append(event) }
            if case .keep(let call) = action { batch.calls.append(call) }
        }
    }

    /// Writes the batch; returns what may be told now.
    private func write(_ batch: Journal.Batch, _ actions: [Action], _ now: Now) -> [Action] {
        let unjournaled = Set(batch.events.filter { !$0.journaled }.map(\.journal))
        switch keeper.write(batch, at: now.moment) {
        case .written:
            marked(batch)
            return actions
        case .recovered:
            marked(batch)
            for journal in unjournaled.union(substitute.map { [$0] } ?? []) { outbox.becameJournaled(journal) }
            substitute = nil
            ports.log.log(.notice, "the journal can be written again", [:])
            return actions + core.handle(.journalRecovered, at: now)
        case .failing: return actions
        case .failed(let reason):
            ports.log.log(.error, "the journal can't be written: \(reason)", [:])
            let id = randomJournalID()
            substitute = id
            let others = actions.filter { action in
                switch action {
                case .append, .keep: false
                default: true
                }
            }
            let instead = core.handle(
                .journalFailed(events: batch.events, reason: reason, substitute: id), at: now)
            var held = Journal.Batch()
            gather(instead, into: &held)
            keeper.hold(held.events, held.calls)
            return instead + others
        }
    }

    /// What a signal asks for; set by the program.
    public var onSignal: ((Int32) -> Void)?
    /// True once every point's driver has said how it is.
    public var hasStarted: Bool { core.hasHeardOfAllPoints }
    private var clockWasSynchronized = true

    /// The journal id under which events go out while the journal fails.
    private var substitute: JournalID?

    private func marked(_ batch: Journal.Batch) {
        if let limit = batch.connectionLimit { connections.reserved(limit) }
        guard !batch.acknowledged.isEmpty else { return }
        outbox.marked()
        markAt = nil
    }

    /// What was decided is safe now: put it where it leaves from.
    private func tell(_ action: Action, _ now: Now) {
        switch action {
        case .append(let event):
            outbox.append(event)
            announce(event, now)
            if link == nil { ports.transport.retryNow() }
        case .keep(let call):
            shelf.want(.call(call.id, call.service))
            shelf.want(.summary)
        case .set(let fault):
            shelf.want(.fault(fault.id))
            ports.log.log(
                fault.since == now.wall ? .warning : .debug, "fault \(fault.id): \(fault.what). \(fault.remedy)",
                ["COURTYARD_FAULT": fault.id.text])
        case .clear(let id):
            shelf.want(.fault(id))
            ports.log.log(.notice, "fault \(id) is over", ["COURTYARD_FAULT": id.text])
        case .show(let point): shelf.want(.point(point.id))
        case .forget(let id): shelf.want(.point(id))
        }
    }

    private func announce(_ event: CallEvent, _ now: Now) {
        if event.type == .pressed {
            lastPress = event
            ports.log.log(
                .info,
                "press of \(event.call.point) (\(event.call.label)): \(event.service), call \(event.call.id), "
                    + "press \(event.call.presses)",
                ["COURTYARD_POINT": event.call.point.text, "COURTYARD_CALL": event.call.id.description])
        }
        guard !watchers.isEmpty else { return }
        let line = WireJSON.bytes(message(event, now)) + [UInt8(ascii: "\n")]
        for watcher in watchers.values { watcher(line) }
    }
}
