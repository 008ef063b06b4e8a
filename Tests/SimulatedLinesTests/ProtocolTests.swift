import CallCore
import Glibc
import LinuxSupport
import SimulatedLines
import Synchronization
import Testing

/// The driver at its socket.
@Suite("The simulator's protocol")
struct ProtocolTests {
    private let lamp = OutputID(unchecked: "b3-lamp")
    private let buzzer = OutputID(unchecked: "b3-buzzer")
    private let button = PointID(unchecked: "b3")

    @Test("outputs lists what every output shows now, and each change is told to everyone connected")
    func outputs() throws {
        let bench = try Bench()
        bench.lines.drive([lamp, buzzer])
        let (first, second) = (try bench.connect(), try bench.connect())
        for client in [first, second] {
            try client.send("outputs\n")
            #expect(try client.lines(3) == ["output b3-buzzer idle", "output b3-lamp idle", "end"])
        }
        bench.lines.show(lamp, .received)
        bench.lines.show(lamp, .received)
        bench.lines.show(buzzer, .onTheWay)
        for client in [first, second] {
            #expect(try client.lines(2) == ["output b3-lamp received", "output b3-buzzer on-the-way"])
        }
        try first.send("outputs\n")
        #expect(
            try first.lines(3) == ["output b3-buzzer on-the-way", "output b3-lamp received", "end"],
            "what hasn't changed was told once")
    }

    @Test("An output that comes with a new list is told")
    func newOutput() throws {
        let bench = try Bench()
        let client = try bench.connect()
        try client.send("outputs\n")
        #expect(try client.lines(1) == ["end"])
        bench.lines.show(lamp, .sent)
        bench.lines.drive([lamp])
        #expect(try client.lines(1) == ["output b3-lamp sent"])
    }

    @Test("A wire is whole at first, cut by a connection, and whole again when that ends")
    func wire() throws {
        let bench = try Bench()
        bench.lines.watch([button, button.loop])
        var client: Client? = try bench.connect()
        try client?.send("list\nopen b3~loop\nopen b4~loop\n")
        #expect(try client?.lines(5) == ["point b3", "point b3~loop", "end", "ok open b3~loop", "unknown b4~loop"])
        #expect(bench.reports.map(\.words) == ["armed b3 open", "armed b3~loop made", "edge b3~loop open"])
        client = nil
        try bench.wait(until: "the wire is whole") { bench.reports.last?.words == "edge b3~loop made" }
    }

    @Test(
        "Who doesn't read for a thousand changes keeps its contacts, and is then told the newest state of each output")
    func deaf() throws {
        let bench = try Bench()
        bench.lines.watch([button])
        bench.lines.drive([lamp, buzzer])
        let client = try bench.connect()
        try client.send("made b3\n")
        #expect(try client.lines(1) == ["ok made b3"])
        for _ in 0..<1000 {
            bench.lines.show(lamp, .received)
            bench.lines.show(buzzer, .sent)
            bench.lines.show(lamp, .idle)
            bench.lines.show(buzzer, .idle)
        }
        bench.lines.show(lamp, .nobodyListening)
        let isDone = Mutex(false)
        bench.lines.checkIn { isDone.withLock { $0 = true } }
        try bench.wait(until: "all is shown") { isDone.withLock { $0 } }
        #expect(bench.reports.last?.words == "edge b3 made", "it is still connected")
        var newest: [String: String] = [:]
        var told = 0
        repeat {
            let line = try client.lines(1)[0]
            newest[String(line.split(separator: " ")[1])] = line
            told += 1
        } while newest["b3-lamp"] != "output b3-lamp nobody-listening"
        #expect(told < 2000, "states in between were left out")
        try client.send("open b3\noutputs\n")
        let rest = try client.lines(until: "end")
        #expect(rest.suffix(3) == ["output b3-buzzer idle", "output b3-lamp nobody-listening", "end"])
        #expect(rest.contains("ok open b3"))
    }

    @Test("A request that is none is answered with what can be asked, and ends its connection only")
    func refused() throws {
        let bench = try Bench()
        bench.lines.drive([lamp])
        let (wrong, right) = (try bench.connect(), try bench.connect())
        try right.send("outputs\n")
        #expect(try right.lines(2).last == "end")
        try wrong.send("outputs please\n")
        #expect(
            try wrong.lines(1) == [
                "error expected: made POINT, open POINT, radio RECEIVER µs µs …, list, receivers, or outputs"
            ])
        #expect(throws: (any Error).self) { try wrong.lines(1) }
        bench.lines.show(lamp, .test)
        #expect(try right.lines(1) == ["output b3-lamp test"])
    }
}

/// A driver at a socket of its own.
private final class Bench: Sendable {
    let lines: SimulatedLines
    private let path: String
    private let log: Log

    init() throws {
        path = "/tmp/courtyard-lines-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        log = Log()
        lines = try SimulatedLines(path: path) { [log] in log.add($0) }
        lines.start()
    }

    deinit { lines.stop() }

    var reports: [LineReport] { log.all }

    func connect() throws -> Client { try Client(path) }

    func wait(until what: String, _ condition: () -> Bool) throws {
        for _ in 0..<10_000 {
            if condition() { return }
            usleep(1000)
        }
        throw TooLate(what: what)
    }
}

private final class Log: Sendable {
    private let kept = Mutex<[LineReport]>([])
    var all: [LineReport] { kept.withLock { $0 } }
    func add(_ reports: [LineReport]) { kept.withLock { $0 += reports } }
}

private struct TooLate: Error {
    let what: String
}

/// Somebody at the socket.
private final class Client {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    init(_ path: String) throws {
        descriptor = try UnixSocket.connect(path)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        try #require(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    /// The next so many lines.
    func lines(_ count: Int) throws -> [String] { try (0..<count).map { _ in try line() } }

    /// All lines to this one.
    func lines(until last: String) throws -> [String] {
        var lines: [String] = []
        while lines.last != last { lines.append(try line()) }
        return lines
    }

    private func line() throws -> String {
        while true {
            if let newline = unread.firstIndex(of: 10) {
                defer { unread.removeSubrange(...newline) }
                return String(decoding: unread[..<newline], as: UTF8.self)
            }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { throw TooLate(what: "a line") }
            unread += buffer.prefix(count)
        }
    }
}

extension LineReport {
    /// What it says, without its time.
    fileprivate var words: String {
        switch self {
        case .armed(let point, let made, _): "armed \(point) \(made ? "made" : "open")"
        case .edge(let point, let made, _): "edge \(point) \(made ? "made" : "open")"
        case .lost(let point, _, _): "lost \(point)"
        case .trouble(let point, _, _): "trouble \(point)"
        }
    }
}
