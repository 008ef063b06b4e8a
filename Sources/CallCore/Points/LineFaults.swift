// What a line's trouble is called, and what an installer can do about it.

extension LineTrouble {
    /// The fault that tells it.
    public var fault: FaultID {
        switch self {
        case .missing: .lineMissing
        case .renamed: .lineRenamed
        case .busy: .lineBusy
        case .refused: .lineRefused
        }
    }

    /// The trouble in words, naming the line.
    public var what: String {
        switch self {
        case .missing(let line): "\(line) is not there"
        case .renamed(let line, let found): "\(line) is named \(found)"
        case .busy(let line, let holder): "\(line) is held by \(holder)"
        case .refused(let line, let reason): "\(line) was refused: \(reason)"
        }
    }
}

extension FaultID {
    /// The faults that gather lines.
    static let lineFaults = [lineMissing, lineRenamed, lineBusy, lineRefused, lineStuck, wireOpen, pointMissing]

    /// What to do about a line fault.
    public var lineRemedy: String {
        switch self {
        case .lineMissing: "compare the point's line with `gpioinfo`; check that the expander is plugged in"
        case .lineRenamed: "the board or its overlay changed: correct chip, offset or name in the site file"
        case .lineBusy: "stop the program that holds the line, or take it out of the board's overlay"
        case .lineRefused: "run `courtyard-gateway doctor` on the board: it names the missing right or bias"
        case .pointMissing:
            "the device should have told that it is there: look at its battery, and whether it is still in its place"
        case .batteryLow: "replace the battery; over once the device has been heard for two days without a word of it"
        case .tampered: "look at the device: its case was opened, or it was taken off the wall"
        case .wireOpen: "the wire to the button is cut or a clamp is loose: the resident may not be able to call"
        default: "look at the button: jammed, or its wire shorted; the resident cannot call from there"
        }
    }
}
