internal import CLinux
internal import CallContract
internal import GatewayAgent
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// The socket that `status` and `watch` ask, the signals that stop and reload the agent, and the wall clock when it is
/// set: one thread for what is seldom and must never wait for anything else.
///
/// A client sends one line, `status`, `watch`, `walk-test`, `heard` or `reload`, and reads lines of JSON.
final class Control: @unchecked Sendable {
    // SAFETY (unchecked Sendable): `work` is behind its mutex; everything else mutable belongs to the thread.
    private let path: String
    private let inbox: Inbox
    private let onSignal: @Sendable (Int32) -> Void
    private let onClockSet: @Sendable () -> Void
    private let clock = ClockWatch()
    private let listener: Int32
    private let signals: Int32
    private let wakeUp = WakeUp()
    private let work = Mutex<[@Sendable (Control) -> Void]>([])
    private var clients: [Int32: [UInt8]] = [:]
    /// Whoever has begun a walk test: it ends with the connection.
    private var walker: Int32?
    private var isStopping = false

    private static let mostClients = 16
    private static let longestLine = 64
    private static let readWithinMs: Int32 = 500

    /// Signals are blocked for the whole process here, so this comes before any other thread.
    ///
    /// - Parameters:
    ///   - onSignal: called on this thread with SIGTERM, SIGINT or SIGHUP.
    ///   - onClockSet: called on this thread when somebody has set the wall clock, or it has become synchronized.
    init(
        path: String, inbox: Inbox, onSignal: @escaping @Sendable (Int32) -> Void,
        onClockSet: @escaping @Sendable () -> Void = {}
    ) throws(SocketError) {
        self.path = path
        self.inbox = inbox
        self.onSignal = onSignal
        self.onClockSet = onClockSet
        listener = try UnixSocket.listen(path, mode: 0o660)
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signals = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    }

    func checkIn(_ done: @escaping @Sendable () -> Void) { post { _ in done() } }
    func stop() { post { $0.isStopping = true } }

    private func post(_ item: @escaping @Sendable (Control) -> Void) {
        work.withLock { $0.append(item) }
        wakeUp.wake()
    }

    /// The thread's body.
    func run() {
        while !isStopping {
            let accepting = clients.count < Self.mostClients
            let watched = [wakeUp.descriptor, signals, clock.descriptor] + (accepting ? [listener] : []) + clients.keys
            var polled = watched.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
            for entry in polled where entry.revents != 0 { look(at: entry.fd) }
        }
        for fd in clients.keys { end(fd) }
        unlink(path)
    }

    private func look(at fd: Int32) {
        switch fd {
        case wakeUp.descriptor:
            wakeUp.clear()
            let items = work.withLock { work in
                defer { work = [] }
                return work
            }
            for item in items { item(self) }
        case signals:
            var information = signalfd_siginfo()
            if read(signals, &information, MemoryLayout<signalfd_siginfo>.size) > 0 {
                onSignal(Int32(information.ssi_signo))
            }
        case clock.descriptor: if clock.look() { onClockSet() }
        case listener:
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            clients[client] = []
        default: hear(fd)
        }
    }

    private func hear(_ fd: Int32) {
        var buffer = [UInt8](repeating: 0, count: Self.longestLine)
        let count = read(fd, &buffer, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0, clients[fd] != nil else { return end(fd) }
        clients[fd]! += buffer.prefix(count)
        guard let newline = clients[fd]!.firstIndex(of: UInt8(ascii: "\n")) else {
            if clients[fd]!.count > Self.longestLine { end(fd) }
            return
        }
        switch String(decoding: clients[fd]!.prefix(upTo: newline), as: UTF8.self) {
        case "status": inbox.put { agent in self.answer(fd, WireJSON.bytes(agent.report()) + [10], last: true) }
        case "watch": inbox.put { agent in agent.watch(Int(fd)) { line in self.answer(fd, line, last: false) } }
        case "walk-test":
            guard walker == nil else { return end(fd) }
            walker = fd
            inbox.put { agent in
                agent.watch(Int(fd)) { line in self.answer(fd, line, last: false) }
                agent.walkTest(true)
            }
        case "heard": inbox.put { agent in self.answer(fd, WireJSON.bytes(agent.heard()) + [10], last: true) }
        case "reload":
            inbox.put { agent in
                agent.onSignal?(SIGHUP)
                self.answer(fd, WireJSON.bytes(agent.reloaded()) + [10], last: true)
            }
        default: end(fd)
        }
    }

    /// Called on the agent's loop: writes on this thread. A client that doesn't read loses its connection.
    private func answer(_ fd: Int32, _ bytes: [UInt8], last: Bool) {
        post { control in
            guard control.clients[fd] != nil else { return }
            let isSent = Self.send(bytes, to: fd)
            if last || !isSent { control.end(fd) }
        }
    }

    /// A list of ten thousand points doesn't fit into a socket's buffer at once: its reader has a moment to make room.
    private static func send(_ bytes: [UInt8], to fd: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent > 0 {
                rest = rest.dropFirst(sent)
                continue
            }
            var polled = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
            guard sent < 0, errno == EAGAIN || errno == EINTR, poll(&polled, 1, Self.readWithinMs) > 0 else {
                return false
            }
        }
        return true
    }

    private func end(_ fd: Int32) {
        guard clients.removeValue(forKey: fd) != nil else { return }
        if walker == fd {
            walker = nil
            inbox.put { $0.walkTest(false) }
        }
        inbox.put { $0.unwatch(Int(fd)) }
        close(fd)
    }
}
