import Foundation
import Glibc

/// A program that a test started; killed when this goes away.
final class Program {
    let name: String
    let id: pid_t
    private let file: String
    private var status: Int32?

    /// - Parameter directory: where the file for its output is made.
    init(_ name: String, _ words: [String], in directory: String) throws {
        self.name = name
        file = "\(directory)/\(name)-\(UInt32.random(in: 0...UInt32.max)).log"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, file, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var id: pid_t = 0
        let code = posix_spawnp(&id, words[0], &actions, nil, arguments, environ)
        guard code == 0 else { throw Trouble("\(words[0]) doesn't start: \(String(cString: strerror(code)))") }
        self.id = id
    }

    deinit { kill() }

    /// Everything it said so far.
    var output: Data { FileManager.default.contents(atPath: file) ?? Data() }
    var text: String { String(decoding: output, as: UTF8.self) }

    /// Nil while it runs; 128 and the signal if one ended it.
    var exitCode: Int32? {
        var found: Int32 = 0
        if status == nil, waitpid(id, &found, WNOHANG) == id { status = found }
        return status.map { $0 & 0x7f == 0 ? $0 >> 8 & 0xff : 128 + ($0 & 0x7f) }
    }

    func signal(_ signal: Int32) {
        if exitCode == nil { Glibc.kill(id, signal) }
    }

    /// kill -9, and it is gone.
    func kill() {
        signal(SIGKILL)
        while exitCode == nil { usleep(500) }
    }

    /// Waits for its end, which must be a good one.
    func succeed() throws {
        let code = try wait(for: "the end of \(name)", within: .seconds(30)) { exitCode }
        guard code == 0 else { throw Trouble("\(name) ended with \(code): \(text)") }
    }
}

/// Something that a test needs did not work, or did not come in time.
struct Trouble: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Asks `probe` until it gives something. The limit is for a busy machine: what is waited for takes milliseconds.
@discardableResult
func wait<T>(
    for what: @autoclosure () -> String, within limit: Duration = .seconds(15), _ probe: () throws -> T?
) throws -> T {
    let end = ContinuousClock.now + limit
    while true {
        if let found = try probe() { return found }
        guard ContinuousClock.now < end else { throw Trouble("not within \(limit): \(what())") }
        usleep(5000)
    }
}

/// Waits until `condition` holds.
func wait(
    until what: @autoclosure () -> String, within limit: Duration = .seconds(15), _ condition: () throws -> Bool
) throws {
    try wait(for: what(), within: limit) { try condition() ? true : nil }
}
