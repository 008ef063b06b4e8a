import Glibc
import Testing

/// Plays systemd: the socket that `$NOTIFY_SOCKET` names (sd_notify(3)).
private final class NotifySocket {
    private let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    /// Every state so far, one assignment each.
    private(set) var states: [String] = []

    init(_ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        // SAFETY: `address` outlives the call and has the size that is said.
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw Broken("bind \(path): \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    func has(_ prefix: String, atLeast count: Int = 1) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let length = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard length > 0 else { break }
            states += String(decoding: buffer.prefix(length), as: UTF8.self).split(separator: "\n").map(String.init)
        }
        return states.count { $0.hasPrefix(prefix) } >= count
    }
}

extension EndToEnd {
    @Suite struct ServiceManagerTests {
        @Test("systemd hears of readiness, status, a fed watchdog, a reload and the end")
        func notify() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let site = SiteFile(broker, points: [.bed("b1")])
                let file = try bench.write(site.text, to: "gateway.yaml")
                let systemd = try NotifySocket(bench.path("notify"))
                let agent = try bench.start(
                    "agent", "/usr/bin/env",
                    [
                        "NOTIFY_SOCKET=\(bench.path("notify"))", "WATCHDOG_USEC=900000", Agent.program, "run",
                        "--volatile-journal", "-c", file,
                    ])
                func expect(_ prefix: String, atLeast count: Int = 1) throws {
                    try wait(until: "\(prefix) (\(count) times); heard \(systemd.states)") {
                        systemd.has(prefix, atLeast: count)
                    }
                }
                try expect("READY=1")
                try expect("STATUS=ready, connected to 127.0.0.1:\(broker.port), 0 open calls, 0 events waiting")
                try expect("WATCHDOG=1", atLeast: 4)
                kill(agent.pid, SIGHUP)
                try expect("RELOADING=1")
                try expect("READY=1", atLeast: 2)
                kill(agent.pid, SIGTERM)
                try expect("STOPPING=1")
                try agent.ended(within: .seconds(3))
                #expect(agent.exitCode == 0)
            }
        }
    }
}
