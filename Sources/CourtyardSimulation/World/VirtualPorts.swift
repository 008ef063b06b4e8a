internal import CallCore
internal import GatewayAgent
internal import Journal

// What stands between the agent and its board, and tells whoever watches. A program whose power has gone is heard no more.

/// The transport, which is there before the link that needs the agent's numbers.
final class LinkDoor: Transport {
    var link: VirtualLink?
    private unowned let gateway: VirtualGateway

    init(_ gateway: VirtualGateway) { self.gateway = gateway }

    private var open: VirtualLink? { gateway.isGhost ? nil : link }

    func send(_ message: OutgoingMessage) -> SendResult {
        guard let open else { return .notConnected }
        return open.send(message)
    }
    func subscribe(_ filter: String) { open?.subscribe(filter) }
    func unsubscribe(_ filter: String) { open?.unsubscribe(filter) }
    func retryNow() { open?.retryNow() }
    func tryNextBroker(last: OutgoingMessage?) -> Bool { open?.tryNextBroker(last: last) ?? false }
}

/// The journal's store, the real one.
final class WatchedStore: Store {
    private let store: JournalStore
    private unowned let gateway: VirtualGateway

    init(_ store: JournalStore, _ gateway: VirtualGateway) {
        self.store = store
        self.gateway = gateway
    }

    func commit(_ batch: Journal.Batch) throws(JournalError) {
        if !gateway.isGhost { gateway.ears.committing(batch) }
        do throws(JournalError) {
            try store.commit(batch)
        } catch {
            if !gateway.isGhost { gateway.ears.refused(error) }
            throw error.onEveryDisk
        }
        if !gateway.isGhost { gateway.ears.committed(batch) }
    }

    func events(
        journal id: JournalID, service: ServiceID, from: UInt64, limit: Int
    ) throws(JournalError) -> [CallEvent] {
        try store.events(journal: id, service: service, from: from, limit: limit)
    }
    func keptRange(journal id: JournalID, service: ServiceID) throws(JournalError) -> ClosedRange<UInt64>? {
        try store.keptRange(journal: id, service: service)
    }
    func isClosed(_ id: CallID) throws(JournalError) -> Bool { try store.isClosed(id) }
    func takeBegunAnew() -> Bool { store.takeBegunAnew() }
    var isCheckpointDue: Bool { store.isCheckpointDue }
    func checkpoint() { store.checkpoint() }
    func prune(olderThan time: WallTime, limit: Int) throws(JournalError) -> Int {
        try store.prune(olderThan: time, limit: limit)
    }
}

/// Lamps, buzzers and relays.
final class WatchedOutputs: Outputs {
    private unowned let gateway: VirtualGateway
    init(_ gateway: VirtualGateway) { self.gateway = gateway }

    func show(_ output: OutputID, _ signal: Signal, _ pattern: OutputPattern) {
        if !gateway.isGhost { gateway.ears.shown(output, signal) }
    }
    func identify() {}
}

struct WatchedLog: AgentLog {
    private unowned let gateway: VirtualGateway
    init(_ gateway: VirtualGateway) { self.gateway = gateway }

    func log(_ level: LogLevel, _ text: String, _ fields: [String: String]) {
        if !gateway.isGhost { gateway.ears.logged(level, text) }
    }
}

extension JournalError {
    /// The same, of a file that has one name in every run: a virtual disk's directory has a name of chance.
    var onEveryDisk: JournalError {
        func named(_ failure: Failure) -> Failure {
            Failure(
                operation: failure.operation, path: "/var/lib/courtyard-gateway/gateway.db", code: failure.code,
                text: failure.text)
        }
        return switch self {
        case .full(let failure): .full(named(failure))
        case .readOnly(let failure): .readOnly(named(failure))
        case .busy(let failure): .busy(named(failure))
        case .io(let failure): .io(named(failure))
        case .corrupt(let failure): .corrupt(named(failure))
        case .missing(let failure): .missing(named(failure))
        case .refused(let failure): .refused(named(failure))
        case .unreadable(let failure): .unreadable(named(failure))
        case .inUse, .newerSchema, .noDirectory, .volatileFileSystem, .noJournal, .notAJournal, .conflict: self
        }
    }
}
