internal import CLinux
internal import CallCore
internal import Glibc

/// A program that this one started. It ends with it, however that ends.
final class Child {
    let name: String
    let pid: pid_t
    private let logPath: String
    /// waitpid(2)'s status, once it has ended.
    private var status: Int32?

    /// How long it has for a decent end.
    static let grace = Duration.seconds(3)

    /// - Parameters:
    ///   - log: the file that takes its output.
    ///   - environment: variables besides the usual ones, each as `NAME=value`.
    init(
        _ name: String, _ program: String, _ arguments: [String], log: String, environment: [String] = []
    ) throws {
        self.name = name
        logPath = log
        pid = try Self.spawn(
            Self.boundToThisProcess([program] + arguments), log: log, environment: environment)
    }

    /// Not even a SIGKILL to this program leaves its children behind: the kernel kills them when the thread that started
    /// them ends (prctl(2), PR_SET_PDEATHSIG), which is why only the main thread starts any. setpriv(1) is in
    /// util-linux, which every Debian has; without it a SIGKILL leaves them running.
    private static func boundToThisProcess(_ command: [String]) -> [String] {
        guard let setpriv = Programs.find("setpriv") else { return command }
        return [setpriv, "--pdeathsig", "KILL", "--"] + command
    }

    private static func spawn(_ command: [String], log: String, environment more: [String]) throws -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&files, 1, 2)

        // A process group of its own: the terminal's Ctrl-C is for this program, which ends its children in their order.
        // And none of the signals that this program blocks or ignores.
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
        let variables = (environment + more).map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, command[0], &files, &attributes, arguments, variables)
        guard code == 0 else {
            throw SimulatorError(
                "\(command.joined(separator: " ")) can't be started: \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// Little of this program's own: nothing by which a service manager would take the agent for its service.
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

    /// A signal is sent to it.
    func signal(_ number: Int32) {
        if end == nil { kill(pid, number) }
    }

    /// Ends it at once, in the middle of whatever it does.
    func kill9() {
        guard end == nil else { return }
        kill(pid, SIGKILL)
        while end == nil { usleep(1000) }
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
