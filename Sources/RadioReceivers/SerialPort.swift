internal import CLinux
internal import Glibc

/// A serial port, raw: bytes as they come.
final class SerialPort: WordSource {
    let descriptor: Int32
    private let path: String

    let longestLine = 256

    /// Bits a second that every kernel has (termios(3)).
    static let speeds: [Int: speed_t] = [
        1200: speed_t(B1200), 2400: speed_t(B2400), 4800: speed_t(B4800), 9600: speed_t(B9600), 19_200: speed_t(B19200),
        38_400: speed_t(B38400), 57_600: speed_t(B57600), 115_200: speed_t(B115200),
    ]

    init(_ path: String, baud: Int) throws(SourceGone) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SourceGone(path, code: errno) }
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw SourceGone("\(path) is no serial port", code: code)
        }
        cfmakeraw(&settings)
        settings.c_cflag |= tcflag_t(CREAD | CLOCAL)
        let speed = Self.speeds[baud] ?? speed_t(B9600)
        cfsetispeed(&settings, speed)
        cfsetospeed(&settings, speed)
        guard tcsetattr(descriptor, TCSANOW, &settings) == 0 else {
            let code = errno
            Glibc.close(descriptor)
            throw SourceGone("\(path) at \(baud) baud", code: code)
        }
    }

    func close() { Glibc.close(descriptor) }

    func read() throws(SourceGone) -> [UInt8] { try readReady(descriptor, path) }
}
