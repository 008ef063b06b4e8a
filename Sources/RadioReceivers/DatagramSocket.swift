internal import CLinux
internal import Glibc

/// A UDP socket that an rtl_433 sends to (`-F syslog:ADDRESS:PORT`): a message in each datagram.
final class DatagramSocket: WordSource {
    let descriptor: Int32
    private let name: String

    let longestLine = 8192

    /// - Parameter host: one of our addresses, in digits.
    init(host: String, port: Int) throws(SourceGone) {
        name = "\(host) port \(port)"
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let found else {
            throw SourceGone("\(name) is no address in digits", code: EINVAL)
        }
        defer { freeaddrinfo(found) }
        // SAFETY: getaddrinfo's answer lives until freeaddrinfo.
        let address = found.pointee
        descriptor = socket(
            address.ai_family,
            Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0, bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 else {
            let code = errno
            if descriptor >= 0 { Glibc.close(descriptor) }
            throw SourceGone("listening at \(name)", code: code)
        }
    }

    func close() { Glibc.close(descriptor) }

    /// One datagram, as a line.
    func read() throws(SourceGone) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: longestLine)
        // SAFETY: recv writes at most the array's own count into it.
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return [] }
        guard count >= 0 else { throw SourceGone(name, code: errno) }
        return buffer.prefix(count).map { $0 == 10 || $0 == 13 ? 32 : $0 } + [10]
    }
}
