/// How much the agent holds in memory at a time: for whoever checks that all of it is bounded.
package struct Burden: Hashable, Sendable {
    /// Events that the broker doesn't have.
    package let outbox: Int
    /// Messages on their way, events at hand, topics to write, replies and offers to make, openings of open calls.
    package let things: Int
}

extension GatewayAgent {
    /// What is held now.
    package var burden: Burden {
        Burden(
            outbox: outbox.count,
            things: inFlight.count + outbox.atHand + shelf.count + replies.count + offers.count + openings.count
                + askers.count)
    }
}
