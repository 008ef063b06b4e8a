import Testing

@testable import MQTTLink

struct BackoffTests {
    private let fresh = Backoff(shortest: .milliseconds(500), longest: .seconds(30), stableAfter: .seconds(10))

    @Test("Waits double from the shortest to the longest")
    func doubling() {
        var backoff = fresh
        let waits = (0..<9).map { _ in backoff.afterFailedRound(random: 1) }
        #expect(waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
    }

    @Test("Half of a wait is chance")
    func jitter() {
        var (low, high) = (fresh, fresh)
        #expect(low.afterFailedRound(random: 0) == .milliseconds(250))
        #expect(high.afterFailedRound(random: 0.5) == .milliseconds(375))
    }

    @Test("After a connection that lasted, the next attempt comes at once and the waits start anew")
    func reset() {
        var backoff = fresh
        for _ in 0..<5 { _ = backoff.afterFailedRound(random: 1) }
        #expect(backoff.afterConnection(lasting: .seconds(10), displaced: false, random: 1) == .zero)
        #expect(backoff.afterFailedRound(random: 1) == .milliseconds(500))
    }

    @Test("A connection that breaks at once counts as a failed round")
    func flapping() {
        var backoff = fresh
        #expect(backoff.afterConnection(lasting: .seconds(1), displaced: false, random: 1) == .milliseconds(500))
        #expect(backoff.afterConnection(lasting: .seconds(1), displaced: false, random: 1) == .seconds(1))
    }

    @Test("Where the broker closed it, a connection must have held for four of the longest waits")
    func displaced() {
        var backoff = fresh
        let waits = (0..<8).map { _ in backoff.afterConnection(lasting: .seconds(20), displaced: true, random: 1) }
        #expect(waits == [0.5, 1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
        #expect(backoff.afterConnection(lasting: .seconds(120), displaced: true, random: 1) == .zero)
    }
}
