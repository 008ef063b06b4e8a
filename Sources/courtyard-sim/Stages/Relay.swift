internal import CLinux
internal import CallCore
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// The way from a client to a broker, on loopback: a thread that hands bytes on, late, not at all, or refuses them.
final class Relay: @unchecked Sendable {
    // SAFETY (unchecked Sendable): `orders` is behind its mutex; everything else mutable belongs to the thread.

    /// How the way is.
    enum Way: Hashable {
        case open
        /// Each piece is this much later.
        case slow(Duration)
        /// Nothing comes through, and nobody is told.
        case blackhole
        /// Connections are broken, and new ones refused.
        case closed
    }

    /// Where clients connect, on 127.0.0.1.
    let port: UInt16
    private let target: UInt16
    private let orders = Mutex<(way: Way, isStopping: Bool)>((.closed, false))
    private let wakeUp = WakeUp()
    private var thread: DriverThread?
    private var way = Way.closed
    private var listener: Int32 = -1
    private var streams: [Int32: Stream] = [:]

    /// One direction of a connection, known by where it is read from.
    private struct Stream {
        let to: Int32
        var pieces: [(due: Moment, bytes: [UInt8])] = []
        /// Nothing more will come.
        var isOver = false
    }

    /// - Parameter target: the broker's port.
    init(to target: UInt16) throws {
        self.target = target
        port = try LoopbackPort.free()
        let thread = DriverThread(named: "relay") { [unowned self] in run() }
        self.thread = thread
        thread.start()
    }

    /// From now on the way is so.
    func set(_ way: Way) {
        orders.withLock { $0.way = way }
        wakeUp.wake()
    }

    /// Ends the thread, and waits until it has.
    func stop() {
        orders.withLock { $0.isStopping = true }
        wakeUp.wake()
        _ = thread?.join(within: .seconds(2))
    }

    // MARK: The thread

    private func run() {
        while true {
            let (way, isStopping) = orders.withLock { $0 }
            if way != self.way { change(to: way) }
            if isStopping { break }
            waitAndMove()
        }
        change(to: .closed)
    }

    private func change(to way: Way) {
        self.way = way
        if way == .closed {
            for fd in streams.keys { close(fd) }
            streams = [:]
            if listener >= 0 { close(listener) }
            listener = -1
        } else if listener < 0 {
            listener = listen()
        }
    }

    private func listen() -> Int32 {
        let fd = LoopbackPort.socket()
        var yes: Int32 = 1
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard LoopbackPort.with(port, { bind(fd, $0, $1) }) == 0, Glibc.listen(fd, 16) == 0 else {
            close(fd)
            return -1
        }
        return fd
    }

    private func waitAndMove() {
        var entries = [pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)]
        if way != .blackhole {
            if listener >= 0 { entries.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
            for (fd, stream) in streams where !stream.isOver {
                entries.append(pollfd(fd: fd, events: Int16(POLLIN), revents: 0))
            }
        }
        let due = way == .blackhole ? nil : streams.values.compactMap { $0.pieces.first?.due }.min()
        let wait = due.map { Int32(clamping: max(0, ($0 - .now).nanoseconds + 999_999) / 1_000_000) } ?? -1
        poll(&entries, nfds_t(entries.count), wait)
        for entry in entries where entry.revents != 0 {
            if entry.fd == wakeUp.descriptor {
                wakeUp.clear()
            } else if entry.fd == listener {
                accept()
            } else if streams[entry.fd] != nil {  // not ended in this very round
                take(from: entry.fd)
            }
        }
        if way != .blackhole { deliver() }
    }

    private func accept() {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        let server = LoopbackPort.connected(to: target)
        guard server >= 0 else {
            close(client)
            return
        }
        var yes: Int32 = 1
        for fd in [client, server] {
            setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        streams[client] = Stream(to: server)
        streams[server] = Stream(to: client)
    }

    private func take(from fd: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(fd, &buffer, buffer.count)
        if count < 0, errno == EINTR { return }
        guard count > 0 else {
            streams[fd]?.isOver = true
            return
        }
        var delay = Duration.zero
        if case .slow(let by) = way { delay = by }
        streams[fd]?.pieces.append((.now + delay, Array(buffer.prefix(count))))
    }

    /// Hands on what is due, and ends what is over.
    private func deliver() {
        for fd in streams.keys {
            while let stream = streams[fd], let piece = stream.pieces.first, piece.due <= .now {
                streams[fd]?.pieces.removeFirst()
                let sent = send(stream.to, piece.bytes, piece.bytes.count, Int32(MSG_NOSIGNAL))
                if sent != piece.bytes.count { streams[fd]?.isOver = true }
            }
            guard let stream = streams[fd], stream.isOver, stream.pieces.isEmpty else { continue }
            for end in [fd, stream.to] {
                close(end)
                streams[end] = nil
            }
        }
    }
}
