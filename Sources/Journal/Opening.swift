public import CallCore
internal import Glibc

extension Journal {
    /// Opens the journal at `path`, or makes a new one there. A damaged or foreign file is set aside under a dated
    /// name, complete, and a new journal takes its place.
    ///
    /// - Parameters:
    ///   - now: dates a new journal and the name of a file set aside.
    ///   - allowVolatile: accept a file system that forgets everything at a restart, for trials.
    ///   - distrust: set the existing file aside for this reason, whatever it looks like; for opening anew after an
    ///     error with ``JournalError/needsOpeningAnew``, since damage that a commit met may not show at opening.
    ///   - makeID: the id for a new journal.
    ///
    /// Throws ``JournalError/noDirectory(path:)``, ``JournalError/volatileFileSystem(path:kind:)``,
    /// ``JournalError/inUse(path:holder:)``, ``JournalError/newerSchema(path:found:known:)`` (the file stays as it is),
    /// and what ``commit(_:)`` throws. Nothing stays open then; try again when it may have changed.
    public static func open(
        at path: String, now: WallTime, allowVolatile: Bool = false, distrust: String? = nil,
        makeID: () -> JournalID = randomJournalID
    ) throws(JournalError) -> Opening {
        try open(
            at: path, now: now, allowVolatile: allowVolatile, distrust: distrust, schema: .current, makeID: makeID)
    }

    static func open(
        at path: String, now: WallTime, allowVolatile: Bool = false, distrust: String? = nil, schema: Schema,
        makeID: () -> JournalID = randomJournalID
    ) throws(JournalError) -> Opening {
        let directory = directory(of: path)
        guard isDirectory(directory) else { throw .noDirectory(path: directory) }
        let kind = try fileSystemKind(of: path)
        guard allowVolatile || kind.survivesRestart else { throw .volatileFileSystem(path: path, kind: kind) }
        let ownership = try Ownership(of: path)
        try Connection.requireSpace(at: path)
        let place = Place(path: path, schema: schema)
        let setAside: SetAside?
        switch try place.examine(distrust: distrust) {
        case .sound(let store, let contents):
            let journal = Journal(path: path, schema: schema, store: store, ownership: ownership, contents: contents)
            return Opening(journal: journal, contents: contents, setAside: nil)
        case .unusable(let word, let reason):
            // First make sure that a new one can be made, so that a full disk leaves everything as it is.
            try place.prepareNew(id: makeID(), now: now)
            setAside = try place.setAside(as: word, now: now, reason: reason)
        case .absent:
            try place.prepareNew(id: makeID(), now: now)
            setAside = nil
        }
        try place.installNew()
        let store = try Store(opening: path, schema: schema)
        let contents = try store.contents()
        let journal = Journal(path: path, schema: schema, store: store, ownership: ownership, contents: contents)
        return Opening(journal: journal, contents: contents, setAside: setAside)
    }
}

extension Store {
    /// Opens an existing journal, migrates it if it is older, and makes sure that a commit will be durable.
    convenience init(opening path: String, schema: Schema) throws(JournalError) {
        let connection = try Connection(path: path)
        guard case .ours(let version) = try schema.examine(connection) else {
            throw .corrupt(path, "reading its header", "it isn't a journal")
        }
        try connection.makeDurable()
        try connection.allocateIndex()
        try schema.migrate(connection, from: version)
        try schema.requireTables(connection)
        do throws(JournalError) {
            try self.init(connection)
        } catch .refused(let failure) {
            // A statement that doesn't fit the tables, though they bear our version.
            throw .corrupt(failure)
        }
    }
}

extension Connection {
    /// Sets what durability and memory need, and reads it back: SQLite doesn't refuse a setting, it ignores it.
    func makeDurable() throws(JournalError) {
        let operation = "setting it up"
        guard isWritable else {
            throw .readOnly(.init(operation: operation, path: path, code: EROFS, text: "it can only be read"))
        }
        try expect("journal_mode", "WAL", answer: "wal")
        try expect("synchronous", "FULL", answer: "2")
        try expect("mmap_size", "0", answer: "0")
        try expect("cache_size", "\(-Self.cacheKiB)", answer: "\(-Self.cacheKiB)")
        try expect("journal_size_limit", "\(Self.logSizeLimit)", answer: "\(Self.logSizeLimit)")
        try expect("temp_store", "MEMORY", answer: "2")
    }

