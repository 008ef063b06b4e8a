public import CallCore
internal import Glibc

/// A journal opened for reading only, beside a running agent or without one. It changes nothing, makes nothing, and
/// keeps nobody waiting; it may be as old as version 1.
///
/// Each question sees the journal as it was at one moment.
public final class JournalReader {
    /// Where the database is.
    public let path: String
    /// The journal's own id.
    public let id: JournalID
    private var connection: Connection
    /// Set when no agent had the file open: what it looked like then.
    private var alone: Fingerprint?

    /// Throws ``JournalError/noJournal(path:)``, ``JournalError/notAJournal(path:reason:)``,
    /// ``JournalError/newerSchema(path:found:known:)``, ``JournalError/unreadable(_:)``, ``JournalError/corrupt(_:)``,
    /// and ``JournalError/busy(_:)`` or ``JournalError/io(_:)`` when the machine fails.
    public init(path: String) throws(JournalError) {
        self.path = path
        try Self.requireFile(path)
        alone = Fingerprint(path)
        connection = try Self.connect(path, alone: alone != nil)
        id = try Self.ownID(connection)
    }

    private static func requireFile(_ path: String) throws(JournalError) {
        // Of all that opening needs, only reading is asked for: the rest SQLite tells.
        guard access(path, R_OK) == 0 else {
            guard errno != ENOENT && errno != ENOTDIR else { throw .noJournal(path: path) }
            throw forReading(.system("opening it", path: path, errno: errno))
        }
        guard !isDirectory(path) else { throw .notAJournal(path: path, reason: "it is a directory") }
        guard fileSize(path) != 0 else { throw .notAJournal(path: path, reason: "it is empty") }
    }

    private static func connect(_ path: String, alone: Bool) throws(JournalError) -> Connection {
        do throws(JournalError) {
            let connection = try Connection(reading: path, alone: alone)
            guard case .foreign(let reason) = try Schema.current.examine(connection) else { return connection }
            throw .notAJournal(path: path, reason: reason)
        } catch {
            throw forReading(error)
        }
    }

    private static func ownID(_ connection: Connection) throws(JournalError) -> JournalID {
        let text = try asked { () throws(JournalError) in
            try connection.text("SELECT id FROM journal", for: "reading its own id")
        }
        guard let id = JournalID(text) else {
            throw .corrupt(connection.path, "reading its own id", "there is no valid one")
        }
        return id
    }

    /// Errors in a reader's words.
    private static func forReading(_ error: JournalError) -> JournalError {
        switch error {
        case .readOnly(let failure): .unreadable(failure)
        case .corrupt(let failure) where failure.isNoDatabase: .notAJournal(path: failure.path, reason: failure.text)
        case .refused(let failure): .corrupt(failure)  // a statement that doesn't fit the tables
        default: error
        }
    }

    private static func asked<Answer>(
        _ question: () throws(JournalError) -> Answer
    ) throws(JournalError) -> Answer {
        do throws(JournalError) { return try question() } catch { throw forReading(error) }
    }

    /// Asks, and asks again if an agent came while nobody was expected to write.
    private func ask<Answer>(_ question: (History) throws(JournalError) -> Answer) throws(JournalError) -> Answer {
        let answer: Answer?
        do throws(JournalError) {
            answer = try askOnce(question)
        } catch {
            guard let alone, Fingerprint(path) != alone else { throw error }
            answer = nil
        }
        if let answer, alone == nil || Fingerprint(path) == alone { return answer }
        alone = nil
        connection = try Self.connect(path, alone: false)
        return try askOnce(question)
    }

    /// One transaction, so that all of it is of one moment; it ends with the answer, whatever comes.
    private func askOnce<Answer>(
        _ question: (History) throws(JournalError) -> Answer
    ) throws(JournalError) -> Answer {
        try Self.asked { () throws(JournalError) in
            try connection.run("BEGIN", for: "reading it")
            defer { connection.rollBack() }
            return try question(History(connection))
        }
    }

    // MARK: Questions

    /// What became of the calls that were raised in a period: their response times. Reads the events of every time, so
    /// it takes about as long as reading the file; it holds a few hundred bytes for each call of the period.
    ///
    /// A call is of the date that its latest event gives for its raising: a clock that was set later corrects that.
    public func responseTimes(of period: Range<WallTime>) throws(JournalError) -> ResponseTimes {
        try ask { history throws(JournalError) in try history.responseTimes(of: period) }
    }

    /// When the oldest event that is kept happened, by the wall clock; nil if there is none, or no clock was ever set.
    public func oldestEvent() throws(JournalError) -> WallTime? {
        try ask { history throws(JournalError) in try history.oldestEvent() }
    }
}

/// What a database looks like that nobody has open: it has no log, which an agent makes as it opens it.
private struct Fingerprint: Equatable {
    private let size: Int64
    private let changed: timespec

    /// Nil if there is a log.
    init?(_ path: String) {
        var status = stat()
        guard stat(path + "-wal", &status) != 0, stat(path, &status) == 0 else { return nil }
        size = Int64(status.st_size)
        changed = status.st_mtim
    }

    static func == (a: Fingerprint, b: Fingerprint) -> Bool {
        a.size == b.size && a.changed.tv_sec == b.changed.tv_sec && a.changed.tv_nsec == b.changed.tv_nsec
    }
}
