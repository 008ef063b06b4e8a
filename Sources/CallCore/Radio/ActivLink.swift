/// Honeywell ActivLink, Friedland Libra+ and Response: 48 bits, and a carrier of three parts in place of an end, with three
/// parts of silence behind it. Sent on 868 or 916 MHz and keyed in frequency, so that the receiver must be one of that
/// kind whose data comes out on a pin; its bits are then as everybody's.
///
///     0: ▔▁▁   1: ▔▔▁   end: ▔▔▔▁▁▁
///
/// 20 bits who it is, then what: 3 for the kind of device (2: a bell), flags, a low battery in the last but one, and a bit
/// that makes the number of ones even.
///
/// Source: K. Lohner, "Honeywell ActivLink Wireless Devices" (public description of its frames: parts of 160 µs, 50 frames
/// a press), and rtl_433's description of the same.
enum ActivLink {
    static let bits = 48

    /// True if this pulse may be a frame's end: nothing else ends with a carrier as long as a bit.
    static func ends(with pulse: Pulse, period: Int64) -> Bool {
        pulse.high * 4 > period * 3 && pulse.high * 4 < period * 5 && pulse.low * 4 > period * 3
    }

    static func frame(of finished: FinishedRun) -> RadioFrame? {
        guard finished.count == bits else { return nil }
        let value = finished.run.bits & 0xffff_ffff_ffff
        guard value != 0, value.nonzeroBitCount % 2 == 0 else { return nil }
        return finished.frame(RadioCode(.activlink, value: value, bits: bits))
    }
}
