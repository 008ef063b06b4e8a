/// EV1527, HS1527, PT2262, SC2260 and their like: 24 bits, and a short pulse before a long gap. Most pendants and bed
/// buttons. PT2262 counts two bits as one of three states; nobody can tell from the air which chip it was.
///
///     0: ▔▁▁▁   1: ▔▔▔▁   end: ▔▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
///
/// Sources: Silvan Chip, EV1527 data sheet (20 code bits, 4 data bits, 1:3, end 1:31); Princeton Technology, PT2262 data
/// sheet, "Code bits", "Code word". Measured over 48 transmitters: long to short 2.0 to 4.4, the gap 19 to 33 short ones.
/// A cheap receiver's noise comes back 4 to 8 ms into the gap, so that its length is not asked for.
enum EV1527 {
    static let bits = 24

    static func frame(of finished: FinishedRun) -> RadioFrame? {
        // A run of more is another protocol's, never 24 bits of it.
        if finished.count == bits, finished.endsShort { return finished.frame(code(finished.run.bits)) }
        // The last frame of an EV1527 has no short pulse behind it.
        guard finished.count == bits - 1, finished.hasLeadingGap else { return nil }
        return finished.frame(code(finished.run.bits << 1 | finished.lastBit), isWhole: false)
    }

    private static func code(_ bits: UInt64) -> RadioCode {
        RadioCode(.ev1527, value: bits & 0xff_ffff, bits: Self.bits)
    }
}
