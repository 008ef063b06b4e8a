internal import ArgumentParser
internal import CallContract
internal import CallCore
internal import Glibc

/// `courtyard-gateway decode FILE…`: which presses are in recordings of a receiver.
struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Decode recordings of a radio receiver.",
        discussion: """
            Reads pulse files as rtl_433 writes them (.ook), and prints one line of JSON for each press: however many \
            equal frames a finger brings, it is one. Frames that came alone are not believed.
            """)

    @Argument(help: ArgumentHelp("Pulse files; - is the standard input.", valueName: "file"))
    var files: [String]
    @Option(
        name: .customLong("protocol"),
        help: ArgumentHelp("Listen for this one only; may be given several times. \(Self.known)", valueName: "name"),
        transform: Self.radioProtocol)
    var protocols: [RadioProtocol] = []
    @Flag(help: "Say at the end of each file, on standard error, what became of all that looked like bits.")
    var verdicts = false

    static let known = "One of \(RadioProtocol.keyed.map(\.rawValue).joined(separator: ", "))."

    static func radioProtocol(_ name: String) throws -> RadioProtocol {
        guard let found = RadioProtocol.keyed.first(where: { $0.rawValue == name }) else {
            throw ValidationError("\(name) is none. \(known)")
        }
        return found
    }

    /// A press, as it is printed.
    private struct Line: Encodable {
        let file: String
        let `protocol`: String
        let code: String
        let bits: Int
        let frames: Int
        let atMs: Double
    }

    func run() throws {
        var isComplete = true
        for file in files {
            do throws(Unreadable) {
                try decode(file)
            } catch {
                Output.error("\(file): \(error.reason)")
                isComplete = false
            }
        }
        if !isComplete { throw ExitCode.failure }
    }

    /// Why a file isn't decoded.
    private struct Unreadable: Error {
        let reason: String
    }

    private func decode(_ file: String) throws(Unreadable) {
        let bytes = try read(file)
        let recording: PulseFile
        do throws(PulseFile.Malformed) {
            recording = try PulseFile(bytes)
        } catch {
            throw Unreadable(reason: error.description)
        }
        let wanted = protocols.isEmpty ? RadioProtocol.keyed.filter(\.isOnByDefault) : protocols
        var decoder = RadioDecoder(receiver: ReceiverID(unchecked: "file"), protocols: Set(wanted))
        var end = Moment(nanoseconds: 0)
        for package in recording.packages { end = decoder.take(package, at: end) }
        _ = decoder.pass(until: end + .seconds(1))
        var open: [RadioCode: Moment] = [:]
        var lines: [Line] = []
        for report in decoder.takeReports() {
            switch report.phase {
            case .began: open[report.code] = report.at
            case .ended:
                let start = open.removeValue(forKey: report.code) ?? report.at
                lines.append(
                    Line(
                        file: file, protocol: report.code.radioProtocol.rawValue, code: report.code.hexadecimal,
                        bits: report.code.bits, frames: report.frames,
                        atMs: Double(start.nanoseconds / 1000) / 1000))
            }
        }
        for line in lines.sorted(by: { $0.atMs < $1.atMs }) {
            Output.print(String(decoding: WireJSON.bytes(line), as: UTF8.self))
        }
        guard verdicts else { return }
        let found = decoder.verdicts
        Output.error(
            "\(file): \(found.presses) presses of \(found.frames) frames; not believed: \(found.alone) frames alone, "
                + "\(found.differing) in other timing; \(found.broken) runs of bits broken off")
    }

    /// A recording is larger than this only by mistake.
    private static let largest = 64 << 20

    private func read(_ file: String) throws(Unreadable) -> [UInt8] {
        let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Unreadable(reason: String(cString: strerror(errno))) }
        defer { if file != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Unreadable(reason: String(cString: strerror(errno))) }
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
            guard bytes.count <= Self.largest else { throw Unreadable(reason: "is larger than 64 MiB, no recording") }
        }
    }
}
