internal import CSQLite
internal import Glibc

/// One connection to the database file, and the only owner of its handle. Whoever drops it without ``close()``
/// leaves the write-ahead log in place, as a power cut would: nothing committed is lost by that.
final class Connection {
    let path: String
    private let handle: OpaquePointer
    private var indexFile: Int32 = -1
    /// How many pages the write-ahead log held after the last commit.
    private(set) var logPages = 0
    /// The size of the page cache, in KiB. The whole agent has 12 MB; what the journal reads again and again is the
    /// end of each table, a dozen pages of 4 KiB.
    static let cacheKiB = 256
    /// How long a reader waits for a lock, in milliseconds. Readers wait only while a log is being recovered.
    static let readersPatienceMs = 5000
    /// What is kept allocated for the log's index (`-shm`), in bytes: 32 KiB serve 4,000 pages of log.
    static let indexSize = 128 * 1024
    /// Opening asks for this much free space, in bytes: the index, and a first commit.
    static let spaceNeeded = indexSize + 32 * 1024
    /// The log file is cut back to this after it was folded in, in bytes: 1,000 pages of 4 KiB and their headers.
    static let logSizeLimit = 4_200_000

    /// Opens an existing file; `create` makes an empty one. Nothing in the file is read yet.
    init(path: String, create: Bool = false) throws(JournalError) {
        self.path = path
        handle = try Self.openHandle(path, path, SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0))
        courtyard_keep_log_on_close(handle, 1)
        sqlite3_busy_timeout(handle, Int32(Journal.patienceMs))
        // SAFETY: the callback runs inside sqlite3_step of a COMMIT of this connection, so `self` is alive; it only
        // stores a number. Setting it also switches SQLite's own checkpointing off, whose failures it doesn't tell.
        _ = sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().logPages = Int(pages)
                return SQLITE_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Opens an existing file for reading only, beside whoever writes it.
    ///
    /// - Parameter alone: nobody has the file open and no log stands beside it. Then nothing is made beside it either,
    ///   so that the right to read the file is enough; a writer that comes meanwhile isn't noticed.
    init(reading path: String, alone: Bool) throws(JournalError) {
        self.path = path
        // https://www.sqlite.org/uri.html: these three bytes mean something in it.
        let escapes: [UInt8: String] = [0x25: "%25", 0x3f: "%3f", 0x23: "%23"]
        let escaped = path.utf8.flatMap { byte in escapes[byte].map { Array($0.utf8) } ?? [byte] }
        let place = (path.hasPrefix("/") ? "//" : "") + String(decoding: escaped, as: UTF8.self)
        let name = alone ? "file:\(place)?immutable=1" : path
        handle = try Self.openHandle(name, path, SQLITE_OPEN_READONLY | (alone ? SQLITE_OPEN_URI : 0))
        courtyard_keep_log_on_close(handle, 1)
        sqlite3_busy_timeout(handle, Int32(Self.readersPatienceMs))
    }

    private static func openHandle(_ name: String, _ path: String, _ mode: Int32) throws(JournalError) -> OpaquePointer
    {
        var opened: OpaquePointer?
        // SAFETY: `opened` is set even on failure, unless memory ran out, and is closed below in that case.
        let code = sqlite3_open_v2(name, &opened, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard let opened, code == SQLITE_OK else {
            let error = failure("opening it", path: path, code: code, handle: opened)
            sqlite3_close_v2(opened)
            throw error
        }
        return opened
    }

    deinit {
        sqlite3_close_v2(handle)
        // Last: closing any descriptor of that file drops the locks that SQLite holds on it.
        if indexFile >= 0 { close(indexFile) }
    }

    /// Gives the log's index, which SQLite writes through mapped memory, all its blocks. SQLite itself writes one byte
    /// in 4,096; on a file system with smaller blocks (ext4 makes them 1,024 on partitions below 512 MB) the rest is
    /// holes, and a hole that is written to on a full disk ends the process with SIGBUS. To be called once the file
    /// has been read, which makes the index.
    func allocateIndex() throws(JournalError) {
        let name = path + "-shm"
        indexFile = open(name, O_RDWR | O_CLOEXEC)
        guard indexFile >= 0 else { throw JournalError.system("allocating it", path: name, errno: errno) }
        let code = posix_fallocate(indexFile, 0, off_t(Self.indexSize))
        guard code == 0 else { throw JournalError.system("allocating it", path: name, errno: code) }
    }

    /// Throws `full` unless there is room for what opening the journal at `path` writes, so that the index can't run
    /// out of disk before it is allocated. What an index left from before holds is free then too.
    static func requireSpace(at path: String) throws(JournalError) {
        var disk = statvfs()
        let directory = directory(of: path)
        // SAFETY: statvfs(3) fills the struct it is given.
        guard statvfs(directory, &disk) == 0 else {
            throw JournalError.system("asking for free space", path: directory, errno: errno)
        }
        let free = UInt64(disk.f_bavail) * UInt64(disk.f_frsize) + allocatedSize(path + "-shm")
        guard free >= UInt64(spaceNeeded) else {
            throw JournalError.system("opening it with \(free / 1024) KiB free", path: path, errno: ENOSPC)
        }
    }

    /// From now on the end of this connection folds the log in and removes it.
    func foldOnClose() { courtyard_keep_log_on_close(handle, 0) }

    /// False if SQLite could open the file for reading only.
    var isWritable: Bool { sqlite3_db_readonly(handle, "main") == 0 }

    /// True if the open file no longer stands under its name.
    var hasMoved: Bool {
        var moved: Int32 = 0
        // SAFETY: this file control writes one int to the address given.
        return sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0
    }

    /// How many rows the last statement changed.
    var changes: Int { Int(sqlite3_changes(handle)) }

    /// Runs SQL that answers nothing of interest.
    func run(_ sql: String, for operation: String) throws(JournalError) {
        // SAFETY: no callback and no error text asked for: nothing to free.
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(operation, code: code) }
    }

