internal import CallCore
internal import Glibc
internal import LinuxSupport

/// The other end of the agent's simulated lines; the protocol stands in `SimulatedLines`.
struct LinesClient: ~Copyable {
    private let fd: Int32
    private var unread: [UInt8] = []

    /// - Throws: when no simulated gateway listens there, or this user may not connect to it.
    init(path: String) throws {
        do throws(SocketError) {
            fd = try UnixSocket.connect(path)
        } catch {
            throw SimulatorError("\(error). \(Self.remedy(error.code))")
        }
    }

    deinit { close(fd) }

    private static let hungUp = SimulatorError(
        "the other end hung up without an answer: the gateway has ended, or this is not its simulator-socket")

    private static func remedy(_ code: Int32) -> String {
        switch code {
        case ENOENT:
            "No gateway with `hardware: simulated` runs there: start one, or name its simulator-socket with --socket."
        case ECONNREFUSED:
            "Nobody listens there: if it is a gateway's socket, that gateway has ended."
        case EACCES, EPERM:
            "Only the user that the gateway runs as may press its buttons: use sudo -u."
        default: "Is this the simulator-socket of a gateway with `hardware: simulated`?"
        }
    }

    /// Makes or opens a contact, and waits until the gateway has it.
    mutating func set(_ point: String, made: Bool) throws { try set(point, [made]) }

    /// Several changes of one contact at once, so close to each other as the gateway can read them.
    mutating func set(_ point: String, _ changes: [Bool]) throws {
        try send(changes.map { "\($0 ? "made" : "open") \(point)\n" }.joined())
        for _ in changes { try confirm(point) }
    }

    private mutating func confirm(_ point: String) throws {
        let answer = try answer()
        if answer.hasPrefix("ok ") { return }
        guard answer.hasPrefix("unknown ") else { throw SimulatorError("the gateway says: \(answer)") }
        throw SimulatorError("the gateway has no call point \(point). \(Self.hint(point, among: try points()))")
    }

    /// Those that begin most like what was asked for.
    static func hint(_ point: String, among points: [String]) -> String {
        guard !points.isEmpty else { return "It has none at all: look at `points` in its site file." }
        func likeness(_ other: String) -> Int { zip(other, point).prefix { $0 == $1 }.count }
        let best = points.map(likeness).max() ?? 0
        let like = points.filter { likeness($0) == best }.sorted().prefix(3)
        return "It has \(points.count), such as \(like.joined(separator: ", "))."
    }

    /// The call points there are.
    mutating func points() throws -> [String] {
        try send("list\n")
        var points: [String] = []
        while true {
            let line = try answer()
            if line == "end" { return points }
            points.append(String(line.dropFirst("point ".count)))
        }
    }

    private func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Glibc.send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Self.hungUp
        }
    }

    /// The next line that isn't about outputs.
    private mutating func answer() throws -> String {
        while true {
            if let newline = unread.firstIndex(of: 10) {
                let line = String(decoding: unread[..<newline], as: UTF8.self)
                unread.removeSubrange(...newline)
                if line.hasPrefix("output ") { continue }
                return line
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(fd, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.hungUp }
            unread += buffer.prefix(count)
        }
    }
}
