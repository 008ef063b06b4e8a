import CallContract
import CallCore
import Glibc
import Journal
import Synchronization

@testable import GatewayAgent

/// Time as the tests set it.
final class TestClock: Clock {
    private let milliseconds = Mutex<Int64>(1000)

    func advance(_ duration: Duration) { milliseconds.withLock { $0 += duration.milliseconds } }

    func now() -> Now {
        let value = milliseconds.withLock { $0 }
        return Now(
            moment: Moment(nanoseconds: value * 1_000_000), wall: WallTime(milliseconds: 1_700_000_000_000 + value),
            quality: ClockQuality(synchronized: true, uncertaintyMs: 1))
    }
}

/// A broker that takes what it is given, up to its window, and acknowledges when told to.
final class TestTransport: Transport {
    var isConnected = false
    var window = 32
    private(set) var sent: [(token: UInt64, message: OutgoingMessage)] = []
    private(set) var log: [OutgoingMessage] = []
    private(set) var subscriptions: [String] = []
    private(set) var retries = 0
    private(set) var switches: [OutgoingMessage?] = []
    private var next: UInt64 = 0

    func send(_ message: OutgoingMessage) -> SendResult {
        guard isConnected else { return .notConnected }
        guard sent.count < window else { return .windowFull }
        next += 1
        sent.append((next, message))
        log.append(message)
        return .sent(token: next)
    }
    func subscribe(_ filter: String) { subscriptions.append(filter) }
    func unsubscribe(_ filter: String) { subscriptions.removeAll { $0 == filter } }
    func retryNow() { retries += 1 }
    func tryNextBroker(last: OutgoingMessage?) -> Bool {
        switches.append(last)
        return true
    }

    /// The tokens on their way, which are so no longer.
    func takeTokens() -> [UInt64] {
        defer { sent = [] }
        return sent.map(\.token)
    }
}

/// A journal that fails when told to; otherwise the real one on SQLite.
final class FailingStore: Store {
    var journal: Journal
    /// The journal is a new file that knows nothing of what was committed before.
    var isAnew = false
    var failure: JournalError?
    private(set) var commits = 0
    private(set) var refusals = 0
    private(set) var prunes: [WallTime] = []

    init(_ journal: Journal) { self.journal = journal }

    func commit(_ batch: Journal.Batch) throws(JournalError) {
        // Nothing is written then, so nothing fails: as the real one does it.
        if let failure, !batch.isEmpty {
            refusals += 1
            throw failure
        }
        commits += 1
        try journal.commit(batch)
    }
    func events(journal id: JournalID, service: ServiceID, from: UInt64, limit: Int) throws(JournalError) -> [CallEvent]
    {
        try journal.events(journal: id, service: service, from: from, limit: limit)
    }
    func keptRange(journal id: JournalID, service: ServiceID) throws(JournalError) -> ClosedRange<UInt64>? {
        try journal.keptRange(journal: id, service: service)
    }
    func isClosed(_ id: CallID) throws(JournalError) -> Bool {
        if let failure { throw failure }
        return try journal.isClosed(id)
    }
    func takeBegunAnew() -> Bool {
        defer { isAnew = false }
        return isAnew
    }
    var isCheckpointDue: Bool { journal.isCheckpointDue }
    func checkpoint() { journal.checkpoint() }
    func prune(olderThan time: WallTime, limit: Int) throws(JournalError) -> Int {
        prunes.append(time)
        return try journal.prune(olderThan: time, limit: limit)
    }
}

final class TestOutputs: Outputs {
    private(set) var identified = 0
    var shown: [OutputID: Signal] = [:]
    func show(_ output: OutputID, _ signal: Signal, _ pattern: OutputPattern) { shown[output] = signal }
    func identify() { identified += 1 }
}

struct NoLog: AgentLog {
    func log(_ level: LogLevel, _ text: String, _ fields: [String: String]) {}
}

/// An agent of two call points, its real journal in a directory of its own, and doubles at the other ports.
final class World {
    static let bed = CallPoint(id: PointID("b3-u2-401")!, label: "3号楼2单元401 床头", debounce: .init(minimumWidth: .zero))
    static let kitchen = CallPoint(
        id: PointID("b3-u2-401-kitchen")!, label: "3号楼2单元401 厨房", debounce: .init(minimumWidth: .zero),
        gestures: .init(press: .meal))

    /// Services whose calls do nothing by themselves but being offered: for tests of what else goes on.
    static let quiet = Service.defaults.map { Service(id: $0.id, priority: $0.priority, rules: .init()) }

    let directory: String
    private let rules: SiteRules
    let clock = TestClock()
    let transport = TestTransport()
    let outputs = TestOutputs()
    private(set) var store: FailingStore
    private(set) var agent: GatewayAgent
    private(set) var connection: UInt64 = 0
    private var tokens: [UInt64] = []