    /// Gives up the open transaction, if there is one. False if even that failed.
    @discardableResult
    func rollBack() -> Bool {
        sqlite3_get_autocommit(handle) != 0 || sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) == SQLITE_OK
    }

    func prepare(_ sql: String, for operation: String) throws(JournalError) -> Statement {
        var statement: OpaquePointer?
        // SAFETY: PERSISTENT tells SQLite that the statement is kept; on failure `statement` stays nil.
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw failure(operation, code: code) }
        return Statement(statement, of: self, operation: operation)
    }

    /// The one number that `sql` answers.
    func number(_ sql: String, for operation: String) throws(JournalError) -> Int64 {
        let statement = try prepare(sql, for: operation)
        defer { statement.reset() }
        return try statement.step() ? statement.number() : 0
    }

    /// The one text that `sql` answers.
    func text(_ sql: String, for operation: String) throws(JournalError) -> String {
        let statement = try prepare(sql, for: operation)
        defer { statement.reset() }
        return try statement.step() ? statement.text() : ""
    }

    /// Copies the log's pages into the database and flushes it. True if every page of the log got there; false if a
    /// reader held some of them back.
    func checkpoint(truncating: Bool) throws(JournalError) -> Bool {
        var inLog: Int32 = 0
        var copied: Int32 = 0
        // SAFETY: both numbers outlive the call.
        let code = sqlite3_wal_checkpoint_v2(
            handle, "main", truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &inLog, &copied)
        let held = code & 0xff == SQLITE_BUSY
        guard code == SQLITE_OK || held else { throw failure("folding the log in", code: code) }
        if truncating && !held { logPages = 0 }
        return inLog == copied
    }

    /// Writes the log over itself, byte for byte, and flushes it. After a failed flush the kernel takes pages for clean
    /// that never reached the disk, and no later flush writes them, in this process or another; written again they are
    /// new ones. To be called once the database was read, which opens the log.
    func rewriteLog() throws(JournalError) {
        let operation = "writing the log again"
        var found: UnsafeMutablePointer<sqlite3_file>?
        // SAFETY: this file control writes one pointer. The file is the connection's, which is open and idle.
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &found)
        guard code == SQLITE_OK, let log = found, let methods = log.pointee.pMethods?.pointee else { return }
        func check(_ code: Int32) throws(JournalError) {
            guard code == SQLITE_OK else { throw failure(operation, code: code, systemError: errno) }
        }
        var size: sqlite3_int64 = 0
        try check(methods.xFileSize(log, &size))
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        var offset: sqlite3_int64 = 0
        while offset < size {
            let count = Int32(min(sqlite3_int64(chunk.count), size - offset))
            // SAFETY: `count` bytes are in the chunk and in the file.
            try check(methods.xRead(log, &chunk, count, offset))
            try check(methods.xWrite(log, chunk, count, offset))
            offset += sqlite3_int64(count)
        }
        try check(methods.xSync(log, SQLITE_SYNC_NORMAL))
    }

    /// The error that `code` stands for, with the handle's words for it.
    func failure(_ operation: String, code: Int32) -> JournalError {
        Self.failure(operation, path: path, code: code, handle: handle)
    }

    /// The error of a call that went past the handle.
    private func failure(_ operation: String, code: Int32, systemError: Int32) -> JournalError {
        // SAFETY: the text is a constant of SQLite's.
        let text = String(cString: sqlite3_errstr(code))
        return .sqlite(operation, path: path, code: code, text: text, systemError: systemError)
    }

    private static func failure(
        _ operation: String, path: String, code: Int32, handle: OpaquePointer?
    ) -> JournalError {
        // SAFETY: both texts belong to SQLite and are copied at once.
        let text = String(cString: handle.map { sqlite3_errmsg($0) } ?? sqlite3_errstr(code))
        let systemError = handle.map { sqlite3_system_errno($0) } ?? 0
        return .sqlite(operation, path: path, code: code, text: text, systemError: systemError)
    }
}
