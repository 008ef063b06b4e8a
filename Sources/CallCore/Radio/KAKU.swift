/// KAKU, Nexa, Proove, Intertechno and others with a code of their own: 26 bits of address, a group bit, on or off, and four
/// of unit. Short pulses, each bit two of them, told by the gaps.
///
///     0: ▔▁▔▁▁▁▁▁   1: ▔▁▁▁▁▁▔▁   start: ▔▁▁▁▁▁▁▁▁▁▁   end: ▔ and silence
///
/// Dimmers send 36 bits with a third kind of bit; they are no buttons, and not read.
///
/// Source: the public description of the protocol for home automation (short about 250 µs, gaps 1 : 5 : 10, silence 40),
/// and recordings.
struct KAKU {
    private static let pulses = 64

    /// Pulses since the start; nil while none was seen.
    private var count = -1
    private var start: Int64 = 0
    private var gaps: UInt64 = 0
    private var sumOfShort: Int64 = 0
    private var sum: Int64 = 0

    /// What a pulse and the gap behind it say.
    mutating func take(_ pulse: Pulse) -> RadioFrame? {
        guard count >= 0 else {
            begin(pulse)
            return nil
        }
        let mean = sumOfShort / Int64(count + 1)
        guard pulse.high * 2 < mean * 3, pulse.high * 2 > mean else { return restart(pulse) }
        if count == Self.pulses {
            let frame = pulse.low > mean * 8 ? whole(pulse) : nil
            count = -1
            begin(pulse)
            return frame
        }
        // One, or five.
        guard pulse.low < mean * 8 else { return restart(pulse) }
        gaps = gaps << 1 | (pulse.low > mean * 3 ? 1 : 0)
        // The two halves of a bit differ.
        if count % 2 == 1, gaps & 3 == 0 || gaps & 3 == 3 { return restart(pulse) }
        count += 1
        sumOfShort += pulse.high
        sum += pulse.length
        return nil
    }

    private mutating func restart(_ pulse: Pulse) -> RadioFrame? {
        count = -1
        begin(pulse)
        return nil
    }

    /// The start: a short pulse, and a gap of ten of its like.
    private mutating func begin(_ pulse: Pulse) {
        guard pulse.high > 120_000, pulse.high < 500_000, pulse.low > pulse.high * 7, pulse.low < pulse.high * 15 else {
            return
        }
        (count, start, gaps, sumOfShort, sum) = (0, pulse.start, 0, pulse.high, 0)
    }

    private func whole(_ last: Pulse) -> RadioFrame? {
        // Of each pair, the first gap is the bit.
        var value: UInt64 = 0
        for bit in 0..<32 { value = value << 1 | gaps >> UInt64(63 - 2 * bit) & 1 }
        return RadioFrame(
            code: RadioCode(.kaku, value: value, bits: 32), start: start, end: last.fall, period: sum / 32,
            isWhole: true)
    }
}
