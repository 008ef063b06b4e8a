/// How long to wait before the next round of brokers: doubling, with jitter, so that a property's gateways don't all
/// come back in the same instant.
struct Backoff {
    let shortest: Duration
    let longest: Duration
    let stableAfter: Duration
    private var rounds = 0
    private var takeovers = 0

    init(shortest: Duration, longest: Duration, stableAfter: Duration) {
        self.shortest = shortest
        self.longest = longest
        self.stableAfter = stableAfter
    }

    /// The wait after a round in which no broker could be reached. `random` is from 0 up to 1.
    mutating func afterFailedRound(random: Double) -> Duration {
        var wait = shortest
        for _ in 0..<rounds where wait < longest { wait *= 2 }
        if wait < longest { rounds += 1 }
        return jittered(min(wait, longest), random)
    }

    /// The wait after a connection that lasted this long: none if it was a good one.
    ///
    /// A second client with our id throws us out each time we come back, and we it. From the second time on the
    /// longest wait applies, until a connection has held for four of those.
    mutating func afterConnection(lasting: Duration, takenOver: Bool, random: Double) -> Duration {
        if lasting >= longest * 4 { takeovers = 0 }
        if takenOver { takeovers += 1 }
        if takeovers >= 2 && takenOver { return jittered(longest, random) }
        guard lasting < stableAfter else {
            rounds = 0
            return .zero
        }
        return afterFailedRound(random: random)
    }

    /// Half of it is certain, the other half is chance.
    private func jittered(_ wait: Duration, _ random: Double) -> Duration { wait * (0.5 + random / 2) }
}
