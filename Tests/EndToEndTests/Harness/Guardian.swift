import Glibc

/// Clears up after a test whose process was killed: a shell that waits for the end of that process (of the pipe to it)
/// and then kills what was started and removes the directory.
final class Guardian {
    /// Stands in the environment of everything that is started, so that no reused process id is mistaken for it.
    static let variable = "COURTYARD_BENCH"

    /// Deaf to SIGHUP, which the kernel sends when the test's process leaves a stopped one behind (setpgid(2)).
    private static let script = """
        trap '' HUP INT TERM
        while read -r pid; do all="$all $pid"; done
        for pid in $all; do
            grep -qs "\(variable)=$1" "/proc/$pid/environ" && kill -9 "$pid"
        done
        umount -l "$1"/* 2>/dev/null
        rm -rf "$1"
        """

    private let pipe: Int32
    private let shell: ChildProcess

    init(_ directory: String) throws {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw Broken("no pipe") }
        // Or every later child would hold it open.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        pipe = ends[1]
        shell = try ChildProcess(
            "guardian", "sh", ["-c", Self.script, "sh", directory], in: directory, input: ends[0])
        close(ends[0])
    }

    func watch(_ pid: pid_t) {
        let line = Array("\(pid)\n".utf8)
        _ = write(pipe, line, line.count)
    }

    /// Everything was cleared up in order.
    func dismiss() {
        shell.end()
        close(pipe)
    }
}
