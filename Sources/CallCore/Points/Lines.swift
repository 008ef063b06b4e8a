/// What a driver tells about the line of one call point. "Made" is the logical level: the contact is closed, whether
/// that is a high or a low voltage.
public enum LineReport: Hashable, Sendable {
    /// The line is watched from now on. Anything known of it before is void; `made` is its level read at `at`.
    case armed(PointID, made: Bool, at: Moment)
    /// The level changed, at the kernel's time. Two of the same kind in a row mean that the one between was missed.
    case edge(PointID, made: Bool, at: Moment)
    /// The kernel lost edges of this line (a sequence gap, a full buffer); its level was then read anew.
    case lost(PointID, made: Bool, at: Moment)
    /// The line doesn't work; its driver tries again by itself.
    case trouble(PointID, LineTrouble, at: Moment)

    /// The call point whose line it is.
    public var point: PointID {
        switch self {
        case .armed(let point, _, _), .edge(let point, _, _), .lost(let point, _, _), .trouble(let point, _, _): point
        }
    }

    /// When it happened.
    public var moment: Moment {
        switch self {
        case .armed(_, _, let at), .edge(_, _, let at), .lost(_, _, let at), .trouble(_, _, let at): at
        }
    }
}

/// Why a line can't be watched. The texts name the line as the installer knows it ("pinctrl-bcm2711 offset 17").
public enum LineTrouble: Error, Hashable, Sendable {
    /// No chip of that label, no line of that name, or an offset past the chip's end; also a chip that was unplugged.
    case missing(line: String)
    /// The line at that offset has another name than the site file says.
    case renamed(line: String, found: String)
    /// Another program holds the line: `holder` is the consumer it gave the kernel.
    case busy(line: String, holder: String)
    /// The kernel refused, with its own words: no permission, no bias on this chip.
    case refused(line: String, reason: String)
}

/// Where a line is found. Chip numbers move between kernels, so a chip goes by its label (`gpiodetect` prints it).
public enum LineAddress: Hashable, Sendable, CustomStringConvertible {
    /// The line at this offset of the chip with this label; if `name` is given the line must carry it.
    case offset(chip: String, offset: Int, name: String?)
    /// The one line of this name, on the chip with this label if one is given.
    case name(String, chip: String?)

    public var description: String {
        switch self {
        case .offset(let chip, let offset, let name?): "\(chip) offset \(offset) (\(name))"
        case .offset(let chip, let offset, nil): "\(chip) offset \(offset)"
        case .name(let name, let chip?): "\(chip) \(name)"
        case .name(let name, nil): name
        }
    }
}

/// The resistor inside the chip that holds an open line at a defined level. Always requested: "as is" is whatever the
/// last program left behind.
public enum LineBias: String, Hashable, Sendable, CaseIterable {
    case pullUp = "pull-up"
    case pullDown = "pull-down"
    /// No resistor inside: the wiring has its own.
    case disabled
}

/// One line that a driver watches for one call point.
public struct WatchedLine: Hashable, Sendable {
    public let point: PointID
    public let address: LineAddress
    public let bias: LineBias
    /// True if a made contact pulls the line low: a button to ground with a pull-up, the usual wiring.
    public let activeLow: Bool

    public init(point: PointID, address: LineAddress, bias: LineBias, activeLow: Bool) {
        self.point = point
        self.address = address
        self.bias = bias
        self.activeLow = activeLow
    }
}

/// One line that a driver switches for one output.
public struct OutputLine: Hashable, Sendable {
    public let output: OutputID
    public let address: LineAddress
    /// True if the output is on when the line is low.
    public let activeLow: Bool

    public init(output: OutputID, address: LineAddress, activeLow: Bool) {
        self.output = output
        self.address = address
        self.activeLow = activeLow
    }
}

/// What a driver tells about the line of one output.
public enum OutputReport: Hashable, Sendable {
    /// The line is held and shows what it was told.
    case working(OutputID)
    /// The line can't be switched; its driver tries again by itself.
    case trouble(OutputID, LineTrouble)
}
