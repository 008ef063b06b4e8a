internal import CallCore
internal import GatewayAgent
internal import Journal

/// The journal as the agent's store, with the two things that a restart cures: a journal that could not be opened at
/// start, and one that turned out damaged. Either way presses go on; `needsRestart` says when a fresh start is due.
final class JournalStore: Store {
    private let path: String
    private let allowVolatile: Bool
    private let clock: SystemClock
    private var journal: Journal?
    /// Why the program should start afresh once everything is told; nil while it needn't.
    private(set) var needsRestart: String?
    private var isAnew = false

    /// What a start needs to know.
    struct Start {
        let store: JournalStore
        let contents: Journal.Contents
        let setAside: Journal.SetAside?
        /// Why there is no journal yet, if there is none.
        let failure: JournalError?
    }

    private init(path: String, allowVolatile: Bool, clock: SystemClock, journal: Journal?) {
        self.path = path
        self.allowVolatile = allowVolatile
        self.clock = clock
        self.journal = journal
    }

    /// Opens the journal. A disk that is full or can't be written is no reason not to start: emergencies go out
    /// unjournalled, and the journal is tried again.
    /// - Throws: what a person must mend first: no directory, a file system that forgets, another agent, a newer file.
    static func start(path: String, allowVolatile: Bool, clock: SystemClock) throws(JournalError) -> Start {
        do throws(JournalError) {
            let opening = try Journal.open(at: path, now: clock.now().wall, allowVolatile: allowVolatile)
            let store = JournalStore(path: path, allowVolatile: allowVolatile, clock: clock, journal: opening.journal)
            return Start(store: store, contents: opening.contents, setAside: opening.setAside, failure: nil)
        } catch {
            switch error {
            case .inUse, .newerSchema, .noDirectory, .volatileFileSystem: throw error
            default:
                let store = JournalStore(path: path, allowVolatile: allowVolatile, clock: clock, journal: nil)
                return Start(store: store, contents: .empty(randomJournalID()), setAside: nil, failure: error)
            }
        }
    }

    func commit(_ batch: Journal.Batch) throws(JournalError) {
        do throws(JournalError) {
            if let journal { return try journal.commit(batch) }
            try open(distrust: nil, "the journal can be opened now", batch)
        } catch {
            guard error.needsOpeningAnew else { throw error }
            try open(distrust: error.description, "the journal was damaged and has been replaced", batch)
        }
    }

    /// Opens the journal in mid-run. Its numbers are not the ones in force, hence the restart.
    private func open(distrust: String?, _ reason: String, _ batch: Journal.Batch) throws(JournalError) {
        journal?.close()
        journal = nil
        let opening = try Journal.open(
            at: path, now: clock.now().wall, allowVolatile: allowVolatile, distrust: distrust)
        journal = opening.journal
        needsRestart = reason
        var own = batch
        own.connectionLimit = nil
        try opening.journal.commit(own)
        isAnew = true
    }

    func events(
        journal id: JournalID, service: ServiceID, from sequence: UInt64, limit: Int
    ) throws(JournalError) -> [CallEvent] {
        try journal?.events(journal: id, service: service, from: sequence, limit: limit) ?? []
    }

    func keptRange(journal id: JournalID, service: ServiceID) throws(JournalError) -> ClosedRange<UInt64>? {
        try journal?.keptRange(journal: id, service: service)
    }

    func isClosed(_ id: CallID) throws(JournalError) -> Bool { try journal?.isClosed(id) ?? false }

    func takeBegunAnew() -> Bool {
        defer { isAnew = false }
        return isAnew
    }

    var isCheckpointDue: Bool { journal?.isCheckpointDue ?? false }
    func checkpoint() { journal?.checkpoint() }
    func prune(olderThan time: WallTime, limit: Int) throws(JournalError) -> Int {
        try journal?.prune(olderThan: time, limit: limit) ?? 0
    }
    func close() { journal?.close() }
}
