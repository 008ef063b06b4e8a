internal import CLinux
internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import Glibc
internal import LinuxSupport

/// A real agent with its files: what a stage starts, kills and asks.
final class BoardAgent {
    private let program: String
    private let directory: ThrowAwayDirectory
    private let name: String
    private let environment: () -> [String]
    private(set) var child: Child?

    /// What is of interest in the answer of `courtyard-gateway status`.
    struct Report: Decodable {
        struct Points: Decodable {
            let total, ok: Int
            let troubled: [PointMessage]
        }
        let state: StatusMessage.State
        let points: Points
        let faults: [FaultMessage]
    }

    /// - Parameters:
    ///   - name: of its site file, log and control socket in the directory.
    ///   - environment: asked at each start.
    init(
        _ program: String, in directory: ThrowAwayDirectory, name: String, environment: @escaping () -> [String]
    ) {
        self.program = program
        self.directory = directory
        self.name = name
        self.environment = environment
    }

    /// Where it is asked.
    var control: String { "\(directory.path)/\(name).sock" }
    var isRunning: Bool { child.map { $0.end == nil } ?? false }

    /// The site file that it reads.
    func write(_ siteFile: String) throws { try directory.write(siteFile, to: "\(name).yaml") }

    func start() throws {
        guard !isRunning else { return }
        // The journal is thrown away with the rest, so it may stand in memory too.
        child = try Child(
            "the agent (courtyard-gateway)", program,
            ["run", "--volatile-journal", "--config", "\(directory.path)/\(name).yaml"],
            log: "\(directory.path)/\(name).log", environment: environment())
    }

    /// Power gone, or SIGKILL.
    func kill() {
        child?.kill9()
        child = nil
    }

    /// SIGTERM.
    func stop() {
        child?.stop()
        child = nil
    }

    /// Why it ended without having been asked to; nil if it didn't.
    var unexpectedEnd: String? {
        guard let child, let end = child.end else { return nil }
        return "\(child.name) ended by itself, \(end). Its last lines:\n\(child.lastLines)"
    }

    /// What it says when it is asked on the board; nil if it doesn't answer within half a second.
    func ask() -> Report? {
        guard isRunning, let fd = try? UnixSocket.connect(control) else { return nil }
        defer { close(fd) }
        let word = Array("status\n".utf8)
        guard send(fd, word, word.count, Int32(MSG_NOSIGNAL)) == word.count else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var polled = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, 500) > 0 {
            let count = read(fd, &buffer, buffer.count)
            guard count > 0 else { break }
            answer += buffer.prefix(count)
        }
        return try? WireJSON.read(Report.self, from: answer)
    }
}
