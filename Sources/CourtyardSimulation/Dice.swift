internal import CallCore

/// SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators"): the same draws for the same
/// seed, on every machine.
package struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(_ seed: UInt64) { state = seed }

    /// Another one whose draws have nothing to do with this one's: what one part of a world draws doesn't shift what the
    /// others do.
    package mutating func split() -> Dice { Dice(next()) }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, `limit`.
    package mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    /// True once in `chance` times on average.
    package mutating func oneIn(_ chance: Int) -> Bool { below(chance) == 0 }

    /// From 0 up to, not including, 1.
    package mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Any nanosecond of the range, each as likely.
    package mutating func duration(in range: ClosedRange<Duration>) -> Duration {
        .nanoseconds(Int64.random(in: range.lowerBound.nanoseconds...range.upperBound.nanoseconds, using: &self))
    }

    /// A wait between things that happen by themselves, `mean` on average: exponentially distributed.
    package mutating func wait(mean: Duration) -> Duration {
        .nanoseconds(Int64(-Double(mean.nanoseconds) * Self.logarithm(1 - fraction())))
    }

    /// A seed that nobody has used.
    package static var fresh: Dice { Dice(.random(in: .min ... .max)) }

    /// The natural logarithm, of a number from 0 (without) to 1, to a dozen digits. The C library's may differ in the
    /// last bit between machines; sums and quotients don't (IEEE 754).
    private static func logarithm(_ number: Double) -> Double {
        // ln m = 2 artanh((m - 1) / (m + 1)), a series that converges quickly for m from 1 to 2.
        let ratio = (number.significand - 1) / (number.significand + 1)
        var (term, sum) = (ratio, 0.0)
        for odd in stride(from: 1.0, through: 25, by: 2) {
            sum += term / odd
            term *= ratio * ratio
        }
        return 2 * sum + Double(number.exponent) * 0.693_147_180_559_945_3
    }
}
