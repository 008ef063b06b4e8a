internal import CallCore

/// One journal's events of one service, on their way to the broker, in order.
struct Lane {
    struct ID: Hashable {
        let journal: JournalID
        let service: ServiceID
    }

    /// How many events of a lane are held in memory; the rest is read from the journal when its turn comes.
    static let nearby = 128
    /// How many emergencies are held that the journal could not take. Beyond that the oldest is given up.
    static let unjournaledCapacity = 10_000

    let id: ID
    let priority: Int
    /// False for a lane that the journal could not take: its events are here only.
    var inJournal: Bool
    /// The broker has everything up to here.
    private(set) var acknowledged: UInt64
    /// Everything up to here was handed over.
    private(set) var sent: UInt64
    private(set) var last: UInt64
    /// After the broker refused an event: not before this.
    var pausedUntil: Moment?
    /// Acknowledged ahead of their turn.
    private var ahead: Set<UInt64> = []
    /// Consecutive events at hand, from anywhere in the lane.
    private var near: ArraySlice<CallEvent> = []

    init(id: ID, priority: Int, inJournal: Bool, last: UInt64, acknowledged: UInt64) {
        self.id = id
        self.priority = priority
        self.inJournal = inJournal
        self.last = last
        self.acknowledged = acknowledged
        sent = acknowledged
    }

    /// What of it is held in memory.
    var held: Int { near.count + ahead.count }
    var waiting: Int { Int(last - acknowledged) }

    func isReady(_ now: Moment) -> Bool { sent < last && pausedUntil.map { $0 <= now } ?? true }

    /// The event that comes next; `read` fetches a stretch of the journal.
    mutating func next(read: (ID, UInt64, Int) -> [CallEvent]) -> CallEvent? {
        let wanted = sent + 1
        if let event = atHand(wanted) { return event }
        guard inJournal else { return nil }
        near = read(id, wanted, Self.nearby)[...]
        return atHand(wanted)
    }

    private func atHand(_ sequence: UInt64) -> CallEvent? {
        guard let first = near.first?.sequence, sequence >= first, sequence - first < near.count else { return nil }
        return near[near.startIndex + Int(sequence - first)]
    }

    mutating func append(_ event: CallEvent) {
        last = event.sequence
        let follows = near.last.map { $0.sequence + 1 } ?? (sent + 1)
        if follows == event.sequence { near.append(event) }
        if inJournal {
            near = near.drop { $0.sequence <= sent }
            near = near.prefix(Self.nearby)
        } else if near.count > Self.unjournaledCapacity {
            let lost = near.removeFirst().sequence
            acknowledged = max(acknowledged, lost)
            sent = max(sent, lost)
        }
    }

    mutating func handedOver(_ sequence: UInt64) {
        sent = sequence
        if inJournal, sent == last { near = [] }
    }

    /// The broker has the event; true if that moved `acknowledged`.
    mutating func acknowledge(_ sequence: UInt64) -> Bool {
        guard sequence > acknowledged else { return false }
        let before = acknowledged
        ahead.insert(sequence)
        while ahead.remove(acknowledged + 1) != nil { acknowledged += 1 }
        if !inJournal { near = near.drop { $0.sequence <= acknowledged } }
        return acknowledged != before
    }

    /// The broker refused the event: the lane goes on from there, not before `moment`.
    mutating func refuse(_ sequence: UInt64, until moment: Moment) {
        guard sequence > acknowledged else { return }
        goBack(to: min(sent, sequence - 1))
        pausedUntil = moment
    }

    /// The connection is gone: what was on its way goes again.
    mutating func rewind() {
        goBack(to: acknowledged)
        ahead = []
        pausedUntil = nil
    }

    private mutating func goBack(to sequence: UInt64) {
        sent = sequence
        if inJournal { near = [] }
    }
}
