internal import CLinux
internal import CallCore
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// The driver's thread: one poll over the listening socket, the connections and a wake-up.
final class SocketThread: @unchecked Sendable {
    // SAFETY (unchecked Sendable): `commands` is behind its mutex; everything else mutable belongs to the thread.
    enum Command: Sendable {
        case watch([PointID])
        case run(@Sendable () -> Void)
        case tell(String)
        case stop
    }

    private let path: String
    private let report: @Sendable ([LineReport]) -> Void
    private let listener: Int32
    private let wakeUp = WakeUp()
    private let commands = Mutex<[Command]>([])

    private var contacts = Contacts()
    /// Bytes of an unfinished line, per connection.
    private var connections: [Int32: [UInt8]] = [:]
    private var isStopping = false

    init(path: String, report: @escaping @Sendable ([LineReport]) -> Void) throws(SocketError) {
        self.path = path
        self.report = report
        listener = try UnixSocket.listen(path, mode: 0o600)
    }

    deinit { close(listener) }

    func post(_ command: Command) {
        commands.withLock { $0.append(command) }
        wakeUp.wake()
    }

    /// The thread's body.
    func run() {
        while !isStopping {
            let accepting = connections.count < Wire.mostConnections
            let watched = [wakeUp.descriptor] + (accepting ? [listener] : []) + connections.keys
            var polled = watched.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
            for entry in polled where entry.revents != 0 {
                if entry.fd == wakeUp.descriptor {
                    obey()
                } else if entry.fd == listener {
                    accept()
                } else {
                    read(entry.fd)
                }
            }
        }
        for fd in connections.keys { end(fd) }
        unlink(path)
    }

    private func obey() {
        wakeUp.clear()
        let taken = commands.withLock { commands in
            defer { commands = [] }
            return commands
        }
        for command in taken {
            switch command {
            case .watch(let points): tell(contacts.watch(points, at: .now))
            case .run(let done): done()
            case .tell(let line): for fd in connections.keys { write(line, to: fd) }
            case .stop: isStopping = true
            }
        }
    }

    private func accept() {
        let fd = Glibc.accept(listener, nil, nil)
        guard fd >= 0 else { return }
        _ = fcntl(fd, F_SETFD, FD_CLOEXEC)
        _ = fcntl(fd, F_SETFL, O_NONBLOCK)
        connections[fd] = []
    }

    private func read(_ fd: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(fd, &buffer, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return end(fd) }
        connections[fd]! += buffer.prefix(count)
        while let newline = connections[fd]?.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: connections[fd]!.prefix(upTo: newline), as: UTF8.self)
            connections[fd]!.removeSubrange(...newline)
            obey(line, from: fd)
        }
        if let rest = connections[fd], rest.count > Wire.longestLine {
            refuse(fd, "a line is at most \(Wire.longestLine) bytes")
        }
    }

    private func obey(_ line: String, from fd: Int32) {
        guard line.utf8.count <= Wire.longestLine, let request = Request(line) else {
            return refuse(fd, "expected: made POINT, open POINT, or list")
        }
        switch request {
        case .list:
            write((contacts.points.map { "point \($0)" } + ["end"]).joined(separator: "\n"), to: fd)
        case .set(let point, let made):
            guard let reports = contacts.set(point, made: made, by: fd, at: .now) else {
                return write("unknown \(point)", to: fd)
            }
            tell(reports)
            write("ok \(made ? "made" : "open") \(point)", to: fd)
        }
    }

    private func refuse(_ fd: Int32, _ reason: String) {
        write("error \(reason)", to: fd)
        end(fd)
    }

    private func end(_ fd: Int32) {
        guard connections.removeValue(forKey: fd) != nil else { return }
        tell(contacts.letGo(fd, at: .now))
        close(fd)
    }

    private func tell(_ reports: [LineReport]) {
        if !reports.isEmpty { report(reports) }
    }

    /// A client that doesn't read its answers loses them, and then its connection. A long list takes several rounds.
    private func write(_ line: String, to fd: Int32) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else {
                var entry = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
                guard count < 0, errno == EAGAIN, poll(&entry, 1, Wire.readWithinMs) > 0 else { return end(fd) }
            }
        }
    }
}

extension Moment {
    /// The kernel's monotonic clock, read now.
    static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
