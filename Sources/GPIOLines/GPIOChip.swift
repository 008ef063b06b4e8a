public import CallCore

/// A GPIO chip that is there now, as `doctor` shows it and as line addresses are looked up in it.
public struct GPIOChip: Hashable, Sendable {
    /// Its device node, such as `/dev/gpiochip0`. The number may be another at the next boot.
    public let path: String
    /// The driver's name for it, such as `pinctrl-bcm2711`: what site files call it by.
    public let label: String
    /// Each line's name by offset; empty for a line without one.
    public let lineNames: [String]

    public init(path: String, label: String, lineNames: [String]) {
        self.path = path
        self.label = label
        self.lineNames = lineNames
    }
}

/// A device node that looks like a GPIO chip and couldn't be opened.
public struct ClosedChip: Hashable, Sendable {
    public let path: String
    /// The errno of opening it.
    public let code: Int32

    public init(path: String, code: Int32) {
        self.path = path
        self.code = code
    }
}

/// The chips that are there, as values: where an address leads is decided here, without touching a device.
public struct ChipSurvey: Hashable, Sendable {
    /// In the order of their numbers.
    public let chips: [GPIOChip]
    public let closed: [ClosedChip]

    public init(chips: [GPIOChip], closed: [ClosedChip] = []) {
        self.chips = chips
        self.closed = closed
    }

    /// A line that was found: `chip` is an index into `chips`.
    public struct Place: Hashable, Sendable {
        public let chip: Int
        public let offset: Int
    }

    /// Where `address` leads. Chips and names are found by equality, never by nearness: the wrong line of a courtyard
    /// is worse than none. What could mean two lines is refused.
    /// - Throws: the trouble to report, naming the line as the site file does.
    public func locate(_ address: LineAddress) throws(LineTrouble) -> Place {
        switch address {
        case .offset(let label, let offset, let name):
            let chip = try theChip(label, for: address)
            let names = chips[chip].lineNames
            guard names.indices.contains(offset) else { throw .missing(line: address.description) }
            if let name, names[offset] != name {
                throw .renamed(line: address.description, found: names[offset].isEmpty ? "no name" : names[offset])
            }
            return Place(chip: chip, offset: offset)
        case .name(let name, let label?):
            return try theLine(name, on: [try theChip(label, for: address)], for: address)
        case .name(let name, nil):
            return try theLine(name, on: Array(chips.indices), for: address)
        }
    }

    private func theChip(_ label: String, for address: LineAddress) throws(LineTrouble) -> Int {
        let found = chips.indices.filter { chips[$0].label == label }
        if found.count > 1 {
            let paths = found.map { chips[$0].path }.joined(separator: " and ")
            throw .refused(line: address.description, reason: "\(paths) both have the label \(label)")
        }
        guard let only = found.first else { throw absent(address) }
        return only
    }

    private func theLine(
        _ name: String, on candidates: [Int], for address: LineAddress
    ) throws(LineTrouble) -> Place {
        let found = candidates.flatMap { chip in
            chips[chip].lineNames.indices.filter { chips[chip].lineNames[$0] == name }
                .map { Place(chip: chip, offset: $0) }
        }
        if found.count > 1 {
            let places = found.map { "\(chips[$0.chip].label) offset \($0.offset)" }.joined(separator: " and ")
            throw .refused(line: address.description, reason: "\(places) both have this name")
        }
        guard let only = found.first, !name.isEmpty else { throw absent(address) }
        return only
    }

    /// What wasn't found may be on a chip that this process may not open.
    private func absent(_ address: LineAddress) -> LineTrouble {
        guard let chip = closed.first else { return .missing(line: address.description) }
        return .refused(
            line: address.description, reason: refusal(code: chip.code, of: .open(path: chip.path)))
    }
}
