internal import CallCore

/// What an agent was about when it was killed, as far as journal, lamps and subscriber can tell; several at once, as a rule.
enum KillWindow: String, CaseIterable {
    case starting = "while it started"
    case beforeCommit = "between an edge and its commit"
    case beforePublish = "between a commit and its publish"
    case aroundAcknowledgement = "within 1 ms of the broker's having an event: around its PUBACK"
    case checkpoint = "while the journal's log was folded in, or just after"
    case command = "between a command and its answer"
    case rest = "at rest"
}

/// How often was killed, and what it hit.
struct KillTally {
    /// Agents that were killed.
    var agents = 0
    /// Brokers that were killed, or stopped.
    var brokers = 0
    /// Replays that the subscriber asked for, and the events that came by them: a broker had acknowledged and forgotten them.
    var replays = 0
    var forgotten = 0
    /// From a start until every button could be pressed.
    var starts = Latencies()
    private(set) var windows: [KillWindow: Int] = [:]

    /// One agent was killed in all of these, or in none.
    mutating func add(_ hit: Set<KillWindow>) {
        agents += 1
        for window in hit.isEmpty ? [.rest] : hit { windows[window, default: 0] += 1 }
    }

    func count(_ window: KillWindow) -> Int { windows[window] ?? 0 }
}