    init(
        services: [Service] = quiet, outputs: [BoardOutput] = [], acknowledgement: SiteRules.Acknowledgement = .desk
    ) throws {
        rules = SiteRules(
            points: [Self.bed, Self.kitchen], services: services, outputs: outputs, acknowledgement: acknowledgement,
            dailyTestMinute: nil)
        var template = Array("/tmp/courtyard-agent-XXXXXX".utf8CString)
        directory = String(cString: mkdtemp(&template))
        (store, agent) = try Self.start(directory, rules, clock, transport, self.outputs)
    }

    deinit {
        store.journal.close()
        for suffix in ["", "-wal", "-shm", ".lock"] { unlink("\(directory)/gateway.db\(suffix)") }
        rmdir(directory)
    }

    /// The process was killed, and comes back.
    func restart() throws {
        transport.isConnected = false
        _ = transport.takeTokens()
        store.journal.close()
        (store, agent) = try Self.start(directory, rules, clock, transport, outputs)
    }

    /// The journal's file is gone, and the store goes on in another.
    func beginAnew() throws {
        store.journal.close()
        for suffix in ["", "-wal", "-shm", ".lock"] { unlink("\(directory)/gateway.db\(suffix)") }
        store.journal = try Journal.open(
            at: "\(directory)/gateway.db", now: clock.now().wall, allowVolatile: true
        ).journal
        store.isAnew = true
    }

    private static func start(
        _ directory: String, _ rules: SiteRules, _ clock: TestClock, _ transport: TestTransport, _ outputs: TestOutputs
    ) throws -> (FailingStore, GatewayAgent) {
        let opening = try Journal.open(at: "\(directory)/gateway.db", now: clock.now().wall, allowVolatile: true)
        let store = FailingStore(opening.journal)
        let agent = GatewayAgent(
            .init(
                topics: Topics(site: SiteID("willow")!, gateway: GatewayID("gw-1")!), version: "t", boot: "boot-1",
                simulated: false),
            contents: opening.contents, services: rules.services,
            ports: .init(store: store, transport: transport, clock: clock, outputs: outputs, log: NoLog()))
        agent.adopt(rules)
        agent.handle([
            .line(.armed(bed.id, made: false, at: clock.now().moment)),
            .line(.armed(kitchen.id, made: false, at: clock.now().moment)),
        ])
        return (store, agent)
    }

    func connect() {
        transport.isConnected = true
        connection = agent.connections.next()
        agent.handle([.link(.connected(connection: connection, broker: "test"))])
        settle()
    }

    func disconnect() {
        transport.isConnected = false
        _ = transport.takeTokens()
        agent.handle([.link(.away(reason: "pulled", fault: nil))])
    }

    /// The broker acknowledges everything until nothing more comes.
    func settle(reason: UInt8 = 0) {
        while true {
            let tokens = transport.takeTokens()
            if tokens.isEmpty { return }
            agent.handle(tokens.map { .link(.acknowledged(token: $0, reason: reason)) })
        }
    }

    /// Presses and releases, each a batch of its own.
    func press(_ point: CallPoint, then pause: Duration = .milliseconds(100)) {
        agent.handle([.line(.edge(point.id, made: true, at: clock.now().moment))])
        clock.advance(.milliseconds(100))
        agent.handle([.line(.edge(point.id, made: false, at: clock.now().moment))])
        clock.advance(pause)
        agent.handle([])
    }

    /// Lets the time go by, stopping wherever the agent wants to.
    func wait(_ duration: Duration) {
        let end = clock.now().moment + duration
        while let due = agent.nextDeadline, due <= end {
            clock.advance(max(.milliseconds(1), due - clock.now().moment))
            agent.handle([])
        }
        if clock.now().moment < end { clock.advance(end - clock.now().moment) }
    }

    /// The events that were handed over, newest last, each as often as it was.
    var events: [EventMessage] {
        transport.log.filter { $0.topic.contains("/event/") }.map {
            try! WireJSON.read(EventMessage.self, from: $0.payload)
        }
    }

    /// The events that were handed over, each once, in the order of the first time.
    var distinctEvents: [EventMessage] {
        var seen: Set<String> = []
        return events.filter { seen.insert($0.id).inserted }
    }

    /// What stands retained at a broker that got everything.
    var retained: [String: [UInt8]] {
        var all: [String: [UInt8]] = [:]
        for message in transport.log where message.retain {
            all[message.topic] = message.payload.isEmpty ? nil : message.payload
        }
        return all
    }

    func command(_ name: String, _ json: String, retained: Bool = false) {
        let message = IncomingMessage(
            topic: "courtyard/v1/willow/gw-1/command/\(name)", payload: Array(json.utf8), retained: retained)
        agent.handle([.link(.received(message))])
        settle()
    }

    /// A desk's status, as the broker keeps it.
    func desk(_ id: String, _ payload: String) {
        let message = IncomingMessage(
            topic: "courtyard/v1/willow/desk/\(id)", payload: Array(payload.utf8), retained: true)
        agent.handle([.link(.received(message))])
        settle()
    }

    /// The replies so far, newest last.
    var replies: [ReplyMessage] {
        transport.log.filter { $0.topic.contains("/reply/") }.map {
            try! WireJSON.read(ReplyMessage.self, from: $0.payload)
        }
    }
}
