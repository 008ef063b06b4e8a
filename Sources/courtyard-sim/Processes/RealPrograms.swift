internal import Glibc

/// The programs that stand beside this one, or are installed.
struct RealPrograms {
    let mosquitto: String
    /// The agent.
    let gateway: String

    /// - Parameter gateway: the agent's program; nil for the one that stands beside this one.
    /// - Throws: if one is missing.
    init(gateway: String?) throws {
        mosquitto = try Self.broker()
        self.gateway = try Self.agent(gateway)
    }

    /// The broker's program.
    static func broker() throws -> String {
        guard let mosquitto = Programs.find("mosquitto") else {
            throw SimulatorError(
                "mosquitto, the MQTT broker, is neither in PATH nor in /usr/sbin: sudo apt-get install mosquitto")
        }
        return mosquitto
    }

    private static func agent(_ gateway: String?) throws -> String {
        let agent = gateway ?? "\(Programs.ownDirectory)/courtyard-gateway"
        guard access(agent, X_OK) == 0 else {
            throw SimulatorError(
                "the agent, \(agent), is not there or can't be run: swift build --product courtyard-gateway, or name "
                    + "it with --gateway")
        }
        return agent
    }
}

/// A mosquitto of our own, on a loopback port.
struct RealBroker {
    /// On 127.0.0.1.
    let port: UInt16
    let child: Child

    /// - Parameter remembers: it writes down what it knows when it ends in order, and reads that when it starts.
    init(
        _ programs: RealPrograms, in directory: ThrowAwayDirectory, port: UInt16, remembers: Bool = false
    ) throws {
        self.port = port
        // The user is named because mosquitto, started by root, would change to another, and with that lose its bond
        // to this process (prctl(2), PR_SET_PDEATHSIG).
        let user = geteuid() == 0 ? "user root\n" : ""
        let memory =
            remembers
            ? "persistence true\npersistence_location \(directory.path)/\npersistence_file \(Self.memory(port))"
            : "persistence false"
        let name = "mosquitto-\(port)"
        // Without set_tcp_nodelay a message to the subscriber waits up to 40 ms for the acknowledgement of the one before
        // (Nagle's algorithm against delayed ACKs, RFC 1122, section 4.2.3.2).
        try directory.write(
            """
            \(user)listener \(port) 127.0.0.1
            allow_anonymous true
            \(memory)
            max_queued_messages 100000
            set_tcp_nodelay true
            log_dest stderr
            log_type error
            log_type warning
            log_type notice

            """, to: "\(name).conf", again: remembers)
        child = try Child(
            "the broker (mosquitto)", programs.mosquitto, ["-c", "\(directory.path)/\(name).conf"],
            log: "\(directory.path)/\(name).log")
    }

    private static func memory(_ port: UInt16) -> String { "mosquitto-\(port).db" }

    /// What it has written down is lost.
    static func forget(_ port: UInt16, in directory: ThrowAwayDirectory) { unlink("\(directory.path)/\(memory(port))") }

    /// True if it accepts connections.
    var listens: Bool { LoopbackPort.listens(port) }

    /// How it ended; nil while it runs.
    var end: String? { child.end }
}

/// Ports of 127.0.0.1.
enum LoopbackPort {
    /// One that the kernel chose among the free ones. Another program could take it before its user does: that one then
    /// ends, and another port is tried.
    static func free() throws -> UInt16 {
        let fd = socket()
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

    /// True if somebody accepts connections there.
    static func listens(_ port: UInt16) -> Bool {
        let fd = connected(to: port)
        defer { if fd >= 0 { close(fd) } }
        return fd >= 0
    }

    /// A connection; -1 if there is nobody.
    static func connected(to port: UInt16) -> Int32 {
        let fd = socket()
        if with(port, { connect(fd, $0, $1) }) == 0 { return fd }
        close(fd)
        return -1
    }

    static func socket() -> Int32 {
        Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    /// The address of a port, for the time of a call.
    static func with(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
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
