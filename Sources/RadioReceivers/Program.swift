internal import CLinux
internal import Glibc

/// A program of which every line that has `{` is a message of rtl_433's: that one itself, or whoever passes them on.
final class Program: WordSource {
    let descriptor: Int32
    private let name: String
    private let pid: pid_t
    /// What it said last that was no message: its reason, if it ends.
    private var lastWords = ""
    private var isGone = false

    let longestLine = 8192
    /// Without a stick, or with wrong arguments, rtl_433 ends within a moment.
    let settlesAfter = Duration.seconds(3)

    /// So long it has for a decent end.
    private static let grace = Duration.milliseconds(800)
    private static let longestWords = 200

    init(_ command: [String]) throws(SourceGone) {
        name = command[0]
        var ends: [Int32] = [-1, -1]
        // Only our end doesn't block: the program's own is an ordinary one.
        guard pipe(&ends) == 0 else { throw SourceGone(name, code: errno) }
        descriptor = ends[0]
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // Whatever happens to this process, its programs end with it: a stick that an old rtl_433 holds is no use to a
        // new one. The kernel does it when the thread ends that started them (prctl(2), PR_SET_PDEATHSIG). setpriv(1) is
        // in util-linux, which every Debian has.
        let wrapped = ["setpriv", "--pdeathsig", "KILL", "--no-new-privs", "--"] + command
        let started = Self.spawn(wrapped, output: ends[1])
        Glibc.close(ends[1])
        guard let started else {
            let code = errno
            Glibc.close(descriptor)
            throw SourceGone("setpriv for \(name)", code: code)
        }
        pid = started
    }

    /// - Returns: nil, with errno, if it couldn't be started.
    private static func spawn(_ command: [String], output: Int32) -> pid_t? {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&files, output, 1)
        posix_spawn_file_actions_adddup2(&files, output, 2)
        // None of the signals that a driver's thread blocks, or that this process ignores.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        // SAFETY: the copies live until posix_spawnp(3) has returned, and are freed then.
        let arguments = command.map { strdup($0) } + [nil]
        let variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, command[0], &files, &attributes, arguments, variables)
        errno = code
        return code == 0 ? pid : nil
    }

    /// Nothing by which a service manager would take it for its service.
    private static var environment: [String] {
        ["PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH"].compactMap { (name: String) in
            getenv(name).map { "\(name)=\(String(cString: $0))" }
        }
    }

    func note(_ line: String) {
        lastWords = String(line.prefix(Self.longestWords))
        while lastWords.last == "." { lastWords.removeLast() }
    }

    func read() throws(SourceGone) -> [UInt8] {
        do {
            return try readReady(descriptor, name)
        } catch {
            var status: Int32 = 0
            // It has closed its output, so it ends or is of no use.
            if waitpid(pid, &status, WNOHANG) == 0 { end(&status) } else { isGone = true }
            let signal = status & 0x7f  // WTERMSIG and WEXITSTATUS, waitpid(2): macros that Swift doesn't see
            let how = signal == 0 ? "ended with code \(status >> 8 & 0xff)" : "ended by signal \(signal)"
            throw SourceGone("\(name) \(how)" + (lastWords.isEmpty ? "" : ": \(lastWords)"))
        }
    }

    func close() {
        Glibc.close(descriptor)
        var status: Int32 = 0
        end(&status)
    }

    /// Asks it to end, and kills it if it doesn't.
    private func end(_ status: inout Int32) {
        guard !isGone else { return }
        isGone = true
        kill(pid, SIGTERM)
        let deadline = SuspendingClock().now + Self.grace
        while waitpid(pid, &status, WNOHANG) == 0 {
            if SuspendingClock().now > deadline { kill(pid, SIGKILL) }
            usleep(2000)
        }
    }
}
