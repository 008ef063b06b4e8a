import Foundation
import Glibc
import Testing

/// One test's own place: a directory, ports, and every program it starts, all gone afterwards.
final class Bench {
    let directory: String
    private(set) var programs: [ChildProcess] = []
    private var names: [String: Int] = [:]
    private var mounts: [String] = []
    private let guardian: Guardian
    /// What was published.
    private(set) lazy var record = MessageRecord(self)

    /// Runs a test's body; what it throws comes back with the programs' logs. Afterwards, everything that was
    /// published must have kept the contract.
    static func run(_ body: (Bench) throws -> Void) throws {
        let bench = try Bench()
        defer { bench.close() }
        do {
            try body(bench)
            try bench.record.judge()
        } catch { throw Broken("\(error)\n\(bench.logs.rawValue)") }
    }

    private init() throws {
        var template = Array("/tmp/courtyard-e2e-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Broken("no directory under /tmp") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guardian = try Guardian(directory)
    }

    private func close() {
        for program in programs.reversed() { program.end() }
        for mount in mounts { umount2(mount, Int32(MNT_DETACH)) }
        guardian.dismiss()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Starts a program, whose logs then stand in failures.
    func start(_ name: String, _ program: String, _ arguments: [String]) throws -> ChildProcess {
        let child = try make(name, program, arguments)
        guardian.watch(child.pid)
        programs.append(child)
        return child
    }

    /// Ends a program whose logs nobody needs any more.
    func end(_ program: ChildProcess) {
        program.end()
        programs.removeAll { $0 === program }
    }

    private func make(_ name: String, _ program: String, _ arguments: [String]) throws -> ChildProcess {
        names[name, default: 0] += 1
        let count = names[name]!
        return try ChildProcess(count == 1 ? name : "\(name)-\(count)", program, arguments, in: directory)
    }

    /// Runs a program to its end.
    func run(_ program: String, _ arguments: [String], within limit: Duration = patience) throws -> ChildProcess {
        let child = try make(String(program.split(separator: "/").last!), program, arguments)
        try child.ended(within: limit)
        return child
    }

    /// Runs a program that must succeed.
    @discardableResult
    func succeed(_ program: String, _ arguments: [String]) throws -> String {
        let child = try run(program, arguments)
        guard child.exitCode == 0 else {
            let words = ([program] + arguments).joined(separator: " ")
            throw Broken("\(words) ended with \(child.exitCode!): \(child.errors)")
        }
        return child.output
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        return path(name)
    }

    /// A file system of its own in memory, or nil if this user can't mount one.
    func mountMemory(at name: String, size: String, readOnly: Bool = false) throws -> String? {
        let place = path(name)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let flags = UInt(readOnly ? MS_RDONLY : 0)
        guard mount("tmpfs", place, "tmpfs", flags, "size=\(size)") == 0 else {
            print("skipped: mounting a tmpfs takes root (\(String(cString: strerror(errno))))")
            return nil
        }
        mounts.append(place)
        return place
    }

    /// The end of what each program said, for failures.
    var logs: Comment {
        let parts = programs.flatMap { program in
            [("errors", program.errors), ("output", program.output)].compactMap { kind, text -> String? in
                guard !text.isEmpty else { return nil }
                let lines = text.split(separator: "\n").filter { !$0.hasPrefix("Client ") }.suffix(25)
                    .map { String($0.prefix(400)) }
                return "--- \(program.name), \(kind)\n\(lines.joined(separator: "\n"))"
            }
        }
        return Comment(rawValue: parts.suffix(16).joined(separator: "\n"))
    }

    /// A TCP port of 127.0.0.1 that nobody uses.
    static func freePort() throws -> Int {
        let socket = LoopbackSocket()
        return try socket.bind()
    }
}

/// A TCP socket on 127.0.0.1, closed when it goes away.
final class LoopbackSocket {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)

    deinit { Glibc.close(descriptor) }

    /// Binds it to `port`, or to a free one, which it returns.
    func bind(_ port: Int = 0) throws -> Int {
        guard call(port, Glibc.bind) == 0 else { throw Broken("bind: \(String(cString: strerror(errno)))") }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: `address` is a sockaddr_in of `size` bytes and outlives the call.
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    func connect(_ port: Int) -> Bool { call(port, Glibc.connect) == 0 }

    /// Starts to connect; true if the other side hasn't answered within `limit`.
    func connectHangs(_ port: Int, for limit: Duration) -> Bool {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        guard call(port, Glibc.connect) != 0, errno == EINPROGRESS else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, Int32(limit.components.attoseconds / 1_000_000_000_000_000)) == 0
    }

    private func call(_ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        // SAFETY: `address` outlives the call and has the size that is said.
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// A port where a connection attempt gets no answer: its queue of unaccepted connections is full.
final class BlackHole {
    let port: Int
    private let listener = LoopbackSocket()
    private var fillers: [LoopbackSocket] = []

    init() throws {
        port = try listener.bind()
        listen(listener.descriptor, 0)
        for _ in 0..<16 {
            let filler = LoopbackSocket()
            fillers.append(filler)
            if filler.connectHangs(port, for: .milliseconds(100)) { return }
        }
        throw Broken("this kernel goes on accepting connections that nobody takes")
    }
}
