public import CallCore
public import Journal

/// The journal as the agent's store, with the two things that a restart cures: a journal that could not be opened at
/// start, and one that turned out damaged. Either way presses go on; `needsRestart` says when a fresh start is due.
public final class JournalStore: Store {
    private let path: String
    private let allowVolatile: Bool
    private let clock: any Clock
    private let makeID: () -> JournalID
    private var journal: Journal?
    /// Why the program should start afresh once everything is told; nil while it needn't.
    public private(set) var needsRestart: String?
    private var isAnew = false

    /// What a start needs to know.
    public struct Start {
        public let store: JournalStore
        public let contents: Journal.Contents
        /// What was found in the journal's place and could not be used.
        public let setAside: Journal.SetAside?
        /// Why there is no journal yet, if there is none.
        public let failure: JournalError?
    }

    private init(
        path: String, allowVolatile: Bool, clock: any Clock, makeID: @escaping () -> JournalID, journal: Journal?
    ) {
        self.path = path
        self.allowVolatile = allowVolatile
        self.clock = clock
        self.makeID = makeID
        self.journal = journal
    }

    /// Opens the journal. A disk that is full or can't be written is no reason not to start: emergencies go out
    /// unjournalled, and the journal is tried again.
    ///
    /// - Parameters:
    ///   - allowVolatile: accept a file system that forgets everything at a restart, for trials.
    ///   - makeID: the id for a new journal.
    /// - Throws: what a person must mend first: no directory, a file system that forgets, another agent, a newer file.
    public static func start(
        path: String, allowVolatile: Bool, clock: any Clock, makeID: @escaping () -> JournalID = randomJournalID
    ) throws(JournalError) -> Start {
        func store(_ journal: Journal?) -> JournalStore {
            JournalStore(path: path, allowVolatile: allowVolatile, clock: clock, makeID: makeID, journal: journal)
        }
        do throws(JournalError) {
            let opening = try Journal.open(
                at: path, now: clock.now().wall, allowVolatile: allowVolatile, makeID: makeID)
            let store = store(opening.journal)
            return Start(store: store, contents: opening.contents, setAside: opening.setAside, failure: nil)
        } catch {
            switch error {
            case .inUse, .newerSchema, .noDirectory, .volatileFileSystem: throw error
            default:
                return Start(store: store(nil), contents: .empty(makeID()), setAside: nil, failure: error)
            }
        }
    }

    /// See ``Store``.
    public func commit(_ batch: Journal.Batch) throws(JournalError) {
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
            at: path, now: clock.now().wall, allowVolatile: allowVolatile, distrust: distrust, makeID: makeID)
        journal = opening.journal
        needsRestart = reason
        var own = batch
        own.connectionLimit = nil
        try opening.journal.commit(own)
        isAnew = true
    }

    /// See ``Store``.
    public func events(
        journal id: JournalID, service: ServiceID, from sequence: UInt64, limit: Int
    ) throws(JournalError) -> [CallEvent] {
        try journal?.events(journal: id, service: service, from: sequence, limit: limit) ?? []
    }

    /// See ``Store``.
    public func keptRange(journal id: JournalID, service: ServiceID) throws(JournalError) -> ClosedRange<UInt64>? {
        try journal?.keptRange(journal: id, service: service)
    }

    /// See ``Store``.
    public func isClosed(_ id: CallID) throws(JournalError) -> Bool { try journal?.isClosed(id) ?? false }

    /// See ``Store``.
    public func takeBegunAnew() -> Bool {
        defer { isAnew = false }
        return isAnew
    }

    /// See ``Store``.
    public var isCheckpointDue: Bool { journal?.isCheckpointDue ?? false }
    /// See ``Store``.
    public func checkpoint() { journal?.checkpoint() }
    /// See ``Store``.
    public func prune(olderThan time: WallTime, limit: Int) throws(JournalError) -> Int {
        try journal?.prune(olderThan: time, limit: limit) ?? 0
    }
    /// Folds the log in and gives the file up; for the end of the program.
    public func close() { journal?.close() }
}
