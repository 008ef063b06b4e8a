import CSQLite
import CallCore
import Glibc
import Journal
import Testing

/// A directory of its own for one test, on a real disk.
final class Place {
    let directory: String
    var path: String { directory + "/gateway.db" }

    init() throws {
        var template = Array("/var/tmp/journal-tests-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { shell("rm -rf \(directory)") }

    func open(now: WallTime = now, distrust: String? = nil) throws -> Journal.Opening {
        try whenFree { try Journal.open(at: path, now: now, allowVolatile: true, distrust: distrust, makeID: { own }) }
    }

    var names: [String] { shell("ls \(directory)").output.split(separator: "\n").map(String.init) }
}

/// Tries again while the journal is in use: a program that some other test starts has this process's files, locks
/// included, from its fork until its exec.
func whenFree(_ open: () throws -> Journal.Opening) throws -> Journal.Opening {
    for _ in 1...200 {
        do { return try open() } catch JournalError.inUse { usleep(10_000) }
    }
    return try open()
}

/// A file system of its own for one test, mounted on a directory.
final class Disk {
    enum Kind: String { case tmpfs, ext4 }
    let kind: Kind
    let place: Place
    private var image: String { place.directory + ".img" }

    /// Nil, with the reason printed, where mounting isn't allowed.
    init?(_ kind: Kind, _ size: String, options: String = "defaults") throws {
        self.kind = kind
        place = try Place()
        guard getuid() == 0 else {
            print("skipped: mounting a small disk needs root")
            return nil
        }
        let made =
            switch kind {
            case .tmpfs: shell("mount -t tmpfs -o size=\(size) tmpfs \(place.directory)")
            case .ext4:
                shell(
                    """
                    truncate -s \(size) \(place.directory).img && mkfs.ext4 -q -m 0 \(place.directory).img \
                    && mount -o loop,\(options) \(place.directory).img \(place.directory)
                    """)
            }
        guard made.status == 0 else {
            print("skipped: can't mount \(kind.rawValue) here: \(made.output)")
            unmount()
            return nil
        }
    }

    deinit { unmount() }

    func remount(_ options: String) -> (status: Int32, output: String) {
        shell("mount -o remount,\(options) \(place.directory)")
    }

    /// As after a restart of the machine.
    func mountAgain() -> (status: Int32, output: String) {
        shell(
            """
            umount \(place.directory); fsck.ext4 -p \(image) > /dev/null
            mount -o loop \(image) \(place.directory)
            """)
    }

    private func unmount() { shell("umount \(place.directory) 2> /dev/null; rm -f \(image)") }
}

/// Runs a shell command to its end.
@discardableResult
func shell(_ command: String) -> (status: Int32, output: String) {
    guard let pipe = popen("exec 2>&1; " + command, "r") else { return (-1, "") }
    var output: [UInt8] = []
    while case let byte = getc(pipe), byte != EOF { output.append(UInt8(byte)) }
    let status = pclose(pipe)
    return ((status >> 8) & 0xff, String(decoding: output, as: UTF8.self))
}

/// Says so if it doesn't.
func straceWorks() -> Bool {
    let works = shell("strace -o /dev/null true")
    if works.status != 0 { print("skipped: strace doesn't work here: \(works.output)") }
    return works.status == 0
}

/// Runs SQL on a database behind the journal's back, and answers the first column of each row.
@discardableResult
func sql(_ path: String, _ text: String) throws -> [String] {
    var handle: OpaquePointer?
    defer { sqlite3_close_v2(handle) }
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    var rows: [String] = []
    let code = withUnsafeMutablePointer(to: &rows) { rows in
        sqlite3_exec(
            handle, text,
            { context, count, values, _ in
                guard count > 0, let values, let context else { return 0 }
                let first = values[0].map { String(cString: $0) } ?? "NULL"
                context.assumingMemoryBound(to: [String].self).pointee.append(first)
                return 0
            }, rows, nil)
    }
    #expect(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle)))")
    return rows
}

/// Leaves a closed journal of 20 presses at `place`.
func fill(_ place: Place) throws {
    let journal = try place.open().journal
    for number: UInt64 in 1...20 { try journal.commit(press(number)) }
    journal.close()
}

func bytes(of path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var found: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { found += chunk.prefix(count) }
    return found
}

/// Writes over part of a file.
func scribble(_ path: String, at offset: Int, _ content: [UInt8]) throws {
    let file = open(path, O_WRONLY)
    try #require(file >= 0)
    defer { close(file) }
    #expect(pwrite(file, content, content.count, offset) == content.count)
}

func size(of path: String) -> Int {
    var answer = stat()
    return stat(path, &answer) == 0 ? Int(answer.st_size) : -1
}

func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The error that `work` throws; a failed test if it throws none or another kind.
func journalError(_ work: () throws -> Void) throws -> JournalError {
    try #require(throws: JournalError.self, performing: work)
}

/// Runs `work` while another connection holds the database's write lock.
func sqlWhileLocked(_ path: String, _ work: () throws -> Void) throws {
    var handle: OpaquePointer?
    defer { sqlite3_close_v2(handle) }
    try #require(sqlite3_open(path, &handle) == SQLITE_OK)
    try #require(sqlite3_exec(handle, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
    try work()
    #expect(sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
}
