internal import CallCore
internal import Glibc
internal import LinuxSupport

/// The other end of the agent's simulated lines; the protocol stands in `SimulatedLines`.
struct LinesClient: ~Copyable {
    private let fd: Int32
    private var unread: [UInt8] = []

    /// - Throws: when no simulated gateway listens there.
    init(path: String) throws {
        do throws(SocketError) {
            fd = try UnixSocket.connect(path)
        } catch {
            throw SimulatorError(
                "\(error). Is a gateway with `hardware: simulated` running, and is this its simulator-socket?")
        }
    }

    deinit { close(fd) }

    /// Makes or opens a contact, and waits until the gateway has it.
    mutating func set(_ point: String, made: Bool) throws {
        try send("\(made ? "made" : "open") \(point)")
        let answer = try answer()
        guard answer.hasPrefix("ok ") else {
            throw SimulatorError(
                answer.hasPrefix("unknown") ? "the gateway has no call point \(point)" : "the gateway says: \(answer)")
        }
    }

    /// The call points there are.
    mutating func points() throws -> [String] {
        try send("list")
        var points: [String] = []
        while true {
            let line = try answer()
            if line == "end" { return points }
            points.append(String(line.dropFirst("point ".count)))
        }
    }

    private func send(_ line: String) throws {
        let bytes = Array((line + "\n").utf8)
        guard Glibc.send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw SimulatorError("the gateway ended the connection")
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
            guard count > 0 else { throw SimulatorError("the gateway ended the connection") }
            unread += buffer.prefix(count)
        }
    }
}

/// One press of a button, with its contact bouncing or not.
struct Pressing {
    var hold: Duration
    var bounces: Bool

    /// Makes the contact, holds it and opens it, in real time.
    func carryOut(_ point: String, on lines: inout LinesClient) throws {
        try settle(point, made: true, on: &lines)
        Self.wait(hold)
        try settle(point, made: false, on: &lines)
    }

    /// A contact that bounces changes up to eight more times within 3 ms before it stays.
    private func settle(_ point: String, made: Bool, on lines: inout LinesClient) throws {
        try lines.set(point, made: made)
        guard bounces else { return }
        for _ in 0..<Int.random(in: 1...4) {
            Self.wait(.microseconds(Int.random(in: 50...350)))
            try lines.set(point, made: !made)
            Self.wait(.microseconds(Int.random(in: 50...350)))
            try lines.set(point, made: made)
        }
    }

    static func wait(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var left = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        var rest = timespec()
        while nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
    }
}
