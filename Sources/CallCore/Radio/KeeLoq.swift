/// Microchip HCS200, HCS300 and HCS301: a preamble, a header gap, and 66 bits, least significant first: 32 that change with
/// every press, a serial number of 28, four buttons, and two flags.
///
///     1: ▔▁▁   0: ▔▔▁   preamble ▔▁▔▁▔▁…, header ▁▁▁▁▁▁▁▁▁▁
///
/// The serial number and the buttons are sent in the clear; they are the code here, the serial number first. That the
/// changing part is right can't be verified without the maker's key, so that a copy of what was heard is not known as one.
///
/// Source: Microchip DS21137 (HCS300), sections 4.1 and 8, figures 8-2 and 8-4.
enum KeeLoq {
    /// Of a frame.
    private static let bits = 66

    static func frame(of finished: FinishedRun) -> RadioFrame? {
        let run = finished.run
        guard finished.count == bits - 1 else { return nil }
        // A long carrier is 0. Bits 1 to 64 of the 65 that are whole are the changing part, the serial number, the
        // buttons and the low-battery flag; the first ones sent stand highest.
        func sent(_ first: Int, _ count: Int) -> UInt64 {
            (0..<count).reduce(0) { value, index in
                let place = bits - 2 - (first + index)
                let bit = place < 64 ? run.bits >> UInt64(place) : run.older >> UInt64(place - 64)
                return value | (~bit & 1) << UInt64(index)
            }
        }
        let (serial, buttons) = (sent(32, 28), sent(60, 4))
        // A serial number of all ones or zeros is silence or a carrier, not a transmitter.
        guard serial != 0, serial != 0xfff_ffff else { return nil }
        return finished.frame(RadioCode(.keeloq, value: serial << 4 | buttons, bits: 32))
    }
}
