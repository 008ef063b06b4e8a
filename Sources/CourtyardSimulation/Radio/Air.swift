internal import CallCore

/// What a cheap receiver's DATA pin shows of what is sent: edges that are late and early, carriers that come out too short,
/// and noise as soon as its gain control has had a few milliseconds of silence.
package struct Air {
    /// One edge of the pin.
    package struct Edge: Sendable, Hashable {
        package let carrier: Bool
        package let at: Int64

        package init(carrier: Bool, at: Int64) {
            self.carrier = carrier
            self.at = at
        }
    }

    /// By how much an edge is off, at most, in nanoseconds.
    package var jitter: Int64 = 20_000
    /// By how much carriers come out longer; negative: shorter.
    package var stretch: Int64 = 0
    /// After how much silence noise comes; nil: never. Measured: 4 to 8 ms.
    package var hissAfter: ClosedRange<Int64>? = 4_000_000...8_000_000

    private var dice: Dice
    private var now: Int64 = 0
    private var level = false
    private var edges: [Edge] = []

    package init(_ dice: Dice) { self.dice = dice }

    /// What the pin has shown so far.
    package mutating func takeEdges() -> [Edge] {
        defer { edges = [] }
        return edges
    }

    /// Somebody sends: carrier, silence, …, each of so many nanoseconds.
    package mutating func send(_ keyed: [Int64]) {
        for (index, length) in keyed.enumerated() {
            let carrier = index % 2 == 0
            let end = now + length
            if carrier { show(true) } else { rest(until: end) }
            now = end
        }
    }

    /// Nobody sends.
    package mutating func pause(_ length: Int64) {
        rest(until: now + length)
        now += length
    }

    private mutating func rest(until end: Int64) {
        show(false)
        guard let hissAfter else { return }
        let began = now
        now += Int64(dice.below(Int(hissAfter.upperBound - hissAfter.lowerBound) + 1)) + hissAfter.lowerBound
        while now < end - 100_000 {
            show(!level)
            now += Noise.hiss.length(&dice)
        }
        now = max(began, min(now, end))
        show(false)
    }

    private mutating func show(_ carrier: Bool) {
        guard carrier != level else { return }
        level = carrier
        let off = jitter == 0 ? 0 : Int64(dice.below(Int(2 * jitter + 1))) - jitter
        let at = now + off + (carrier ? -stretch / 2 : stretch / 2)
        edges.append(Edge(carrier: carrier, at: max(at, (edges.last?.at ?? 0) + 1000)))
    }
}

/// What a receiver gives out when nobody sends.
package enum Noise: String, CaseIterable, Sendable {
    /// Edges that know nothing of each other.
    case exponential
    /// Anything from 10 µs to 2 ms.
    case uniform
    /// Short pulses with a shortest length, as a gain control and a slow comparator make them.
    case hiss
    /// Near one length: a filter's ringing, a switching supply.
    case ringing
    /// Lengths as the bits of a frame have them, in no order.
    case bitlike

    /// How long the pin stays as it is, in nanoseconds.
    package func length(_ dice: inout Dice) -> Int64 {
        switch self {
        case .exponential: dice.wait(mean: .microseconds(100)).nanoseconds + 2000
        case .uniform: Int64(10_000 + dice.below(2_000_000))
        case .hiss: 40_000 + min(dice.wait(mean: .microseconds(60)).nanoseconds, 1_500_000)
        case .ringing: 380_000 + Int64(dice.below(240_000))
        case .bitlike:
            [350_000, 350_000, 1_050_000, 1_050_000, 2_500_000][dice.below(5)] + Int64(dice.below(60_000))
        }
    }
}
