/// Writes what a receiver's pin shows as a pulse file (``PulseFile``): edges in, text out, a package at a time.
public struct PulseRecorder: Sendable {
    /// A gap this long ends a package, as it ends whatever was sent.
    private static let gap = Duration.milliseconds(20)

    private var pulses: [(high: Int64, low: Int64)] = []
    private var rise: Moment?
    private var fall: Moment?
    /// How many pulses were written.
    public private(set) var written = 0

    /// What the file begins with.
    public static let head = ";pulse data\n;version 1\n;timescale 1us\n"

    public init() {}

    /// Takes in an edge; two in the same direction mean that one was lost, which ends the package.
    /// - Returns: text to be written, empty as a rule.
    public mutating func take(carrier: Bool, at moment: Moment) -> String {
        guard carrier else {
            guard rise != nil, fall == nil else { return breakOff() }
            fall = moment
            return ""
        }
        var text = ""
        if let rise, let fall {
            pulses.append(((fall - rise).microseconds, (moment - fall).microseconds))
            if pulses.count == PulseFile.mostPulses || moment - fall >= Self.gap { text = endPackage() }
        } else if rise != nil {
            text = breakOff()
        }
        (rise, fall) = (moment, nil)
        return text
    }

    /// Edges were lost: the package ends.
    public mutating func breakOff() -> String {
        (rise, fall) = (nil, nil)
        return endPackage()
    }

    /// Nothing more is recorded: what is left.
    public mutating func finish() -> String {
        if let rise, let fall { pulses.append(((fall - rise).microseconds, 0)) }
        return breakOff()
    }

    private mutating func endPackage() -> String {
        guard !pulses.isEmpty else { return "" }
        defer { pulses.removeAll(keepingCapacity: true) }
        written += pulses.count
        return ";ook \(pulses.count) pulses\n"
            + pulses.map { "\(max(1, $0.high)) \($0.low)\n" }.joined() + ";end\n"
    }
}

extension Duration {
    fileprivate var microseconds: Int64 { (nanoseconds + 500) / 1000 }
}
