/// Wireless bells with a code of 32 or 48 bits, keyed as an EV1527 is and ended as it is, with a shorter gap.
///
///     0: ▔▁▁▁   1: ▔▔▔▁   end: ▔▁▁▁▁▁▁▁▁▁▁▁▁▁▁
///
/// Source: recordings of a Byron DB421E (32 bits, 490 and 1,530 µs, gap 7.1 ms).
enum FixedCodeBell {
    static func frame(of finished: FinishedRun) -> RadioFrame? {
        switch finished.count {
        case 32 where finished.endsShort:
            return finished.frame(RadioCode(.bell32, value: finished.run.bits & 0xffff_ffff, bits: 32))
        case 48 where finished.endsShort:
            return finished.frame(RadioCode(.bell48, value: finished.run.bits & 0xffff_ffff_ffff, bits: 48))
        default: return nil
        }
    }
}
