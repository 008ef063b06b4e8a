import CallCore
import GPIOLines
import Glibc
import Testing

/// A GPIO chip of the kernel's own simulator (gpio-sim, Documentation/admin-guide/gpio/gpio-sim.rst in Linux), made
/// for one test and removed with it.
final class SimulatedChip {
    let label: String
    let lineCount: Int
    private let directory: String
    private var pulls: [Int: Int32] = [:]

    /// Lines are named `NAME0`, `NAME1` and so on; `names` gives some of them others.
    init(_ label: String, lines: Int, prefix: String? = nil, names: [Int: String] = [:]) throws {
        self.label = label
        lineCount = lines
        directory = "/sys/kernel/config/gpio-sim/\(label)"
        try make(directory)
        try make("\(directory)/bank")
        try put("\(lines)", in: "\(directory)/bank/num_lines")
        try put(label, in: "\(directory)/bank/label")
        for offset in 0..<lines {
            guard let name = names[offset] ?? prefix.map({ "\($0)\(offset)" }) else { continue }
            try make("\(directory)/bank/line\(offset)")
            try put(name, in: "\(directory)/bank/line\(offset)/name")
        }
        try plug()
    }

    deinit {
        unplug()
        for offset in 0..<lineCount { rmdir("\(directory)/bank/line\(offset)") }
        rmdir("\(directory)/bank")
        rmdir(directory)
    }

    /// Such as `gpiochip0`.
    var name: String { get throws { try text(of: "\(directory)/bank/chip_name") } }

    func plug() throws { try put("1", in: "\(directory)/live") }

    func unplug() {
        for descriptor in pulls.values { close(descriptor) }
        pulls = [:]
        try? put("0", in: "\(directory)/live")
    }

    /// Pulls the line high or low, as a contact to the supply or to ground does.
    func pull(_ offset: Int, high: Bool) {
        let word = high ? "pull-up" : "pull-down"
        let written = pwrite(descriptor(of: offset), word, word.utf8.count, 0)
        precondition(written > 0, "\(label) line \(offset): \(String(cString: strerror(errno)))")
    }

    /// The level on the line, whoever drives it; nil while the chip is unplugged.
    func isHigh(_ offset: Int) -> Bool? { (try? text(of: attribute("value", of: offset))).map { $0 == "1" } }

    private func attribute(_ file: String, of offset: Int) -> String {
        let device = try? text(of: "\(directory)/dev_name")
        return "/sys/devices/platform/\(device ?? "")/\((try? name) ?? "")/sim_gpio\(offset)/\(file)"
    }

    private func descriptor(of offset: Int) -> Int32 {
        if let known = pulls[offset] { return known }
        let path = attribute("pull", of: offset)
        let opened = open(path, O_WRONLY | O_CLOEXEC)
        precondition(opened >= 0, "\(path): \(String(cString: strerror(errno)))")
        pulls[offset] = opened
        return opened
    }

    /// A point named after the line.
    func line(
        _ offset: Int, bias: LineBias = .disabled, activeLow: Bool = false, name: String? = nil
    ) -> WatchedLine {
        WatchedLine(
            point: point(offset), address: .offset(chip: label, offset: offset, name: name), bias: bias,
            activeLow: activeLow)
    }

    /// An output named after the line.
    func output(_ offset: Int, activeLow: Bool = false, name: String? = nil) -> OutputLine {
        OutputLine(
            output: lamp(offset), address: .offset(chip: label, offset: offset, name: name), activeLow: activeLow)
    }

    func lamp(_ offset: Int) -> OutputID { OutputID("\(label)-\(offset)")! }

    func point(_ offset: Int) -> PointID { PointID("\(label)-\(offset)")! }
}

/// A file operation of the rig that failed.
private struct RigError: Error {
    let path: String
    let reason: String
    init(_ path: String) {
        self.path = path
        reason = String(cString: strerror(errno))
    }
}

private func make(_ directory: String) throws {
    if mkdir(directory, 0o755) != 0 && errno != EEXIST { throw RigError(directory) }
}

private func put(_ text: String, in path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw RigError(path) }
    defer { close(descriptor) }
    guard write(descriptor, text, text.utf8.count) > 0 else { throw RigError(path) }
}

func text(of path: String) throws -> String {
    guard let file = fopen(path, "re") else { throw RigError(path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes.last == 10 ? bytes.dropLast() : bytes[...], as: UTF8.self)
}
