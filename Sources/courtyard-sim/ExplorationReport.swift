internal import CallCore
internal import CourtyardSimulation
internal import Glibc

/// What an exploration has seen, and how fast it went.
struct ExplorationReport {
    private let begun = Moment.now
    private let count: Int
    private var done = 0
    private var presses = 0
    private var events = 0
    private var turns = 0
    private var happenings = 0
    private var lived = Duration.zero
    private var burden = 0
    private var disk = 0
    private var fingerprint: UInt64 = 0
    private var saidAt = Moment.now

    /// - Parameter count: how many seeds there are.
    init(of count: Int) { self.count = count }

    mutating func add(_ outcome: Episode.Outcome) {
        done += 1
        presses += outcome.presses
        events += outcome.events
        turns += outcome.turns
        happenings += outcome.happenings
        lived += outcome.lived
        burden = max(burden, outcome.burden)
        disk = max(disk, outcome.diskBytes)
        fingerprint = fingerprint &* 0x100_0000_01b3 ^ outcome.fingerprint
        if isatty(2) != 0, Moment.now - saidAt > .milliseconds(500) {
            saidAt = .now
            Self.say("\r\(done) of \(count) seeds, \(Int(hours)) h lived")
        }
    }

    private var hours: Double { Double(lived.nanoseconds) / 3.6e12 }

    func end() {
        if isatty(2) != 0 { Self.say("\r\u{1b}[K") }
        let wall = Double((Moment.now - begun).nanoseconds) / 3.6e12
        var cpu = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu)
        let core = (Double(cpu.tv_sec) + Double(cpu.tv_nsec) / 1e9) / 3600
        print(
            """
            \(done) seeds, \(happenings) happenings, \(presses) presses, \(events) events, \(turns) turns of the loop
            \(Int(hours)) hours lived in \(Int(wall * 3600)) s: \(Int(hours / wall)) hours an hour, \
            \(Int(hours / core)) for each hour of one core
            at most \(burden) things in the agent's memory, \(disk / 1024) KiB of journal
            fingerprint \(String(fingerprint, radix: 16))
            """)
    }

    /// To whoever watches, not into the results.
    static func say(_ text: String) {
        let bytes = Array(text.utf8)
        write(2, bytes, bytes.count)
    }
}
