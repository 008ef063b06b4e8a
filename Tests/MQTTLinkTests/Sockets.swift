import Foundation
import Synchronization

/// A port nobody listens on just now.
func freePort() -> Int {
    let socket = listener(port: 0, backlog: 1)
    defer { close(socket) }
    return port(of: socket)
}

func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
}

func withAddress<Value>(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
    var address = address(port)
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}

func listener(port: Int, backlog: Int32) -> Int32 {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var one: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    let bound = withAddress(port) { bind(socket, $0, $1) }
    precondition(bound == 0 && listen(socket, backlog) == 0, "cannot listen: errno \(errno)")
    return socket
}

func port(of socket: Int32) -> Int {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
        _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
    }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// True when a TCP connection to the loopback port stands within `milliseconds`.
func canConnect(to port: Int, within milliseconds: Int32 = 1000) -> Bool {
    let socket = connecting(to: port)
    defer { close(socket) }
    var descriptor = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
    guard poll(&descriptor, 1, milliseconds) == 1 else { return false }
    return Int32(descriptor.revents) & (POLLERR | POLLHUP) == 0
}

/// A socket with a connect under way.
func connecting(to port: Int) -> Int32 {
    let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
    let socket = Foundation.socket(AF_INET, Int32(kind), 0)
    _ = withAddress(port) { connect(socket, $0, $1) }
    return socket
}

/// A loopback port whose SYNs the kernel drops: a listener nobody accepts from, with a full queue.
final class BlackHole {
    let port: Int
    private let sockets: [Int32]

    init() throws {
        let listening = listener(port: 0, backlog: 0)
        port = MQTTLinkTests.port(of: listening)
        sockets = [listening] + (0..<3).map { [port] _ in connecting(to: port) }
        guard !canConnect(to: port, within: 200) else { throw Missing("this kernel's full queue still takes SYNs") }
    }

    deinit { for socket in sockets { close(socket) } }
}

/// A server that does with each connection what the test says, on its own thread.
final class ScriptedBroker: Sendable {
    let port: Int
    private let listening: Int32
    /// Connections accepted so far.
    let accepted = Mutex(0)

    init(_ script: @escaping @Sendable (Peer, _ connection: Int) -> Void) {
        listening = listener(port: 0, backlog: 16)
        port = MQTTLinkTests.port(of: listening)
        Thread.detachNewThread { [self, listening] in
            while true {
                let socket = accept(listening, nil, nil)
                guard socket >= 0 else {
                    close(listening)
                    return
                }
                let number = accepted.withLock {
                    $0 += 1
                    return $0
                }
                Thread.detachNewThread {
                    script(Peer(socket), number)
                    close(socket)
                }
            }
        }
    }

    /// Ends the accepting thread, which closes the socket: closed here, its number could be another test's by the time
    /// the thread looks at it again.
    func end() { shutdown(listening, Int32(SHUT_RDWR)) }
}

/// One connection of a `ScriptedBroker`, packet by packet.
struct Peer: Sendable {
    private let socket: Int32

    init(_ socket: Int32) {
        self.socket = socket
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    func send(_ bytes: [UInt8]) { _ = Foundation.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// The next packet's first byte and body; nil at the end of the connection.
    func packet() -> (type: UInt8, body: [UInt8])? {
        guard let type = bytes(1)?.first else { return nil }
        var length = 0
        var shift = 0
        while true {
            guard let byte = bytes(1)?.first else { return nil }
            length |= Int(byte & 127) << shift
            shift += 7
            if byte & 128 == 0 { break }
        }
        guard let body = bytes(length) else { return nil }
        return (type, body)
    }

    /// Ends our side without a reset: what came in is read.
    func end() {
        shutdown(socket, Int32(SHUT_WR))
        drain()
    }

    /// Takes CONNECT and answers that it is welcome, in MQTT 5.
    func welcome() -> Bool {
        guard let connect = packet(), connect.type == 0x10 else { return false }
        send([0x20, 3, 0, 0, 0])
        return true
    }

    /// Reads and drops until the other side closes.
    func drain() { while bytes(1) != nil {} }

    func bytes(_ count: Int) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress! + filled, count - filled, 0) }
            if got <= 0 { return nil }
            filled += got
        }
        return buffer
    }
}
