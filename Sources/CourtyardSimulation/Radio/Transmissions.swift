package import CallCore

/// What transmitters send at one place and time: several at once add up, as carriers do.
package struct Transmissions: Sendable {
    /// When there is a carrier, from the first moment on, in nanoseconds.
    private var carriers: [(from: Int64, to: Int64)] = []

    package init() {}

    /// One press: whole frames for as long as the button is held, and never fewer than cheap transmitters send.
    /// - Parameters:
    ///   - after: when it begins.
    ///   - fading: the share of frames, 0 to 1, of which a part is lost on the way.
    /// - Returns: when it is over.
    package mutating func press(
        _ code: RadioCode, _ keying: Keying, after: Duration, held: Duration, fading: Double, _ dice: inout Dice
    ) -> Duration {
        let frame = keying.frame(code)
        let length = frame.reduce(0, +)
        var at = after.nanoseconds
        let end = at + held.nanoseconds
        for number in 0... where number < Self.fewestFrames || at < end {
            send(frame, at: at, fades: dice.fraction() < fading, &dice)
            at += length
            if number >= Self.fewestFrames - 1, at >= end { break }
        }
        return .nanoseconds(at)
    }

    /// Recorded transmitters send 2 to 111 frames for a press; most, four or more for the shortest.
    private static let fewestFrames = 4

    private mutating func send(_ frame: [Int64], at start: Int64, fades: Bool, _ dice: inout Dice) {
        // From somewhere in the frame on, for a while, nothing comes through.
        let lost = fades ? dice.below(frame.count)..<frame.count : 0..<0
        var at = start
        for (index, length) in frame.enumerated() {
            if index % 2 == 0, !lost.contains(index) { carriers.append((at, at + length)) }
            at += length
        }
    }

    /// Carrier, silence, carrier, …, each of so many nanoseconds, and before the first carrier a silence.
    package var keyed: (silence: Int64, lengths: [Int64]) {
        var merged: [(from: Int64, to: Int64)] = []
        for carrier in carriers.sorted(by: { $0.from < $1.from }) {
            if let last = merged.last, carrier.from <= last.to {
                merged[merged.count - 1].to = max(last.to, carrier.to)
            } else {
                merged.append(carrier)
            }
        }
        guard let first = merged.first else { return (0, []) }
        var lengths: [Int64] = []
        for (index, carrier) in merged.enumerated() {
            if index > 0 { lengths.append(carrier.from - merged[index - 1].to) }
            lengths.append(carrier.to - carrier.from)
        }
        return (first.from, lengths)
    }

    /// What a receiver's pin shows of it.
    package func edges(through air: Air) -> [Air.Edge] {
        var air = air
        let (silence, lengths) = keyed
        // So long that no edge is earlier than the beginning.
        air.pause(max(silence, 1_000_000))
        air.send(lengths + [Self.tail])
        return air.takeEdges()
    }

    /// Silence behind the last carrier, in which the frame is seen to have ended.
    private static let tail: Int64 = 12_000_000
}
