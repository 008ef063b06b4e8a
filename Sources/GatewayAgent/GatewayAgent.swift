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
        /// Makes the id under which events go out while the journal fails.
        public var makeID: () -> JournalID

        public init(
            store: any Store, transport: any Transport, clock: any Clock, outputs: any Outputs, log: any AgentLog,
            makeID: @escaping () -> JournalID = randomJournalID
        ) {
            self.store = store
            self.transport = transport
            self.clock = clock
            self.outputs = outputs
            self.log = log
            self.makeID = makeID
        }
    }

    let identity: Identity
    let ports: Ports
    let journal: JournalID
    let started: Now
    /// The numbers that connections are given.
    public let connections: ConnectionNumbers
    var core: Courtyard
    var keeper: JournalKeeper
    var outbox = Outbox()
    var shelf = Shelf()
    var replies = ReplyQueue()
    /// What other systems are told of this gateway, by topic: retained, empty where it is taken back.
    var introductions: [String: [UInt8]] = [:]
    var inFlight: [UInt64: InFlight] = [:]
    var refusals = Refusals()
    var pruning: Pruning
    /// Decided in this turn, and not carried out yet.
    var turn = Turn()
    /// The event that opened each open call, to be offered again.
    var openings: [CallID: CallEvent] = [:]
    /// Calls whose opening is to be offered once more, the most urgent first.
    var offers = Offers()
    /// Where the answer to a command goes besides its reply topic, while it is being decided.
    var askers: [String: [Asker]] = [:]

    /// The connection in use; nil while there is none.
    var link: (connection: UInt64, broker: String, since: Moment)?
    /// The fault that kept the last attempt from succeeding, besides `broker-away`.
    var linkFault: FaultID?
    /// When another client with this gateway's id last took its place.
    var thrownOutAt: Moment?
    /// Connections in a row that the broker closed without a word, soon after each was made.
    var silentEnds = 0
    var publishedState: StatusMessage.State?
    var readbackUntil: Moment?
    /// Points whose topic has not been read back on this connection: the broker may not have it.
    var unread: Set<PointID> = []
    var markAt: Moment?
    /// The journal id under which events go out while the journal fails.
    var substitute: JournalID?
    private var clockWasSynchronized = true
    /// True once `stop` was called.
    public private(set) var isStopping = false
    var watchers: [Int: @Sendable ([UInt8]) -> Void] = [:]
    var lastPress: CallEvent?
    /// Faults that the log has been told of; that their text changes is for the curious.
    var toldFaults: Set<FaultID> = []
    /// Told of what was decided, when it may be carried out: for whoever holds the agent to what it should do.
    package var onTold: ((Action) -> Void)?
    /// What a signal asks for; set by the program.
    public var onSignal: ((Int32) -> Void)?
    /// Asked for what came of what receivers gave out, when somebody wants to know.
    public var receiverStatistics: (() -> [ReceiverID: ReceiverStatistics])?

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
        pruning = Pruning(from: started.moment)
        journal = contents.id
        let own = contents.cursors.filter { $0.journal == contents.id }
        core = Courtyard(
            identity: .init(journal: contents.id, boot: identity.boot, gateway: identity.topics.gateway),
            open: contents.openCalls, nextCall: contents.nextCall,
            sequences: Dictionary(uniqueKeysWithValues: own.map { ($0.service, $0.last) }), answers: contents.answers,
            closedOrphans: contents.closedOrphans, transmitters: contents.transmitters,
            lastEvent: contents.lastEvent)
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
            core.nextDeadline, keeper.retryAt, pruning.next, markAt, readbackUntil,
            thrownOutAt.map { $0 + Self.twinFaultFor },
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
            case .radio(let report): decide(.radio(report), now)
            case .receiver(let report): decide(.receiver(report), now)
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

    /// What a site file says that was read (again).
    public func adopt(_ rules: SiteRules) { decide(.site(rules), ports.clock.now()) }

    /// Introduces the gateway to another system, or takes that back.
    public func introduce(_ messages: [HomeAssistant.Retained]) {
        for message in messages {
            introductions[message.topic] = message.payload
            shelf.want(.introduction(topic: message.topic))
        }
    }

    /// Somebody walks from point to point: the next press of each is a test, until it is over (false).
    public func walkTest(_ begins: Bool) {
        decide(.walkTest(begins ? Set(core.pointStatuses.map(\.id)) : nil), ports.clock.now())
    }

    /// A driver's report of an output.
    public func take(_ report: OutputReport) { decide(.output(report), ports.clock.now()) }

    /// A fault that something outside found, or found gone (`what` nil).
    public func report(_ fault: FaultID, what: String?, remedy: String = "") {
        let input = what.map { Input.fault(fault, what: $0, remedy: remedy) } ?? .faultGone(fault)
        decide(input, ports.clock.now())
    }

    /// The journal could not be opened: emergencies go out unjournalled until it can.
    public func beginUnjournaled(_ reason: String) {
        let id = ports.makeID()
        substitute = id
        keeper.beginFailing(at: ports.clock.now().moment)
        decide(.journalFailed(reason: reason, substitute: id), ports.clock.now())
    }

    /// Tells when nobody has set the wall clock, and when somebody has.
    public func checkClock() {
        let isSynchronized = ports.clock.now().quality.synchronized
        if isSynchronized != clockWasSynchronized { clockWasSet() }
        guard isSynchronized != clockWasSynchronized else { return }
        clockWasSynchronized = isSynchronized
        report(
            .clockNotSynchronised,
            what: isSynchronized ? nil : "nobody has set the wall clock since boot: times may be wrong",
            remedy: "check that the time service (chrony or systemd-timesyncd) reaches its server")
    }

    /// Somebody set the wall clock: labels are corrected.
    public func clockWasSet() { decide(.timePassed, ports.clock.now()) }

    /// True once every point's driver has said how it is.
    public var hasStarted: Bool { core.hasHeardOfAllPoints }

    /// No more presses will come: says `stopping`, and leaves the marks in the journal.
    public func stop() { isStopping = true }

    /// True when everything that can be told has been told.
    public var hasToldAll: Bool { link == nil || (outbox.count == 0 && inFlight.isEmpty && shelf.isEmpty) }

    /// Messages that the inbox had to drop: what the broker holds is read again.
    public func lost(messages: Int) { readBackAgain(ports.clock.now(), dropped: messages) }

    /// True once a broker has been told everything and has given back what stood there.
    public var hasSettled: Bool { link != nil && readbackUntil == nil && hasToldAll }

    /// Leaves what the broker has acknowledged in the journal, so that a restart doesn't send it again.
    public func leaveMarks() {
        commit(ports.clock.now(), marksNow: true)
    }
}
