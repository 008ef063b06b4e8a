internal import Glibc

/// Files that somebody asked for.
enum OutputFile {
    /// Writes the whole file, in the place of one that is there.
    static func write(_ text: String, to path: String) throws {
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw failure(path) }
        defer { close(fd) }
        guard write(text, to: fd) else { throw failure(path) }
    }

    /// A line on standard output, at once. Nobody may read it any more.
    static func say(_ line: String) { _ = write(line + "\n", to: STDOUT_FILENO) }

    private static func write(_ text: String, to fd: Int32) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    /// Makes a directory where there is none.
    static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST && Programs.isDirectory(path) else { throw failure(path) }
    }

    /// The directory that a file stands in.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func failure(_ path: String) -> SimulatorError {
        SimulatorError("\(path) can't be written: \(String(cString: strerror(errno)))")
    }
}
