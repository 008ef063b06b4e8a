/// Holtek HT12E: 12 bits, each a gap and then a carrier, behind a long silence and one short pulse.
///
///     0: ▁▔▔   1: ▁▁▔   start: ▁ × 36, ▔
///
/// Twelve bits are few: a site that has such buttons switches it on.
///
/// Source: Holtek, HT12A/HT12E data sheet, "Address/data waveform" (a bit is three clocks, the pilot 12 bits).
struct HT12E {
    private static let bits = 12

    private var count = -1
    private var value: UInt64 = 0
    private var sum: Int64 = 0
    private var start: Int64 = 0
    private var gap: Int64 = 0
    /// The silence before the start.
    private var pilot: Int64 = 0

    /// What a pulse and the gap behind it say.
    mutating func take(_ pulse: Pulse) -> RadioFrame? {
        defer { pilot = pulse.low }
        guard count >= 0 else {
            begin(pulse)
            return nil
        }
        let length = gap + pulse.high
        let isBit =
            5 * min(gap, pulse.high) <= 4 * max(gap, pulse.high)
            && (count == 0 ? length > 300_000 && length < 3_200_000 : abs(length * Int64(count) - sum) * 4 <= sum)
        guard isBit else {
            count = -1
            begin(pulse)
            return nil
        }
        value = value << 1 | (gap > pulse.high ? 1 : 0)
        sum += length
        count += 1
        gap = pulse.low
        guard count == Self.bits else { return nil }
        defer { count = -1 }
        let period = sum / Int64(Self.bits)
        guard pulse.low > 3 * period else { return nil }
        return RadioFrame(
            code: RadioCode(.ht12e, value: value, bits: Self.bits), start: start, end: pulse.fall, period: period,
            isWhole: true)
    }

    /// A short pulse behind a silence of many of its like.
    private mutating func begin(_ pulse: Pulse) {
        guard pilot > pulse.high * 12, pulse.high > 100_000, pulse.low < pulse.high * 4 else { return }
        (count, value, sum, start, gap) = (0, 0, 0, pulse.start, pulse.low)
    }
}
