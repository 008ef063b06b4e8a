/// When the daily end-to-end test is due: a test call through broker and desk and back.
struct DailyTest: Sendable {
    /// Gateways of one site don't all test at the same moment: each has its own delay below this.
    static let jitter = Duration.seconds(900)
    private static let day = Duration.seconds(86_400)
    /// Not twice within this: small corrections of the clock, and the end of summer time, may bring the hour back.
    private static let apart = Duration.seconds(7200)

    /// When it is due next; nil: never.
    private(set) var next: Moment?
    private var last: Moment?
    private let delay: Duration

    init(gateway: String) {
        // FNV-1a (RFC 9923): the same delay every day, another for each gateway.
        let hash = gateway.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        delay = .seconds(Int64(hash % UInt64(Self.jitter.components.seconds)))
    }

    /// Sets the next one: at `minute` after local midnight, or in a day while nobody has set the clock.
    mutating func plan(minute: Int?, now: Now) {
        guard let minute else { return next = nil }
        guard now.quality.synchronized else { return next = next ?? now.moment + Self.day }
        let dayMs = Self.day.milliseconds
        let local = now.wall.milliseconds + now.utcOffset.milliseconds
        let dueMs = (Int64(minute) * 60_000 + delay.milliseconds) % dayMs
        let wait = ((dueMs - local) % dayMs + dayMs) % dayMs
        let due = now.moment + .milliseconds(wait)
        next = wait == 0 || last.map { due - $0 < Self.apart } ?? false ? due + Self.day : due
    }

    /// It was made; the clock decides when the next is due.
    mutating func made(at moment: Moment) {
        next = nil
        last = moment
    }
}
