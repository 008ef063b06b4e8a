/// SMC5326: 25 bits, and a long pulse before the gap. Not an EV1527 with something before or behind it.
///
///     0: ▔▁▁▁   1: ▔▔▔▁   end: ▔▔▔▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
///
/// Source: SMC5326P data sheet (8 address and 3 data pins of three states, then one bit more), and recordings.
enum SMC5326 {
    static let bits = 25

    static func frame(of finished: FinishedRun) -> RadioFrame? {
        guard finished.count == bits, !finished.endsShort else { return nil }
        return finished.frame(RadioCode(.smc5326, value: finished.run.bits & 0x1ff_ffff, bits: bits))
    }
}
