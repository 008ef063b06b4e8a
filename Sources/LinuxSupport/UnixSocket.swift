internal import CLinux
internal import Glibc

/// Why a Unix socket could not be used.
public struct SocketError: Error, CustomStringConvertible {
    /// What failed.
    public let operation: String
    /// The socket.
    public let path: String
    /// errno(3).
    public let code: Int32

    /// What a person can do about it, where that is known.
    public var remedy: String?

    init(operation: String, path: String, code: Int32, remedy: String? = nil) {
        self.operation = operation
        self.path = path
        self.code = code
        self.remedy = remedy
    }

    public var description: String {
        "\(path): \(operation): \(String(cString: strerror(code)))" + (remedy.map { ". \($0)" } ?? "")
    }

    /// Why nobody can listen there.
    static func listening(_ path: String, _ code: Int32) -> SocketError {
        let remedy: String? =
            switch code {
            case ENOENT: "Make its directory, or name another path in the site file"
            case EACCES, EPERM, EROFS: "Let this user write in its directory, or name another path in the site file"
            default: nil
            }
        return SocketError(operation: "listening", path: path, code: code, remedy: remedy)
    }
}

/// Unix sockets (unix(7)), listening and connecting.
public enum UnixSocket {
    /// A socket that listens at `path`, not blocking; an old one that nobody answers at is replaced.
    /// - Parameter mode: who may connect, as permission bits.
    /// - Throws: also when another process answers there already.
    public static func listen(_ path: String, mode: UInt32) throws(SocketError) -> Int32 {
        if let other = try? connect(path) {
            close(other)
            throw SocketError(
                operation: "another program answers here", path: path, code: EADDRINUSE,
                remedy: "Stop that one first, or give this one a path of its own")
        }
        unlink(path)
        let fd = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        let old = umask(0o777 & ~mode)
        defer { umask(old) }
        guard try call(path, { bind(fd, $0, $1) }) == 0, Glibc.listen(fd, 8) == 0 else {
            let code = errno
            close(fd)
            throw .listening(path, code)
        }
        return fd
    }

    /// A connection to whoever listens at `path`, blocking.
    public static func connect(_ path: String) throws(SocketError) -> Int32 {
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard try call(path, { Glibc.connect(fd, $0, $1) }) == 0 else {
            let code = errno
            close(fd)
            throw SocketError(operation: "connecting", path: path, code: code)
        }
        return fd
    }

    /// Sends one datagram to whoever listens at `path`; a name that begins with `@` is abstract (unix(7)).
    /// - Returns: false if nobody took it.
    @discardableResult
    public static func send(_ bytes: [UInt8], to path: String) -> Bool {
        let fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard fd >= 0 else { return false }
        defer { close(fd) }
        let sent = try? call(path) { address, length in
            sendto(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length) == bytes.count ? 0 : -1
        }
        return sent == 0
    }

    private static func call(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SocketError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SocketError(operation: "naming", path: path, code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { address.sun_path.0 = 0 }
        let length = isAbstract ? 2 + bytes.count : MemoryLayout<sockaddr_un>.size
        // SAFETY: `address` outlives the call, and is as long as is said.
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }
}
