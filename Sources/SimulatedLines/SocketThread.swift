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
        case listen([RadioReceiver], Set<RadioProtocol>)
        case drive([OutputID])
        case show(OutputID, Signal)
        case run(@Sendable () -> Void)
        case tell(String)
        case stop
    }

    private let path: String
    private let report: @Sendable ([LineReport]) -> Void
    private let heard: @Sendable ([RadioReport], [ReceiverReport]) -> Void
    private let listener: Int32
    private let wakeUp = WakeUp()
    private let commands = Mutex<[Command]>([])
    /// What came of what receivers gave out, when anything was told of it last.
    let statistics = Mutex<[ReceiverID: ReceiverStatistics]>([:])

    private var contacts = Contacts()
    private var outputs = ShownOutputs()
    private var receivers = SimulatedReceivers()
    private var connections: [Int32: Connection] = [:]
    private var isStopping = false

    private struct Connection {
        /// Of a line that isn't finished.
        var bytes: [UInt8] = []
        /// Whose state it is still to be told, for want of room in its buffer.
        var untold: Set<OutputID> = []
    }

    init(
        path: String, report: @escaping @Sendable ([LineReport]) -> Void,
        heard: @escaping @Sendable ([RadioReport], [ReceiverReport]) -> Void
    ) throws(SocketError) {
        self.heard = heard
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
            var polled = ([wakeUp.descriptor] + (accepting ? [listener] : []))
                .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            polled += connections.map { fd, connection in
                pollfd(fd: fd, events: Int16(connection.untold.isEmpty ? POLLIN : POLLIN | POLLOUT), revents: 0)
            }
            let ready = poll(&polled, nfds_t(polled.count), receivers.nextDue.map(Self.milliseconds) ?? -1)
            listen()
            guard ready > 0 else { continue }
            for entry in polled where entry.revents != 0 {
                if entry.fd == wakeUp.descriptor {
                    obey()
                } else if entry.fd == listener {
                    accept()
                } else if connections[entry.fd] != nil {  // not ended in this very round
                    if entry.revents & Int16(POLLOUT) != 0 { tellOutputs(to: entry.fd) }
                    if entry.revents & ~Int16(POLLOUT) != 0 { read(entry.fd) }
                }
            }
        }
        for fd in connections.keys { end(fd) }
        unlink(path)
    }

    private static func milliseconds(until due: Moment) -> Int32 {
        Int32(clamping: (max(0, (due - .now).nanoseconds) + 999_999) / 1_000_000)
    }

    private func listen() {
        let (presses, conditions) = receivers.advance(to: .now)
        guard !presses.isEmpty || !conditions.isEmpty else { return }
        let found = receivers.statistics
        statistics.withLock { $0 = found }
        heard(presses, conditions)
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
            case .listen(let list, let protocols):
                receivers.listen(list, for: protocols, at: .now)
                listen()
            case .drive(let ids): tellOutputs(outputs.drive(ids))
            case .show(let output, let signal): if outputs.show(output, signal) { tellOutputs([output]) }
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
        connections[fd] = Connection()
    }

    private func read(_ fd: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(fd, &buffer, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return end(fd) }
        connections[fd]?.bytes += buffer.prefix(count)
        while let newline = connections[fd]?.bytes.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: connections[fd]!.bytes.prefix(upTo: newline), as: UTF8.self)
            connections[fd]!.bytes.removeSubrange(...newline)
            obey(line, from: fd)
        }
        if let rest = connections[fd]?.bytes, rest.count > Wire.longestLine {
            refuse(fd, "a line is at most \(Wire.longestLine) bytes")
        }
    }

    private func obey(_ line: String, from fd: Int32) {
        guard line.utf8.count <= Wire.longestLine, let request = Request(line) else {
            return refuse(fd, "expected: \(Request.words)")
        }
        switch request {
        case .list:
            write((contacts.points.map { "point \($0)" } + ["end"]).joined(separator: "\n"), to: fd)
        case .receivers:
            write((receivers.ids.map { "receiver \($0)" } + ["end"]).joined(separator: "\n"), to: fd)
        case .outputs:
            connections[fd]?.untold = []
            write((outputs.all.compactMap(outputs.line) + ["end"]).joined(separator: "\n"), to: fd)
        case .radio(let receiver, let lengths):
            switch receivers.show(receiver, lengths, at: .now) {
            case .taken: write("ok radio \(receiver)", to: fd)
            case .unknown: write("unknown \(receiver)", to: fd)
            case .tooMuch: refuse(fd, "at most \(SimulatedReceivers.mostPending) edges may wait for their time")
            }
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

    /// Tells everyone connected what these outputs show.
    private func tellOutputs(_ changed: [OutputID]) {
        for fd in connections.keys {
            connections[fd]?.untold.formUnion(changed)
            tellOutputs(to: fd)
        }
    }

    /// Tells what there is room for; poll says when there is room for the rest. A client that holds a contact for
    /// hours needn't read.
    private func tellOutputs(to fd: Int32) {
        for output in connections[fd]?.untold.sorted() ?? [] {
            if let line = outputs.line(output) {
                let bytes = Array((line + "\n").utf8)
                let count = send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                if count < 0, errno == EAGAIN || errno == EINTR { return }
                guard count > 0 else { return end(fd) }
                // Sockets of this kind take a short line whole or not at all; if not, the rest must follow at once.
                write(bytes.dropFirst(count), to: fd)
            }
            connections[fd]?.untold.remove(output)
        }
    }

    private func write(_ line: String, to fd: Int32) { write(Array((line + "\n").utf8)[...], to: fd) }

    /// A client that doesn't read its answers loses them, and then its connection. A long list takes several rounds.
    private func write(_ bytes: ArraySlice<UInt8>, to fd: Int32) {
        var rest = bytes
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
