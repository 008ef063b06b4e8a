internal import CallCore
internal import Glibc
internal import Journal

/// The agent and the broker of a crash run, both real, and how they are killed.
struct CrashServers {
    let directory: ThrowAwayDirectory
    let port: UInt16
    private let programs: RealPrograms
    private(set) var agent: Child?
    private(set) var broker: Child?

    var socket: String { "\(directory.path)/lines.sock" }
    var journal: String { "\(directory.path)/\(CrashFiles.journal)" }

    /// - Parameters:
    ///   - gateway: the agent's program; nil for the one beside this one.
    ///   - courtyard: what stands in its site file.
    init(gateway: String?, _ courtyard: CrashCourtyard) throws {
        programs = try RealPrograms(gateway: gateway)
        directory = try ThrowAwayDirectory()
        port = try LoopbackPort.free()
        try directory.write(courtyard.siteFile(directory: directory.path, port: port), to: CrashFiles.site)
        let user = geteuid() == 0 ? "user root\n" : ""
        // What waits for the subscriber survives the broker's death as far as it had time to write it down.
        try directory.write(
            """
            \(user)listener \(port) 127.0.0.1
            allow_anonymous true
            persistence true
            persistence_location \(directory.path)/
            autosave_interval 1
            max_queued_messages 100000
            max_inflight_messages 1000
            set_tcp_nodelay true
            log_dest stderr
            log_type error
            log_type warning
            log_type notice

            """, to: CrashFiles.brokerSettings)
    }

    mutating func startBroker() throws {
        broker = try Child(
            "the broker (mosquitto)", programs.mosquitto, ["-c", "\(directory.path)/\(CrashFiles.brokerSettings)"],
            log: "\(directory.path)/\(CrashFiles.brokerLog)")
    }

    /// The journal may stand in memory: a killed program's pages stay in the kernel.
    mutating func startAgent() throws {
        agent = try Child(
            "the agent (courtyard-gateway)", programs.gateway,
            ["run", "--volatile-journal", "--config", "\(directory.path)/\(CrashFiles.site)"],
            log: "\(directory.path)/\(CrashFiles.agentLog)")
    }

    var brokerListens: Bool { LoopbackPort.listens(port) }

    /// - Throws: if one of them has ended by itself.
    func check() throws {
        for child in [broker, agent].compactMap({ $0 }) {
            if let end = child.end {
                throw SimulatorError("\(child.name) ended by itself, \(end). Its last lines:\n\(child.lastLines)")
            }
        }
    }

    /// kill -9.
    /// - Returns: when it was dead.
    mutating func killAgent() -> Moment {
        defer { agent = nil }
        return agent?.killAtOnce() ?? .now
    }

    /// SIGTERM.
    mutating func stopAgent() {
        agent?.stop()
        agent = nil
    }

    /// kill -9, or SIGTERM, upon which it writes down what it has.
    mutating func endBroker(decently: Bool) {
        if decently { broker?.stop() } else { _ = broker?.killAtOnce() }
        broker = nil
    }

    mutating func stop() {
        agent?.stop()
        broker?.stop()
        (agent, broker) = (nil, nil)
    }

    /// What the journal holds now, read from a copy so that looking changes nothing, while no agent runs.
    /// - Parameter known: by service, the number up to which events are not wanted.
    func readJournal(after known: [ServiceID: UInt64] = [:]) throws -> (events: [CallEvent], open: [Call]) {
        let copy = "\(directory.path)/copy.db"
        for suffix in ["", "-wal"] { try Self.copy(journal + suffix, to: copy + suffix) }
        defer { for suffix in ["", "-wal", "-shm", ".lock"] { unlink(copy + suffix) } }
        let opening = try Journal.open(at: copy, now: Now.never.wall, allowVolatile: true)
        defer { opening.journal.close() }
        if let aside = opening.setAside { throw SimulatorError("the journal is unusable: \(aside.reason)") }
        var events: [CallEvent] = []
        for cursor in opening.contents.cursors {
            let first = (known[cursor.service] ?? 0) + 1
            guard cursor.last >= first else { continue }
            events += try opening.journal.events(
                journal: cursor.journal, service: cursor.service, from: first, limit: Int(cursor.last))
        }
        return (events, opening.contents.openCalls)
    }

    private static func copy(_ path: String, to target: String) throws {
        let from = open(path, O_RDONLY | O_CLOEXEC)
        guard from >= 0 else {
            if errno == ENOENT { return }
            throw SimulatorError("\(path) can't be read: \(String(cString: strerror(errno)))")
        }
        defer { close(from) }
        let to = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { if to >= 0 { close(to) } }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(from, &buffer, buffer.count)
            if count == 0 { return }
            guard count > 0, to >= 0, write(to, buffer, count) == count else {
                throw SimulatorError("\(target) can't be written: \(String(cString: strerror(errno)))")
            }
        }
    }
}

extension Child {
    /// kill -9, and it is gone.
    /// - Returns: when that was seen.
    func killAtOnce() -> Moment {
        kill(pid, SIGKILL)
        while end == nil { usleep(50) }
        return .now
    }
}
