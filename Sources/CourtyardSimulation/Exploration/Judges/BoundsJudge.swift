internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import Journal

/// Memory, disk and the loop's work are bounded, and outputs show what is so.
final class BoundsJudge: Judge {
    private let court: Court
    private var turns = 0
    private var ticks = 0
    private var shown: [OutputID: Signal] = [:]
    private(set) var largestBurden = 0
    private(set) var largestDisk = 0

    /// What the agent may hold besides its open calls: docs/ARCHITECTURE.md, "Bounded".
    private static let burdenLimit = 32 + 256 + 10_000 + 10 * 128
    /// What it may hold while no call is open and all is delivered: a word or two on their way.
    private static let restLimit = 4
    /// The journal's log may grow to 16 MB, and is folded in then; an event takes 150 bytes, a call 300.
    private static func diskLimit(events: Int) -> Int { 24_000_000 + events * 600 }
    /// A loop that does nothing but turn makes sixty thousand turns in ten seconds.
    private static let turnLimit = 40_000

    private let events: () -> Int

    init(_ court: Court, events: @escaping () -> Int) {
        self.court = court
        self.events = events
    }

    func started(_ contents: Journal.Contents?) { shown = [:] }
    func ended() { shown = [:] }
    func shown(_ output: OutputID, _ signal: Signal) { shown[output] = signal }

    func tick() {
        if court.gateway.turns - turns > Self.turnLimit {
            court.complain(.spinning, "\(court.gateway.turns - turns) turns in ten seconds")
        }
        turns = court.gateway.turns
        ticks += 1
        guard ticks % 30 == 0, let agent = court.gateway.agent else { return }
        largestBurden = max(largestBurden, agent.burden.things)
        if agent.burden.things > Self.burdenLimit {
            court.complain(.unbounded, "the agent holds \(agent.burden.things) things in memory")
        }
        let size = court.gateway.disk.size
        largestDisk = max(largestDisk, size)
        if size > Self.diskLimit(events: events()) { court.complain(.unbounded, "the journal takes \(size) bytes") }
    }

    /// What outputs show follows from the open calls: a core that has just started shows the same.
    func healed() {
        guard court.revenants.isEmpty else { return }
        let things = court.gateway.agent?.burden.things ?? 0
        if things > Self.restLimit {
            court.complain(.unbounded, "the agent holds \(things) things, and no call is open")
        }
        var fresh = Courtyard(
            identity: .init(
                journal: JournalID(unchecked: "aaaaaa"), boot: court.gateway.boot,
                gateway: court.gateway.topics.gateway))
        var expected: [OutputID: Signal] = [:]
        for input in [Input.site(court.gateway.rules), .timePassed] {
            for case .signal(let id, let signal, _) in fresh.handle(input, at: court.gateway.clock.now()) {
                expected[id] = signal
            }
        }
        for output in court.gateway.rules.outputs where shown[output.id] != expected[output.id] {
            court.complain(
                .output, "\(output.id) shows \(shown[output.id].map { "\($0)" } ?? "nothing"), and no call is open")
        }
    }
}
