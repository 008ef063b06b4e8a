/// Believes a frame when an equal one has come shortly before: one alone may be noise, two halves of two buttons' frames,
/// or a bit that the receiver got wrong. Two equal ones within 150 ms gave no wrong code in any recording.
struct FrameMatcher {
    /// A frame that waits for its like.
    private struct Candidate {
        var frame: RadioFrame
        /// Its code was believed already.
        var isBelieved: Bool
    }

    /// What becomes of a frame.
    enum Verdict {
        /// Nothing like it has come yet.
        case alone
        /// It has the code of one before, in other timing: another transmitter's, or none's.
        case differs
        /// It and the one before it are believed.
        case confirmed(first: RadioFrame)
        /// One more.
        case again
    }

    /// From one frame's end to the next one's start. A frame takes up to 75 ms, so that one may be lost between two.
    static let within: Int64 = 150_000_000
    /// More codes than these at a time are not heard apart.
    private static let capacity = 8

    private var candidates: [Candidate] = []

    init() { candidates.reserveCapacity(Self.capacity + 1) }

    /// Takes a frame in.
    mutating func take(_ frame: RadioFrame) -> Verdict {
        candidates.removeAll { frame.start - $0.frame.end > Self.within }
        guard let index = candidates.firstIndex(where: { $0.frame.code == frame.code }) else {
            if frame.isWhole { add(frame) }
            return .alone
        }
        let before = candidates[index]
        // Within a tenth.
        guard abs(before.frame.period - frame.period) * 10 <= before.frame.period else {
            if frame.isWhole { candidates[index] = Candidate(frame: frame, isBelieved: false) }
            return .differs
        }
        candidates[index] = Candidate(frame: frame, isBelieved: true)
        return before.isBelieved ? .again : .confirmed(first: before.frame)
    }

    private mutating func add(_ frame: RadioFrame) {
        if candidates.count == Self.capacity { candidates.removeFirst() }
        candidates.append(Candidate(frame: frame, isBelieved: false))
    }
}
