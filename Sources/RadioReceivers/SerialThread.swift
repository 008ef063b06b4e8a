internal import CLinux
internal import CallCore
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// The thread of one serial receiver: port, lines, and what becomes of them.
final class SerialThread: @unchecked Sendable {
    // SAFETY (unchecked Sendable): what other threads touch is behind a mutex, atomic or a constant; everything else
    // mutable belongs to the thread.
    private let id: ReceiverID
    private let source: SerialSource
    private let report: SerialReceivers.Report
    private let wakeUp: WakeUp
    private let ended: DriverThread.Gate
    private let isStopping = Atomic(false)
    private let noted = Mutex(ReceiverStatistics())
    private var codes: PrintedCodes
    private var told: ReceiverCondition?

    private static let tryAgainAfter = Duration.seconds(5)
    /// A longer line is none of a receiver's.
    private static let longestLine = 256

    init(_ id: ReceiverID, _ source: SerialSource, report: @escaping SerialReceivers.Report) throws(SystemError) {
        self.id = id
        self.source = source
        self.report = report
        wakeUp = try WakeUp(orThrow: ())
        ended = try DriverThread.Gate(orThrow: ())
        codes = PrintedCodes(id, source)
    }

    func start() {
        do {
            try DriverThread.detach(named: "radio") { [self] in
                while !isStopping.load(ordering: .relaxed) { listen() }
                ended.open()
            }
        } catch { preconditionFailure("\(error)") }
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        wakeUp.wake()
        _ = ended.pass(within: .seconds(1))
    }

    /// As it was a moment ago.
    var statistics: ReceiverStatistics { noted.withLock { $0 } }

    /// Opens the port and reads it until it is gone, or nobody wants it any more.
    private func listen() {
        do throws(SystemError) {
            let port = try SerialPort(source.path, baud: source.baud)
            tell(.working)
            try read(port)
        } catch {
            tell(.dead("\(error)"))
            wakeUp.sleep(until: SuspendingClock().now + Self.tryAgainAfter)
        }
    }

    private func read(_ port: borrowing SerialPort) throws(SystemError) {
        var bytes: [UInt8] = []
        while !isStopping.load(ordering: .relaxed) {
            let now = Moment.monotonic
            let wait = codes.nextDeadline.map { SuspendingClock().now + max(.zero, $0 - now) }
            let ready = wakeUp.sleep(until: wait, orReady: port.descriptor, for: Int32(POLLIN))
            if ready != 0 { bytes += try port.read() }
            let at = Moment.monotonic
            while let end = bytes.firstIndex(where: { $0 == 10 || $0 == 13 }) {
                if end > 0 { codes.take(String(decoding: bytes[..<end], as: UTF8.self), at: at) }
                bytes.removeSubrange(...end)
            }
            if bytes.count > Self.longestLine { bytes = [] }
            codes.pass(until: at)
            tell(.working)
        }
    }

    private func tell(_ condition: ReceiverCondition) {
        let presses = codes.takeReports()
        let statistics = codes.statistics
        noted.withLock { $0 = statistics }
        let news = condition == told ? nil : ReceiverReport(id, condition)
        told = condition
        if !presses.isEmpty || news != nil { report(presses, news) }
    }
}

/// A serial port, raw: bytes as they come.
struct SerialPort: ~Copyable {
    let descriptor: Int32
    private let path: String

    /// Bits a second that every kernel has (termios(3)).
    static let speeds: [Int: speed_t] = [
        1200: speed_t(B1200), 2400: speed_t(B2400), 4800: speed_t(B4800), 9600: speed_t(B9600), 19_200: speed_t(B19200),
        38_400: speed_t(B38400), 57_600: speed_t(B57600), 115_200: speed_t(B115200),
    ]

    init(_ path: String, baud: Int) throws(SystemError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError(operation: path, code: errno) }
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else {
            let code = errno
            close(descriptor)
            throw SystemError(operation: "\(path) is no serial port", code: code)
        }
        cfmakeraw(&settings)
        settings.c_cflag |= tcflag_t(CREAD | CLOCAL)
        let speed = Self.speeds[baud] ?? speed_t(B9600)
        cfsetispeed(&settings, speed)
        cfsetospeed(&settings, speed)
        guard tcsetattr(descriptor, TCSANOW, &settings) == 0 else {
            let code = errno
            close(descriptor)
            throw SystemError(operation: "\(path) at \(baud) baud", code: code)
        }
    }

    deinit { close(descriptor) }

    /// What has come; empty if nothing has.
    /// - Throws: the port is gone.
    borrowing func read() throws(SystemError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return [] }
        // A port that was pulled out reads as ended, or as an input/output error.
        guard count > 0 else { throw SystemError(operation: path, code: count == 0 ? EIO : errno) }
        return Array(buffer.prefix(count))
    }
}

extension Moment {
    /// Now, by the monotonic clock.
    fileprivate static var monotonic: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
