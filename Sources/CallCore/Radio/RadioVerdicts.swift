/// What became of the pulses that looked like the bits of something: what an installer needs to know about a spot.
public struct RadioVerdicts: Hashable, Sendable {
    /// Frames of a believed code.
    public var frames = 0
    /// Presses that were told.
    public var presses = 0
    /// Frames that nothing equal came to within 150 ms.
    public var alone = 0
    /// Frames whose code came before in other timing.
    public var differing = 0
    /// Runs of eight bits or more that are no protocol's: too short, too long, or broken off by noise.
    public var broken = 0

    public init() {}
}
