internal import CLinux
internal import CallCore
internal import Glibc

/// A program that the demo started. It ends with the demo, however the demo ends.
final class Child {
    let name: String
    let pid: pid_t
    private let logPath: String
    /// waitpid(2)'s status, once it has ended.
    private var status: Int32?

    /// How long it has for a decent end.
    static let grace = Duration.seconds(3)

    /// - Parameter log: the file that takes its output.
    init(_ name: String, _ program: String, _ arguments: [String], log: String) throws {
        self.name = name
        logPath = log
        pid = try Self.spawn(Self.boundToThisProcess([program] + arguments), log: log)
    }

    /// Not even a SIGKILL to the demo leaves its children behind: the kernel kills them when the thread that started
    /// them ends (prctl(2), PR_SET_PDEATHSIG), which is why only the main thread starts any. setpriv(1) is in
    /// util-linux, which every Debian has; without it a SIGKILL leaves them running.
    private static func boundToThisProcess(_ command: [String]) -> [String] {
        guard let setpriv = Programs.find("setpriv") else { return command }
        return [setpriv, "--pdeathsig", "KILL", "--"] + command
    }

    private static func spawn(_ command: [String], log: String) throws -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&files, 1, 2)

        // A process group of its own: the terminal's Ctrl-C is for the demo, which ends its children in their order.
        // And none of the signals that the demo blocks or ignores.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // SAFETY: the copies live until posix_spawn(3) has returned, and are freed then.
        let arguments = command.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, command[0], &files, &attributes, arguments, variables)
        guard code == 0 else {
            throw SimulatorError(
                "\(command.joined(separator: " ")) can't be started: \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// Little of the demo's own: nothing by which a service manager would take the agent for its service.
    private static var environment: [String] {
        ["PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH"].compactMap { (name: String) in
            getenv(name).map { "\(name)=\(String(cString: $0))" }
        }
    }

    /// How it ended; nil while it runs.
    var end: String? {
        var now: Int32 = 0
        if status == nil, waitpid(pid, &now, WNOHANG) == pid { status = now }
        guard let status else { return nil }
        let signal = status & 0x7f  // WTERMSIG and WEXITSTATUS, waitpid(2): macros that Swift doesn't see
        return signal == 0
            ? "exit code \(status >> 8 & 0xff)" : "signal \(signal): \(String(cString: strsignal(signal)))"
    }

    /// Its last words, indented.
    var lastLines: String {
        let lines = ThrowAwayDirectory.read(logPath).split(separator: "\n").suffix(8)
        return lines.isEmpty ? "    (it wrote nothing)" : lines.map { "    \($0)" }.joined(separator: "\n")
    }

    /// Asks it to end, and kills it if it doesn't.
    func stop() {
        guard end == nil else { return }
        kill(pid, SIGTERM)
        let deadline = Moment.now + Self.grace
        while end == nil {
            if deadline < .now { kill(pid, SIGKILL) }
            usleep(10_000)
        }
    }
}

/// Where programs are.
enum Programs {
    /// The first of that name in PATH, or where a system keeps its servers, outside many users' PATH.
    static func find(_ name: String, path: String? = getenv("PATH").map { String(cString: $0) }) -> String? {
        let directories = (path ?? "").split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"]
        return directories.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 && !isDirectory($0) }
    }

    private static func isDirectory(_ path: String) -> Bool {
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
        var template = Array("\(parent)/courtyard-demo.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SimulatorError("no temporary directory in \(parent): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ text: String, to name: String) throws {
        let fd = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
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

    func remove() {
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
