internal import CSQLite
internal import Glibc

/// Why the journal couldn't do what was asked. Each names the file and what can be done about it.
///
/// Unless ``needsOpeningAnew`` is true, the same ``Journal`` may simply be tried again.
public enum JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What failed, on which file, in the words of whoever refused.
    public struct Failure: Hashable, Sendable {
        /// What the journal was doing, such as `storing a batch`.
        public let operation: String
        /// The file or directory it happened to.
        public let path: String
        /// The number behind `text`: SQLite's extended result code (https://www.sqlite.org/rescode.html), or an errno.
        public let code: Int32
        /// SQLite's or the kernel's own words.
        public let text: String

        /// For a simulated journal; the real one takes its failures from SQLite and the kernel.
        public init(operation: String, path: String, code: Int32, text: String) {
            self.operation = operation
            self.path = path
            self.code = code
            self.text = text
        }
    }

    /// The disk has no room left (`SQLITE_FULL`, `ENOSPC`, `EDQUOT`).
    case full(Failure)
    /// The file or its file system can't be written (`SQLITE_READONLY`, `EROFS`, `EACCES`, `EPERM`).
    case readOnly(Failure)
    /// Another program held the database locked for longer than ``Journal/patienceMs``.
    case busy(Failure)
    /// The disk or the kernel failed, a failed flush included.
    case io(Failure)
    /// The file isn't a sound journal any more, or lacks what had been committed.
    case corrupt(Failure)
    /// The file was moved or deleted while it was in use.
    case missing(Failure)
    /// SQLite refused for a reason that none of the others covers: a mistake in this program.
    case refused(Failure)
    /// Another agent has this journal; `holder` is its process id, if known.
    case inUse(path: String, holder: Int32?)
    /// A newer version of this program wrote the file.
    case newerSchema(path: String, found: Int, known: Int)
    /// The journal's directory doesn't exist.
    case noDirectory(path: String)
    /// The journal would be gone after a restart.
    case volatileFileSystem(path: String, kind: FileSystemKind)
    /// There is no file to read.
    case noJournal(path: String)
    /// The file to read isn't a journal; `reason` says what it is instead.
    case notAJournal(path: String, reason: String)
    /// This user may not read the file, or what SQLite needs beside it.
    case unreadable(Failure)
    /// An event was to be stored under a number that another event already has.
    case conflict(path: String, event: String)

    /// True if trying again is pointless: the journal is to be closed and opened with `distrust` set to this error's
    /// description, which sets the file aside.
    public var needsOpeningAnew: Bool {
        switch self {
        case .corrupt, .missing: true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .full(let failure): "\(failure): the disk is full. Free some space; the journal then goes on by itself."
        case .readOnly(let failure):
            "\(failure): it can't be written. Check its owner and whether its file system is mounted read-only."
        case .busy(let failure): "\(failure): another program keeps it locked. End that program (`fuser` finds it)."
        case .io(let failure): "\(failure). If this happens again, the disk or SD card is failing: replace it."
        case .corrupt(let failure):
            "\(failure): the file is damaged. The agent keeps it under a dated name for examination."
        case .missing(let failure): "\(failure): the file was moved or deleted while it was in use."
        case .refused(let failure): "\(failure). This is a mistake in courtyard-gateway: please report it."
        case .inUse(let path, let holder):
            "journal \(path): another agent\(holder.map { " (process \($0))" } ?? "") has it. Stop that one first."
        case .newerSchema(let path, let found, let known):
            "journal \(path): written by a newer courtyard-gateway (schema \(found), this program knows \(known)). "
                + "Install that version again, or move the file away."
        case .noDirectory(let path): "journal directory \(path): doesn't exist. Create it, owned by the agent's user."
        case .volatileFileSystem(let path, let kind):
            "journal \(path): lies on \(kind), which forgets everything at a restart. Put it on a real disk."
        case .noJournal(let path):
            "journal \(path): there is no such file. The agent makes it when it first runs; check the path."
        case .notAJournal(let path, let reason): "journal \(path): it isn't a courtyard-gateway's journal: \(reason)."
        case .unreadable(let failure):
            "\(failure): this user may not read it. Ask as root, or as the user that the agent runs as."
        case .conflict(let path, let event):
            "journal \(path): event \(event) is already there and says something else. Event numbers must not repeat."
        }
    }
}

extension JournalError.Failure: CustomStringConvertible {
    public var description: String { "journal \(path): \(operation): \(text) (code \(code))" }
}

extension JournalError {
    /// What SQLite answered. `systemError` is the errno behind it, if there is one.
    static func sqlite(_ operation: String, path: String, code: Int32, text: String, systemError: Int32) -> Self {
        let failure = Failure(operation: operation, path: path, code: code, text: text)
        // The low byte is the kind of failure, the rest says more exactly what.
        switch code & 0xff {
        case SQLITE_FULL: return .full(failure)
        case SQLITE_READONLY: return .readOnly(failure)
        case SQLITE_BUSY, SQLITE_LOCKED: return .busy(failure)
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt(failure)
        case SQLITE_IOERR, SQLITE_CANTOPEN: return byErrno(systemError, failure)
        default: return .refused(failure)
        }
    }

    /// What the kernel answered, as errno.
    static func system(_ operation: String, path: String, errno code: Int32) -> Self {
        // SAFETY: strerror answers a NUL-terminated text, copied at once.
        let text = String(cString: strerror(code))
        return byErrno(code, Failure(operation: operation, path: path, code: code, text: text))
    }

    static func corrupt(_ path: String, _ operation: String, _ text: String) -> Self {
        .corrupt(Failure(operation: operation, path: path, code: SQLITE_CORRUPT, text: text))
    }

    private static func byErrno(_ code: Int32, _ failure: Failure) -> Self {
        switch code {
        case ENOSPC, EDQUOT: .full(failure)
        case EROFS, EACCES, EPERM: .readOnly(failure)
        default: .io(failure)
        }
    }
}

extension JournalError.Failure {
    /// SQLite found something else than a database.
    var isNoDatabase: Bool { code & 0xff == SQLITE_NOTADB }
}

extension JournalError {
    /// True if a flush may have failed, so that the kernel's view of the file can't be trusted.
    var mayBeFailedFlush: Bool {
        switch self {
        case .full(let failure), .readOnly(let failure), .io(let failure): failure.code & 0xff == SQLITE_IOERR
        default: false
        }
    }
}
