public import CallCore

/// The durable record of calls and events: one SQLite file, written ahead of everything that is published.
///
/// What ``commit(_:)`` has returned for survives a power cut. All of it belongs to one thread, the agent's loop.
public final class Journal {
    /// Where the database is.
    public let path: String
    /// How long another program's lock is waited for, in milliseconds, before ``JournalError/busy(_:)``. Only someone
    /// writing with the `sqlite3` shell causes that; the loop stands still meanwhile.
    public static let patienceMs = 250
    /// The log is worth folding into the database from this many pages on (4 KiB each; SQLite's own default).
    public static let checkpointPages = 1000
    /// The log is folded in by ``commit(_:)`` itself from this many pages on, so that it stays bounded whatever the
    /// caller does: 16 MB.
    public static let logPagesLimit = 4000

    /// True after a commit failed: the next one begins with ``recover()``.
    public var needsRecovery: Bool { repair != nil }
    /// Why the log couldn't be folded in the last time it was tried; nil when that worked. What was committed is safe
    /// in the log, which grows until this is cured.
    public private(set) var checkpointFailure: JournalError?

    private let schema: Schema
    private var store: Store?
    private var ownership: Ownership?
    /// What was committed as far as it was told to the caller, to be found again after ``recover()``.
    private var promised: Promise
    private var repair: Repair?
    /// A flush failed: what the kernel shows of the file may not be on the disk.
    private var flushFailed = false
    private var forcedCheckpoint = Journal.logPagesLimit

    /// What ``recover()`` has to do.
    private enum Repair {
        /// The transaction was rolled back and the file is as it was.
        case forgetTransaction
        /// Nothing is known any more.
        case reopen
    }

    init(path: String, schema: Schema, store: Store, ownership: Ownership, contents: Contents) {
        self.path = path
        self.schema = schema
        self.store = store
        self.ownership = ownership
        promised = Promise(contents, lastAnswer: store.lastAnswer)
    }

    /// Writes a batch in one transaction with one flush, and returns once it is on the disk; does nothing if it is
    /// empty. A batch for which this threw isn't there and will not come back: commit it again, or something else
    /// under the same numbers. (Only if the program ends before the next commit, and the failure was one of flushing,
    /// may the batch be found at the next start.)
    ///
    /// Throws ``JournalError/full(_:)``, ``JournalError/readOnly(_:)``, ``JournalError/busy(_:)``,
    /// ``JournalError/io(_:)`` while that lasts; ``JournalError/corrupt(_:)`` and ``JournalError/missing(_:)`` if the
    /// journal must be opened anew; ``JournalError/conflict(path:event:)`` if an event's number was used before.
    public func commit(_ batch: Batch) throws(JournalError) {
        guard !batch.isEmpty else { return }
        try change { store throws(JournalError) in
            try store.write(batch)
            promised.add(batch, lastAnswer: store.lastAnswer)
        }
    }

    /// One transaction of `work`, with what every transaction needs around it.
    func change<Result>(_ work: (Store) throws(JournalError) -> Result) throws(JournalError) -> Result {
        let store = try readyStore()
        let result: Result
        do throws(JournalError) {
            guard !store.connection.hasMoved else { throw missing() }
            result = try work(store)
        } catch {
            note(error, rolledBack: store.connection.rollBack())
            throw error
        }
        if store.connection.logPages >= forcedCheckpoint { checkpoint() }
        return result
    }

    /// Events of one series from `sequence` on, in order, at most `limit`. Their calls come without `times`, `actors`,
    /// `pressTimes`, `waitingSince` and the two revisions, which are kept with the call alone. Throws as ``commit(_:)`` does.
    public func events(
        journal: JournalID, service: ServiceID, from sequence: UInt64, limit: Int
    ) throws(JournalError) -> [CallEvent] {
        try readableStore().events(of: StreamName(journal: journal, service: service), from: sequence, limit: limit)
    }

    /// The first and last sequence that ``events(journal:service:from:limit:)`` can give; nil if there are none.
    public func keptRange(journal: JournalID, service: ServiceID) throws(JournalError) -> ClosedRange<UInt64>? {
        try readableStore().keptRange(of: StreamName(journal: journal, service: service))
    }

