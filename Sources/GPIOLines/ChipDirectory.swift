internal import CallCore
internal import Glibc

/// The GPIO chips of this machine, open, as of the moment it was read. It is read anew for every round of requests:
/// chip numbers move when a chip is unplugged and comes back.
struct ChipDirectory {
    let survey: ChipSurvey
    /// One for each of `survey.chips`.
    private let open: [OpenChip]

    /// Looks at every `/dev/gpiochip*`. A chip that goes away meanwhile is left out.
    init() {
        var chips: [GPIOChip] = []
        var open: [OpenChip] = []
        var closed: [ClosedChip] = []
        for path in Self.devicePaths() {
            do throws(ErrorNumber) {
                let chip = try OpenChip(path: path)
                chips.append(try Self.describe(chip, path: path))
                open.append(chip)
            } catch {
                // ENOENT, ENODEV and ENXIO: it went away between two looks.
                if ![ENOENT, ENODEV, ENXIO].contains(error.code) {
                    closed.append(ClosedChip(path: path, code: error.code))
                }
            }
        }
        survey = ChipSurvey(chips: chips, closed: closed)
        self.open = open
    }

    /// What became of a request for a line.
    enum Opened {
        /// Edges come from the kernel.
        case interrupts(LineRequest)
        /// The chip has no interrupts for this line; its level can be read.
        case levelOnly(LineRequest)
    }

    /// Requests `line`, without edges if the chip can't do them.
    func request(_ line: WatchedLine) throws(LineTrouble) -> Opened {
        let place = try survey.locate(line.address)
        let chip = open[place.chip]
        do throws(ErrorNumber) {
            return .interrupts(try chip.request(line, at: place.offset, edges: true))
        } catch {
            // Plain input is tried for what kernels say of lines without interrupts: no irq (ENODEV, ENXIO), no such
            // trigger (EINVAL), not supported (EOPNOTSUPP and the kernel's own 524).
            if [ENODEV, ENXIO, EINVAL, EOPNOTSUPP, 524].contains(error.code),
                let request = try? chip.request(line, at: place.offset, edges: false)
            {
                return .levelOnly(request)
            }
            throw trouble(error, of: .request, with: line.address, on: chip, at: place.offset)
        }
    }

    /// Requests `line` as an output, on or off from the first moment.
    func request(_ line: OutputLine, isOn: Bool) throws(LineTrouble) -> OutputRequest {
        let place = try survey.locate(line.address)
        let chip = open[place.chip]
        do throws(ErrorNumber) {
            return try chip.request(line, at: place.offset, isOn: isOn)
        } catch {
            throw trouble(error, of: .requestOutput, with: line.address, on: chip, at: place.offset)
        }
    }

    private func trouble(
        _ error: ErrorNumber, of operation: LineOperation, with address: LineAddress, on chip: OpenChip, at offset: Int
    ) -> LineTrouble {
        switch error.code {
        case EBUSY:
            let holder = (try? chip.lineInfo(at: offset))?.consumer ?? ""
            return .busy(line: address.description, holder: holder.isEmpty ? "a holder without a name" : holder)
        case ENODEV, ENXIO:
            return .missing(line: address.description)
        default:
            return .refused(line: address.description, reason: refusal(code: error.code, of: operation))
        }
    }

    private static func describe(_ chip: OpenChip, path: String) throws(ErrorNumber) -> GPIOChip {
        var names: [String] = []
        for offset in 0..<chip.lineCount { names.append(try chip.lineInfo(at: offset).name) }
        return GPIOChip(path: path, label: chip.label, lineNames: names)
    }

    /// The chips' nodes in the order of their numbers, without symbolic links: Raspberry Pi OS links an old number to
    /// the same chip, which would make every label ambiguous.
    private static func devicePaths() -> [String] {
        guard let directory = opendir("/dev") else { return [] }
        defer { closedir(directory) }
        var numbers: [Int] = []
        while let entry = readdir(directory) {
            guard entry.pointee.d_type == UInt8(DT_CHR) else { continue }
            // SAFETY: d_name is NUL-terminated within the entry, which lives until the next readdir.
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(devicePrefix), let number = Int(name.dropFirst(devicePrefix.count)) {
                numbers.append(number)
            }
        }
        return numbers.sorted().map { "/dev/\(devicePrefix)\($0)" }
    }

    /// What the kernel calls GPIO chips' nodes (drivers/gpio/gpiolib.c).
    static let devicePrefix = "gpiochip"
}

/// What was tried, in the words of a trouble.
enum LineOperation: Equatable, CustomStringConvertible {
    case open(path: String)
    case request, requestOutput, wait, read, switching

    var description: String {
        switch self {
        case .open(let path): "opening \(path)"
        case .request: "requesting the line"
        case .requestOutput: "requesting the line as an output"
        case .wait: "epoll_ctl"
        case .read: "reading the line"
        case .switching: "switching the line"
        }
    }
}

/// Why the kernel refused, in words that end in the remedy.
func refusal(code: Int32, of operation: LineOperation) -> String {
    let remedy =
        switch code {
        case EACCES, EPERM:
            "; add the user to group gpio, and under systemd allow the device (DeviceAllow=char-gpiochip rw)"
        case EINVAL where operation == .request:
            "; the chip or a kernel before 5.5 doesn't know this bias: set it to disabled and wire a resistor"
        case EINVAL where operation == .requestOutput, EIO where operation == .requestOutput:
            "; the chip may know this line as an input only: use another"
        case EMFILE, ENFILE:
            "; raise the limit of open files (systemd: LimitNOFILE)"
        default: ""
        }
    return "\(operation): \(systemMessage(code))\(remedy)"
}
