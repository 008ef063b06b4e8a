import Foundation
import Glibc

/// A program that a test started; killed at the latest when this goes away.
final class ChildProcess {
    let name: String
    let pid: pid_t
    /// Where its standard output and standard error go.
    let outputPath: String
    let errorPath: String
    private var status: Int32?

    /// - Parameters:
    ///   - directory: where its output files are made, named after `name`.
    ///   - input: its standard input; nothing if nil.
    init(
        _ name: String, _ program: String, _ arguments: [String], in directory: String, input: Int32? = nil
    ) throws {
        self.name = name
        outputPath = "\(directory)/\(name).out"
        errorPath = "\(directory)/\(name).err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for (descriptor, path) in [(Int32(1), outputPath), (2, errorPath)] {
            posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        }
        let words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let variables = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
        let environment: [UnsafeMutablePointer<CChar>?] =
            (variables + ["\(Guardian.variable)=\(directory)"]).map { strdup($0) } + [nil]
        defer { for variable in environment { free(variable) } }
        // The thread that runs a test may have blocked signals; its children must not inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, &attributes, words, environment)
        guard code == 0 else { throw Broken("\(program) doesn't start: \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    deinit { end() }

    var output: String { Self.text(outputPath) }
    var errors: String { Self.text(errorPath) }

    /// Nil while it runs; 128 + signal if a signal ended it.
    var exitCode: Int32? {
        if status == nil {
            var code: Int32 = 0
            if waitpid(pid, &code, WNOHANG) == pid { status = code }
        }
        return status.map { $0 & 0x7f == 0 ? $0 >> 8 & 0xff : 128 + ($0 & 0x7f) }
    }

    func signal(_ signal: Int32) {
        if exitCode == nil { kill(pid, signal) }
    }

    /// Waits for its end.
    @discardableResult
    func ended(within limit: Duration = patience) throws -> Int32 {
        try wait(for: "the end of \(name)", within: limit) { exitCode }
    }

    /// SIGKILL, and it is gone.
    func end() {
        signal(SIGKILL)
        while exitCode == nil { pause(.milliseconds(1)) }
    }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
