/// One pulse of the receiver's DATA pin and the gap behind it, in nanoseconds.
struct Pulse {
    /// How long the carrier was there.
    let high: Int64
    /// How long it was away after that.
    let low: Int64
    /// When the carrier came, on the receiver's clock.
    let start: Int64

    var length: Int64 { high + low }
    /// When the carrier went.
    var fall: Int64 { start + high }
}

/// One frame, as its protocol reads it; nobody has said yet whether it was noise.
struct RadioFrame {
    let code: RadioCode
    /// The first and the last edge, in nanoseconds.
    let start: Int64
    let end: Int64
    /// One bit's mean length, in nanoseconds.
    let period: Int64
    /// False for one that lacks an end of its own: it can confirm another one, and no more.
    let isWhole: Bool
}
