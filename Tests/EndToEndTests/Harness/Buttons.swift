import Glibc

/// The hands on the buttons: a raw client of the agent's simulator socket.
final class Buttons {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    /// - Throws: when nobody listens at `path`.
    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        // SAFETY: `address` outlives the call and has the size that is said.
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw Broken("\(path): \(String(cString: strerror(errno)))") }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// The points there are.
    func points() throws -> [String] {
        try send("list\n")
        var points: [String] = []
        while true {
            let line = try line()
            if line == "end" { return points }
            points.append(String(line.dropFirst("point ".count)))
        }
    }

    /// Makes a contact; returns once the agent's driver has said that it has it.
    func make(_ point: String) throws { try obey("made \(point)") }
    /// Opens it.
    func open(_ point: String) throws { try obey("open \(point)") }

    /// One press and release.
    func press(_ point: String, hold: Duration = .milliseconds(40)) throws {
        try make(point)
        pause(hold)
        try open(point)
    }

    private func obey(_ request: String) throws {
        try send(request + "\n")
        var answer = try line()
        while answer.hasPrefix("output ") { answer = try line() }  // what lamps show comes to everyone
        guard answer == "ok \(request)" else { throw Broken("\(request): answered \"\(answer)\"") }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Broken("the agent ended the connection") }
            rest = rest.dropFirst(count)
        }
    }

    /// The next line; throws when the connection has ended.
    func line() throws -> String {
        while true {
            if let newline = unread.firstIndex(of: 10) {
                defer { unread.removeSubrange(...newline) }
                return String(decoding: unread[..<newline], as: UTF8.self)
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { throw Broken(count == 0 ? "the agent ended the connection" : "no answer") }
            unread += buffer.prefix(count)
        }
    }

    /// True once the agent has ended the connection; what it still says is passed over.
    func isEnded(within limit: Duration = patience) -> Bool {
        do {
            try wait(until: "the end of the connection", within: limit) {
                do { _ = try line() } catch { return "\(error)".contains("ended") }
                return false
            }
            return true
        } catch { return false }
    }
}