    /// True if the call is kept here and closed. Throws as ``commit(_:)`` does.
    public func isClosed(_ id: CallID) throws(JournalError) -> Bool { try readableStore().isClosed(id) }

    // MARK: The log

    /// True when the log has become long. ``checkpoint()`` is then due, at a moment when nothing waits to be published:
    /// it takes two flushes and writes up to 4 MB.
    public var isCheckpointDue: Bool {
        guard !needsRecovery, let store else { return false }
        return store.connection.logPages >= min(Self.checkpointPages, forcedCheckpoint)
    }

    /// Folds the log into the database. A failure stands in ``checkpointFailure`` and loses nothing.
    public func checkpoint() {
        guard !needsRecovery, let store else { return }
        do throws(JournalError) {
            _ = try store.connection.checkpoint(truncating: false)
            checkpointFailure = nil
            forcedCheckpoint = Self.logPagesLimit
        } catch {
            checkpointFailure = error
            // Not again at every commit. A failed flush says nothing of what is on the disk, hence the recovery.
            forcedCheckpoint = store.connection.logPages + Self.checkpointPages
            if error.mayBeFailedFlush { note(error, rolledBack: true) }
        }
    }

    // MARK: After a failure

    /// Makes the journal usable after a failed commit. Done by the next ``commit(_:)`` by itself; call it to find out
    /// whether the trouble is over.
    ///
    /// A full disk or somebody's lock leaves the file as it was. After anything else the file is reopened and read
    /// again, and it is made sure that everything committed is there, and nothing of what failed.
    ///
    /// After a failed flush the kernel forgets which pages never reached the disk, and a second flush succeeds without
    /// writing them. So the log is then written anew. Throws as ``commit(_:)`` does.
    public func recover() throws(JournalError) {
        guard let repair, ownership != nil else { return }
        if repair == .forgetTransaction, let store {
            self.store = try Store(store.connection)
        } else {
            try reopen()
        }
        self.repair = nil
    }

    private func reopen() throws(JournalError) {
        try Connection.requireSpace(at: path)
        store = nil  // closes the connection; the log stays
        let store = try Store(opening: path, schema: schema)
        if flushFailed {
            try store.connection.rewriteLog()
            flushFailed = false
        }
        let found = try store.contents()
        if let lost = promised.missing(from: found, lastAnswer: store.lastAnswer) {
            throw .corrupt(path, "recovering", "\(lost) had been committed and isn't there")
        }
        do throws(JournalError) {
            try store.restore(promised, found: found)
        } catch {
            note(error, rolledBack: false)
            throw error
        }
        self.store = store
    }

    /// Folds the log in, removes it, and gives the file up; for the end of the program, or before opening anew. The
    /// journal can't be used afterwards. Dropping it without closing loses nothing either.
    public func close() {
        if let store, !needsRecovery {
            // If this fails, the log simply stays for the next start.
            _ = try? store.connection.checkpoint(truncating: true)
            store.connection.foldOnClose()
        }
        store = nil
        ownership = nil
    }

    private func note(_ error: JournalError, rolledBack: Bool) {
        if error.mayBeFailedFlush { flushFailed = true }
        switch error {
        case .full, .busy, .conflict:
            let isAsItWas = rolledBack && !error.mayBeFailedFlush && repair != .reopen
            repair = isAsItWas ? .forgetTransaction : .reopen
        default: repair = .reopen
        }
    }

    /// For writing: never a store that failed.
    private func readyStore() throws(JournalError) -> Store {
        if needsRecovery { try recover() }
        return try readableStore()
    }

    /// For reading: what is readable on a disk that can't be written is still worth reading.
    private func readableStore() throws(JournalError) -> Store {
        if store == nil { try recover() }
        guard let store else {
            throw .refused(.init(operation: "using it", path: path, code: 0, text: "the journal was closed"))
        }
        return store
    }

    private func missing() -> JournalError {
        .missing(.init(operation: "committing", path: path, code: 0, text: "it no longer stands under its name"))
    }
}
