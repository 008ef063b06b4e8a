internal import CallCore
internal import Glibc

/// A mosquitto of the fleet's own, for trials without a broker, with its files in a throw-away directory.
final class FleetBroker {
    let port: UInt16
    private(set) var child: Child

    /// Settings that any broker of a fleet needs: nothing may be dropped for a subscriber that takes a while. A million
    /// messages are five bursts of a thousand courtyards.
    static let settings = ["max_queued_messages 1000000", "max_inflight_messages 1000", "set_tcp_nodelay true"]

    init(in directory: ThrowAwayDirectory) throws {
        port = try LoopbackPort.free()
        let user = geteuid() == 0 ? ["user root"] : []
        let lines =
            user + ["listener \(port) 127.0.0.1", "allow_anonymous true", "persistence false"] + Self.settings
            + ["log_dest stderr", "log_type error", "log_type warning"]
        try directory.write(lines.joined(separator: "\n") + "\n", to: "mosquitto.conf")
        child = try Child(
            "the broker (mosquitto)", try RealPrograms.broker(), ["-c", "\(directory.path)/mosquitto.conf"],
            log: "\(directory.path)/mosquitto.log")
    }

    var listens: Bool { LoopbackPort.listens(port) }

    func check() throws {
        guard let end = child.end else { return }
        throw SimulatorError("\(child.name) ended by itself, \(end). Its last lines:\n\(child.lastLines)")
    }
}

/// Descriptors and memory of processes.
enum ProcessLimits {
    /// Allows this process and its children as many descriptors as it may have.
    /// - Throws: if that is fewer than are needed.
    static func allow(descriptors needed: Int) throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_max >= UInt(needed) else {
            throw SimulatorError(
                "\(needed) open files are needed, and this user may have \(limit.rlim_max): raise the limit (as root: "
                    + "prlimit --pid $$ --nofile=\(needed), then again from the same shell), or take fewer gateways")
        }
    }

    /// What this process has used of processors.
    static var cpuTime: Duration {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
        return .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + .microseconds(microseconds)
    }

    /// How much of a process's memory is in use, in bytes; nil if nobody can say.
    static func residentBytes(of pid: pid_t) -> Int? {
        let lines = ThrowAwayDirectory.read("/proc/\(pid)/status").split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("VmRSS:") }) else { return nil }
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}

/// Cuts TCP connections of this process to a broker, as a network that fails does: nobody says goodbye.
struct Storm {
    private let port: Int
    /// The connections that there were when it was made: they are spared.
    private let spared: Set<Int32>

    init(port: Int) {
        self.port = port
        spared = Set(Self.connections(to: port))
    }

    /// - Returns: how many were cut.
    func strike() -> Int {
        let struck = Self.connections(to: port).filter { !spared.contains($0) }
        for fd in struck { shutdown(fd, Int32(SHUT_RDWR)) }
        return struck.count
    }

    private static func connections(to port: Int) -> [Int32] {
        let limit = sysconf(Int32(_SC_OPEN_MAX))
        return (0..<Int32(clamping: limit)).filter { peerPort(of: $0) == port }
    }

    /// Nil if it is no TCP connection.
    private static func peerPort(of fd: Int32) -> Int? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // SAFETY: `address` outlives the calls, and is large enough for either family.
        return withUnsafeMutablePointer(to: &address) { pointer -> Int? in
            let known = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(fd, $0, &length) }
            guard known == 0 else { return nil }
            switch Int32(pointer.pointee.ss_family) {
            case AF_INET:
                return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    Int(UInt16(bigEndian: $0.pointee.sin_port))
                }
            case AF_INET6:
                return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    Int(UInt16(bigEndian: $0.pointee.sin6_port))
                }
            default: return nil
            }
        }
    }
}
