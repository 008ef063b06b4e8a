internal import CallCore
internal import Glibc
internal import LinuxSupport

/// Where a receiver's words come from. Belongs to the receiver's thread.
protocol WordSource: AnyObject {
    /// To be polled for reading; reading doesn't block.
    var descriptor: Int32 { get }
    /// A longer line is none of a receiver's.
    var longestLine: Int { get }
    /// For so long it may still turn out that it can't work.
    var settlesAfter: Duration { get }

    /// What has come; empty if nothing has.
    func read() throws(SourceGone) -> [UInt8]
    /// Something that isn't about a transmitter.
    func note(_ line: String)
    func close()
}

extension WordSource {
    var settlesAfter: Duration { .zero }
    func note(_ line: String) {}
}

/// Why nothing can be heard from a source.
struct SourceGone: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }

    /// - Parameter code: errno(3).
    init(_ what: String, code: Int32) { reason = "\(SystemError(operation: what, code: code))" }
}

extension RadioReceiver.Source {
    /// Opens it; nil for one that isn't read as words.
    func open() throws(SourceGone) -> (any WordSource)? {
        switch self {
        case .simulated, .pin: nil
        case .serial(let source): try SerialPort(source.path, baud: source.baud)
        case .program(let command): try Program(command)
        case .datagrams(let host, let port): try DatagramSocket(host: host, port: port)
        }
    }
}

/// Bytes cut into lines, whichever way they end.
struct Lines {
    private let longest: Int
    private var bytes: [UInt8] = []
    private var start = 0

    init(longest: Int) { self.longest = longest }

    mutating func take(_ more: [UInt8]) {
        bytes.removeFirst(start)
        start = 0
        if bytes.count > longest { bytes = [] }
        bytes += more
    }

    /// The next whole line that isn't empty or too long.
    mutating func next() -> String? {
        while let end = bytes[start...].firstIndex(where: { $0 == 10 || $0 == 13 }) {
            defer { start = end + 1 }
            if end > start, end - start <= longest { return String(decoding: bytes[start..<end], as: UTF8.self) }
        }
        return nil
    }
}

/// Reads what a descriptor that doesn't block has.
/// - Parameter what: whose it is, for the reason.
func readReady(_ descriptor: Int32, _ what: @autoclosure () -> String) throws(SourceGone) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    // SAFETY: read writes at most the array's own count into it.
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EAGAIN || errno == EINTR { return [] }
    // A port that was pulled out, or a program that has gone, reads as ended or as an input/output error.
    guard count > 0 else { throw SourceGone(what(), code: count == 0 ? EIO : errno) }
    return Array(buffer.prefix(count))
}
