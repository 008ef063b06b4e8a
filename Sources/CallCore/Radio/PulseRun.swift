/// Finds runs of pulses that are bits of one length, a short part and a long one: most of what call buttons send.
///
///     ▔▔▁▁▁▁▁▁▔▔▔▔▔▔▁▁ … ▔▔▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
///     |  bit 0  |  bit 1  |    the end and its gap
///
/// A bit's length is not known beforehand: transmitters of one family differ by the factor of three, each keeps its own
/// within a few percent. So a run is what stays near its own mean, and noise, which doesn't, leaves after a pulse or two.
struct PulseRun {
    /// The bits so far, the newest the least significant: a carrier longer than its gap is 1. The older ones in `older`.
    private(set) var bits: UInt64 = 0
    private(set) var older: UInt64 = 0
    private(set) var count = 0
    private(set) var start: Int64 = 0
    /// How long the gap before the first bit was if the run began at one; 0 if something else came before it.
    private(set) var leadingGap: Int64 = 0
    private var sum: Int64 = 0

    /// One bit's mean length, in nanoseconds.
    var period: Int64 { count > 0 ? sum / Int64(count) : 0 }

    /// The shortest and the longest bit that any of the protocols has, and room for transmitters that are off: ActivLink has
    /// 480 µs, KeeLoq up to 1,980 µs (HCS300 data sheet, table 8-4), 48 buttons of the EV1527's kind up to 2,330 µs.
    private static let shortest: Int64 = 430_000
    private static let longest: Int64 = 3_200_000

    /// Takes in a pulse that goes on with the run.
    /// - Returns: false if it doesn't: the run is over, and this is what came behind it.
    mutating func take(_ pulse: Pulse) -> Bool {
        let length = pulse.length
        // Within a quarter of the mean; and one part longer than the other by a quarter at least.
        guard length < Self.longest, 5 * min(pulse.high, pulse.low) <= 4 * max(pulse.high, pulse.low) else {
            return false
        }
        let off = length * Int64(count) - sum
        guard abs(off) * 4 <= sum else { return false }
        if count == 0 {
            guard length > Self.shortest else { return false }
            start = pulse.start
        }
        count += 1
        sum += length
        older = older << 1 | bits >> 63
        bits = bits << 1 | (pulse.high > pulse.low ? 1 : 0)
        return true
    }

    /// Begins anew behind a pulse that ended a run, with that pulse if it can be a bit.
    mutating func restart(behind pulse: Pulse, isGap: Bool) {
        let gap = isGap ? pulse.low : 0
        self = PulseRun()
        leadingGap = gap
        if !isGap { _ = take(pulse) }
    }
}

/// A run that has ended, with what ended it.
struct FinishedRun {
    let run: PulseRun
    let last: Pulse

    var count: Int { run.count }
    var period: Int64 { run.period }
    /// The pulse before the gap is a short one.
    var endsShort: Bool { 2 * last.high < period }
    /// The run began at a gap, so its first bit is the frame's first.
    var hasLeadingGap: Bool { run.leadingGap * 2 >= period * 3 }
    /// What the last pulse says, where it is a bit whose gap nobody could tell from the silence behind it.
    var lastBit: UInt64 { endsShort ? 0 : 1 }

    /// - Parameter isWhole: the frame's end was heard, and not only that nothing followed.
    func frame(_ code: RadioCode, isWhole: Bool = true) -> RadioFrame {
        RadioFrame(code: code, start: run.start, end: last.fall, period: period, isWhole: isWhole)
    }
}
