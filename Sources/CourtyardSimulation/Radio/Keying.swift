package import CallCore

extension RadioProtocol {
    /// How long the shortest pulse of most of its transmitters is, in nanoseconds.
    package var usualBase: Int64 {
        switch self {
        case .activlink: 160_000
        case .kaku: 250_000
        case .keeloq: 400_000
        case .ev1527, .smc5326, .bell32, .bell48, .ht12e, .rtl433: 350_000
        }
    }
}

/// What a transmitter sends for one frame: carrier, silence, carrier, … in nanoseconds, beginning with the carrier.
package struct Keying: Sendable {
    /// The shortest pulse, in nanoseconds.
    package var base: Int64
    /// How many bases a long part has.
    package var long: Double
    /// How many bases the gap behind a frame has.
    package var gap: Double

    package init(base: Int64, long: Double = 3, gap: Double = 31) {
        self.base = base
        self.long = long
        self.gap = gap
    }

    /// One frame, its end gap included.
    package func frame(_ code: RadioCode) -> [Int64] {
        let bits = (0..<code.bits).map { code.value >> UInt64(code.bits - 1 - $0) & 1 == 1 }
        let end = [base, bases(gap)]
        switch code.radioProtocol {
        case .ev1527, .bell32, .bell48: return bits.flatMap(byCarrier) + end
        case .smc5326: return bits.flatMap(byCarrier) + [bases(long), bases(gap)]
        case .kaku: return [base, bases(10)] + bits.flatMap(byGaps) + [base, bases(40)]
        case .keeloq: return keeLoq(code)
        case .activlink:
            return bits.flatMap { $0 ? [bases(2), base] : [base, bases(2)] } + [bases(3), bases(3)]
        case .rtl433: preconditionFailure("rtl_433's codes have no keying of their own")
        case .ht12e: return [base] + bits.flatMap { $0 ? [bases(2), base] : [base, bases(2)] } + [bases(36)]
        }
    }

    private func bases(_ count: Double) -> Int64 { Int64(Double(base) * count) }

    private func byCarrier(_ bit: Bool) -> [Int64] { bit ? [bases(long), base] : [base, bases(long)] }

    private func byGaps(_ bit: Bool) -> [Int64] {
        bit ? [base, bases(5), base, base] : [base, base, base, bases(5)]
    }

    /// The changing part is drawn from the code itself: a test needs one, and no more.
    private func keeLoq(_ code: RadioCode) -> [Int64] {
        let (serial, buttons) = (code.value >> 4, code.value & 15)
        let changing = code.value &* 0x9E37_79B9 & 0xffff_ffff
        let parts: [(value: UInt64, count: Int)] = [(changing, 32), (serial, 28), (buttons, 4), (0, 2)]
        let bits: [Bool] = parts.flatMap { part in (0..<part.count).map { part.value >> UInt64($0) & 1 == 1 } }
        let preamble = (0..<11).flatMap { _ in [base, base] } + [base, bases(10)]
        let long = bases(2)
        var frame = preamble + bits.flatMap { bit -> [Int64] in bit ? [base, long] : [long, base] }
        frame[frame.count - 1] += bases(39)
        return frame
    }
}
