internal import CallCore
internal import Glibc

/// The demo's own broker and agent, with all their files in one throw-away directory.
struct DemoServers {
    let directory: ThrowAwayDirectory
    /// On 127.0.0.1.
    private(set) var port: UInt16 = 0
    private(set) var broker: Child?
    private(set) var agent: Child?

    private let mosquitto: String
    private let gateway: String

    var socket: String { "\(directory.path)/lines.sock" }

    /// - Parameter gateway: the agent's program; nil for the one that stands beside this one.
    /// - Throws: if a program is missing. Nothing runs yet.
    init(gateway: String?) throws {
        (mosquitto, self.gateway) = (try Self.broker(), try Self.agent(gateway))
        directory = try ThrowAwayDirectory()
    }

    /// The broker's program.
    static func broker() throws -> String {
        guard let mosquitto = Programs.find("mosquitto") else {
            throw SimulatorError(
                "mosquitto, the MQTT broker, is neither in PATH nor in /usr/sbin: sudo apt-get install mosquitto")
        }
        return mosquitto
    }

    /// The agent's program: the one that is named, or that stands beside this one.
    static func agent(_ gateway: String?) throws -> String {
        let agent = gateway ?? "\(Programs.ownDirectory)/courtyard-gateway"
        guard access(agent, X_OK) == 0 else {
            throw SimulatorError(
                "the agent, \(agent), is not there or can't be run: swift build --product courtyard-gateway, or name "
                    + "it with --gateway")
        }
        return agent
    }

    mutating func startBroker() throws {
        port = try Self.freePort()
        // The user is named because mosquitto, started by root, would change to another, and with that lose its bond
        // to this process (prctl(2), PR_SET_PDEATHSIG).
        let user = geteuid() == 0 ? "user root\n" : ""
        // Without set_tcp_nodelay a message to the subscriber waits up to 40 ms for the acknowledgement of the one before
        // (Nagle's algorithm against delayed ACKs, RFC 1122, section 4.2.3.2).
        let name = "mosquitto-\(port)"
        try directory.write(
            """
            \(user)listener \(port) 127.0.0.1
            allow_anonymous true
            persistence false
            max_queued_messages 100000
            set_tcp_nodelay true
            log_dest stderr
            log_type error
            log_type warning
            log_type notice

            """, to: "\(name).conf")
        broker = try Child(
            "the broker (mosquitto)", mosquitto, ["-c", "\(directory.path)/\(name).conf"],
            log: "\(directory.path)/\(name).log")
    }

    mutating func startAgent(_ courtyard: DemoCourtyard) throws {
        try directory.write(courtyard.csv, to: "points.csv")
        try directory.write(courtyard.siteFile(directory: directory.path, port: port), to: "gateway.yaml")
        // The journal is thrown away with the rest, so it may stand in memory too.
        agent = try Child(
            "the agent (courtyard-gateway)", gateway,
            ["run", "--volatile-journal", "--config", "\(directory.path)/gateway.yaml"],
            log: "\(directory.path)/gateway.log")
    }

    /// - Throws: if one of them has ended, with its last words.
    func check() throws {
        for child in [broker, agent].compactMap({ $0 }) {
            if let end = child.end {
                throw SimulatorError("\(child.name) ended by itself, \(end). Its last lines:\n\(child.lastLines)")
            }
        }
    }

    /// The agent first, so that it can say goodbye to the broker.
    func stop() {
        agent?.stop()
        broker?.stop()
        directory.remove()
    }

    /// True if the broker accepts connections.
    var brokerListens: Bool { Self.listens(port) }

    /// True if somebody accepts connections at this port of 127.0.0.1.
    static func listens(_ port: UInt16) -> Bool {
        let fd = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(fd) }
        return with(port) { connect(fd, $0, $1) } == 0
    }

    /// One that the kernel chose among the free ones. Another program could take it before the broker does: the
    /// broker then ends, and another port is tried.
    static func freePort() throws -> UInt16 {
        let fd = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(fd) }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // SAFETY: `address` outlives the call, and is as long as is said.
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                with(0) { bind(fd, $0, $1) } == 0 ? getsockname(fd, address, &length) : -1
            }
        }
        guard code == 0 else {
            throw SimulatorError("no free port on 127.0.0.1: \(String(cString: strerror(errno)))")
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func with(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // SAFETY: `address` outlives the call, and is as long as is said.
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
