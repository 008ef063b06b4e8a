internal import Glibc

/// The right to be the one agent that writes a journal: an flock(2) on `<journal>.lock`.
///
/// It is a file of its own so that the `sqlite3` shell can read the journal meanwhile, and because closing any second
/// descriptor of the database file would drop SQLite's own locks. The kernel gives the lock up with the process; the
/// empty file stays, since removing it would let two agents lock two different files of that name.
final class Ownership {
    private let file: Int32

    /// Takes it, or throws ``JournalError/inUse(path:holder:)``.
    init(of journal: String) throws(JournalError) {
        let path = journal + ".lock"
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw JournalError.system("creating it", path: path, errno: errno) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = Self.processID(in: file)
            close(file)
            guard code == EWOULDBLOCK else { throw JournalError.system("locking it", path: path, errno: code) }
            throw JournalError.inUse(path: journal, holder: holder)
        }
        // For the other one's error message only, so a full disk doesn't matter here.
        _ = ftruncate(file, 0)
        let text = "\(getpid())\n"
        _ = pwrite(file, text, text.utf8.count, 0)
    }

    deinit { close(file) }

    private static func processID(in file: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        // SAFETY: at most `bytes.count` bytes are written.
        let count = pread(file, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes.prefix(count).prefix { $0 != 10 }, as: UTF8.self))
    }
}
