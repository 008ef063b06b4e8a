/// How long to wait before the next round of brokers: doubling, with jitter, so that a property's gateways don't all
/// come back in the same instant.
struct Backoff {
    let shortest: Duration
    let longest: Duration
    let stableAfter: Duration
    private var rounds = 0

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
    /// `displaced`: the broker closed it. A second client with our id does that to us each time it comes, and we to it
    /// each time we do, so such a connection must have held for four of the longest waits to count as good: two clones
    /// settle at one change in every longest wait, instead of a storm.
    mutating func afterConnection(lasting: Duration, displaced: Bool, random: Double) -> Duration {
        guard lasting < (displaced ? longest * 4 : stableAfter) else {
            rounds = 0
            return .zero
        }
        return afterFailedRound(random: random)
    }

    /// Half of it is certain, the other half is chance.
    private func jittered(_ wait: Duration, _ random: Double) -> Duration { wait * (0.5 + random / 2) }
}