    private func expect(_ pragma: String, _ value: String, answer: String) throws(JournalError) {
        let operation = "setting \(pragma) to \(value)"
        try run("PRAGMA \(pragma) = \(value)", for: operation)
        let found = try text("PRAGMA \(pragma)", for: operation)
        guard found == answer else {
            throw .refused(.init(operation: operation, path: path, code: 0, text: "it is \(found)"))
        }
    }
}

/// The file names of one journal, and what is found there.
private struct Place {
    let path: String
    let schema: Schema

    enum Finding {
        case sound(Store, Journal.Contents)
        case absent
        /// `word` goes into the name that the file gets.
        case unusable(word: String, reason: String)
    }

    /// After an unclean end, a database up to this size is checked page by page (`PRAGMA quick_check`). That reads all
    /// of it, on an SD card 20 MB a second or more; a larger one is judged by what opening reads: the header, the
    /// small tables, the ends of all series and the open calls.
    static let checkedSize: Int64 = 16_000_000

    private var log: String { path + "-wal" }
    private var new: String { path + ".new" }
    /// What SQLite may have left beside a database.
    private static let companions = ["-wal", "-shm", "-journal"]

    func examine(distrust: String?) throws(JournalError) -> Finding {
        let size = fileSize(path) ?? 0
        let unclean = (fileSize(log) ?? 0) > 0
        if size == 0 {
            // SQLite would delete a log that stands alone.
            return unclean ? .unusable(word: "corrupt", reason: "the log is there without its database") : .absent
        }
        if let distrust { return .unusable(word: "corrupt", reason: distrust) }
        do throws(JournalError) {
            if case .foreign(let reason) = try schema.examine(Connection(path: path)) {
                return .unusable(word: "foreign", reason: reason)
            }
            let store = try Store(opening: path, schema: schema)
            if unclean {
                if size <= Self.checkedSize { try check(store.connection) }
                // Whoever wrote it may have ended after a failed flush: what is found must be on the disk.
                try store.connection.rewriteLog()
            }
            return .sound(store, try store.contents())
        } catch .corrupt(let failure) {
            return .unusable(word: "corrupt", reason: "\(failure.operation): \(failure.text)")
        }
    }

    private func check(_ connection: Connection) throws(JournalError) {
        let operation = "checking it after an unclean end"
        let verdict = try connection.text("PRAGMA quick_check(1)", for: operation)
        guard verdict == "ok" else { throw .corrupt(path, operation, verdict) }
    }

    /// Moves the database and what stands beside it to names that pair up again, so `sqlite3` can open them. Nothing
    /// is deleted or overwritten. The database goes first: a power cut in between leaves a log without its database,
    /// which is set aside too, and never an older state of the database without its log.
    func setAside(as word: String, now: WallTime, reason: String) throws(JournalError) -> Journal.SetAside {
        let dated = "\(path).\(word)-\(fileNameDate(milliseconds: now.milliseconds))"
        var target = dated
        var attempt = 1
        while ([""] + Self.companions).contains(where: { fileSize(target + $0) != nil }) {
            attempt += 1
            target = "\(dated)-\(attempt)"
        }
        var paths: [String] = []
        for suffix in [""] + Self.companions where fileSize(path + suffix) != nil {
            try move(path + suffix, to: target + suffix)
            paths.append(target + suffix)
        }
        return Journal.SetAside(paths: paths, reason: reason)
    }

    /// Makes a complete new journal under another name, so that a power cut never leaves half of one in its place.
    func prepareNew(id: JournalID, now: WallTime) throws(JournalError) {
        for suffix in [""] + Self.companions { try remove(new + suffix) }  // left by a power cut, never used
        let file = Glibc.open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw .system("creating it", path: new, errno: errno) }
        Glibc.close(file)  // SQLite isn't using it yet, so none of its locks are lost by this
        let connection = try Connection(path: new)
        try schema.create(in: connection, id: id, now: now)
        try connection.makeDurable()
        connection.foldOnClose()
    }

    func installNew() throws(JournalError) {
        try move(new, to: path)
        try flush(directory: directory(of: path))
    }
}
