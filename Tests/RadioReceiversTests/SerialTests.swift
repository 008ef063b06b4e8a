import CallCore
import Foundation
import Glibc
import RadioReceivers
import Testing

/// A serial receiver on a real pseudo-terminal.
@Suite struct SerialTests {
    /// The receiver's end of the line, under a name that stays the same when it is plugged in anew.
    private final class Receiver {
        private(set) var descriptor: Int32 = -1
        let path = "/tmp/courtyard-serial-\(getpid())-\(UInt32.random(in: 0 ... .max))"

        func plugIn() throws {
            descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY)
            // TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)): unlocked, and its number.
            var (lock, number): (Int32, Int32) = (0, 0)
            try #require(
                descriptor >= 0 && ioctl(descriptor, 0x4004_5431, &lock) == 0
                    && ioctl(descriptor, 0x8004_5430, &number) == 0)
            unlink(path)
            try #require(symlink("/dev/pts/\(number)", path) == 0)
        }

        func pullOut() {
            close(descriptor)
            unlink(path)
        }

        func print(_ text: String) { _ = write(descriptor, text, text.utf8.count) }

        deinit { unlink(path) }
    }

    private static let hall = ReceiverID("hall")!

    private func receiver(_ path: String) throws -> RadioReceiver {
        let source = SerialSource(
            path: path, baud: 115_200, line: try #require(PrintedLine("RX {code} {level}")), radioProtocol: .ev1527)
        return RadioReceiver(id: Self.hall, source: .serial(source))
    }

    @Test("Lines of one press are one press, in whatever pieces they come; what is no line of its kind is counted")
    func presses() throws {
        let (log, port) = (Log(), Receiver())
        try port.plugIn()
        let receivers = DecodingReceivers { log.add($0, $1) }
        defer { receivers.stop() }
        try receivers.listen([receiver(port.path)], for: [])
        try wait(until: "it listens") { log.conditions == [.working] }
        port.print("booting v1.2\r\nRX 13CD")
        port.print("38 -71.5\r\nRX 0x13CD38 -70\r\nRX 7FFFFFF -70\r\n")
        try wait(until: "the press and its end") { log.presses.count == 2 }
        let code = RadioCode(.ev1527, value: 0x13CD38, bits: 24)
        #expect(log.presses.map(\.code) == [code, code] && log.presses.map(\.phase) == [.began, .ended])
        #expect(log.presses.map(\.frames) == [1, 2] && log.presses.map(\.level) == [-715, -715])
        #expect(receivers.statistics[Self.hall]?.verdicts.broken == 2)
        port.print("RX 13CD38 -71.5\n" + String(repeating: "x", count: 10_000) + "\nRX 55AA13 -9\n")
        try wait(until: "two more") { log.presses.count == 6 }
        #expect(Set(log.presses.dropFirst(2).map(\.code.value)) == [0x13CD38, 0x55AA13])
    }

    @Test("A port that isn't there, or is pulled out, is a dead receiver, and heard again when it is back")
    func dead() throws {
        let (log, port) = (Log(), Receiver())
        let receivers = DecodingReceivers { log.add($0, $1) }
        defer { receivers.stop() }
        try receivers.listen([receiver(port.path)], for: [])
        try wait(until: "it is dead") { log.conditions == [.dead("\(port.path): No such file or directory")] }
        try port.plugIn()
        try wait(until: "it works") { log.conditions.last == .working }
        port.pullOut()
        try wait(until: "it is dead again") { log.conditions.count == 3 }
        try port.plugIn()
        try wait(until: "it works again") { log.conditions.count == 4 }
        port.print("RX 13CD38 -71.5\n")
        try wait(until: "a press") { log.presses.count == 2 }
        let plain = RadioReceiver(
            id: Self.hall,
            source: .serial(
                SerialSource(path: "/dev/null", baud: 9600, line: PrintedLine("{code}")!, radioProtocol: .ev1527)))
        try receivers.listen([plain], for: [])
        try wait(until: "what is no port is said") {
            if case .dead(let what)? = log.conditions.last {
                what.contains("/dev/null is no serial port")
            } else {
                false
            }
        }
    }

    @Test(
        "A pattern has one code, and text between its marks",
        arguments: [
            ("RX {code}", "RX 1f", 0x1f), ("{code}", "0X1F", 0x1f), ("{level}dBm {code};", "-7.5dBm 1F;", 0x1f),
            ("RX {code}", "TX 1F", nil), ("RX {code}", "RX zz", nil), ("RX {code} {level}", "RX 1F", nil),
            ("RX {code}", "RX 11111111111111111", nil),
        ] as [(String, String, UInt64?)])
    func patterns(_ pattern: String, _ line: String, _ code: UInt64?) throws {
        #expect(try #require(PrintedLine(pattern)).read(line)?.code == code)
    }

    @Test(
        "Patterns that can't be read are none", arguments: ["", "RX", "{code}{level}", "{code} {code}", "{kode}", "{"])
    func bad(_ pattern: String) { #expect(PrintedLine(pattern) == nil) }
}
