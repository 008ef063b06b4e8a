internal import Glibc

/// Where programs are.
enum Programs {
    /// The first of that name in PATH, or where a system keeps its servers, outside many users' PATH.
    static func find(_ name: String, path: String? = getenv("PATH").map { String(cString: $0) }) -> String? {
        let directories = (path ?? "").split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"]
        return directories.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 && !isDirectory($0) }
    }

    /// True if there is a directory.
    static func isDirectory(_ path: String) -> Bool {
        var information = stat()
        return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    /// The directory that this program stands in.
    static var ownDirectory: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        return String(decoding: path[..<(path.lastIndex(of: UInt8(ascii: "/")) ?? 0)], as: UTF8.self)
    }
}

/// A directory of files, without directories in it, that is removed with all of them.
struct ThrowAwayDirectory {
    let path: String

    /// - Parameter place: the directory to make it in; nil for the usual place of temporary files.
    init(in place: String? = nil) throws {
        let parent = place ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/courtyard-sim.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SimulatorError("no temporary directory in \(parent): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// - Parameter again: it may be there already.
    func write(_ text: String, to name: String, again: Bool = false) throws {
        let fd = open("\(path)/\(name)", O_WRONLY | O_CREAT | (again ? O_TRUNC : O_EXCL) | O_CLOEXEC, 0o600)
        defer { if fd >= 0 { close(fd) } }
        let bytes = Array(text.utf8)
        guard fd >= 0, Glibc.write(fd, bytes, bytes.count) == bytes.count else {
            throw SimulatorError("\(path)/\(name) can't be written: \(String(cString: strerror(errno)))")
        }
    }

    /// At most the last 16 KiB of a file; nothing if it can't be read.
    static func read(_ path: String) -> String {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return "" }
        defer { close(fd) }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        lseek(fd, max(0, lseek(fd, 0, SEEK_END) - buffer.count), SEEK_SET)
        let count = Glibc.read(fd, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// With all that is in it.
    func remove() { Self.remove(path) }

    /// Removes a directory of files.
    static func remove(_ path: String) {
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            // SAFETY: d_name ends with a zero, and is read before the next readdir(3).
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { unlink("\(path)/\(name)") }
        }
        closedir(directory)
        rmdir(path)
    }
}
