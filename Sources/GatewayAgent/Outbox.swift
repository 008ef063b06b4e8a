internal import CallCore

/// Which events the broker doesn't have yet. The journal holds them; this holds where each lane stands.
struct Outbox {
    private var lanes: [Lane.ID: Lane] = [:]
    /// Lanes by urgency, kept sorted: a handful.
    private var order: [Lane.ID] = []
    private var unmarkedLanes: Set<Lane.ID> = []

    /// How many events wait or are on their way.
    var count: Int { lanes.values.reduce(0) { $0 + $1.waiting } }

    /// How many events are held in memory, of all that wait.
    var atHand: Int { lanes.values.reduce(0) { $0 + $1.held } }

    /// Takes up where the journal stands.
    mutating func restore(_ id: Lane.ID, priority: Int, last: UInt64, acknowledged: UInt64) {
        add(Lane(id: id, priority: priority, inJournal: true, last: last, acknowledged: acknowledged))
    }

    /// An event that is in the journal now, or that must go without.
    mutating func append(_ event: CallEvent) {
        let id = Lane.ID(journal: event.journal, service: event.service)
        if lanes[id] == nil {
            let before = event.sequence - 1
            add(
                Lane(
                    id: id, priority: event.call.priority, inJournal: event.journaled, last: before,
                    acknowledged: before))
        }
        lanes[id]!.append(event)
    }

    /// The most urgent event to hand over next, of lanes with a priority in `priorities`.
    mutating func next(
        _ priorities: ClosedRange<Int>, now: Moment, read: (Lane.ID, UInt64, Int) -> [CallEvent]
    ) -> CallEvent? {
        for id in order where priorities.contains(lanes[id]!.priority) && lanes[id]!.isReady(now) {
            if let event = lanes[id]!.next(read: read) { return event }
        }
        return nil
    }

    /// The event was handed to the transport.
    mutating func handedOver(_ event: CallEvent) {
        lanes[Lane.ID(journal: event.journal, service: event.service)]?.handedOver(event.sequence)
    }

    /// The broker has the event.
    mutating func acknowledge(_ id: Lane.ID, _ sequence: UInt64) {
        if lanes[id]?.acknowledge(sequence) ?? false { unmarkedLanes.insert(id) }
    }

    /// True once the broker has the event, and everything before it.
    func isAcknowledged(_ event: CallEvent) -> Bool {
        let lane = lanes[Lane.ID(journal: event.journal, service: event.service)]
        return lane.map { event.sequence <= $0.acknowledged } ?? false
    }

    /// The broker refused the event: its lane goes on from there, not before `moment`.
    mutating func refuse(_ id: Lane.ID, _ sequence: UInt64, until moment: Moment) {
        lanes[id]?.refuse(sequence, until: moment)
    }

    /// The connection is gone: what was on its way goes again.
    mutating func rewind() {
        for id in order { lanes[id]!.rewind() }
    }

    /// When the first paused lane may go again.
    func resumesAt(after now: Moment) -> Moment? {
        lanes.values.compactMap(\.pausedUntil).filter { $0 > now }.min()
    }

    /// The journal took this lane's events after all.
    mutating func becameJournaled(_ journal: JournalID) {
        for id in order where id.journal == journal { lanes[id]!.inJournal = true }
    }

    /// What the journal has not been told yet: which lanes the broker has further than it knows.
    var unmarked: [(id: Lane.ID, through: UInt64)] {
        unmarkedLanes.compactMap { id in
            lanes[id].flatMap { $0.inJournal ? (id, $0.acknowledged) : nil }
        }
    }

    /// The journal knows now.
    mutating func marked() { unmarkedLanes = unmarkedLanes.filter { !(lanes[$0]?.inJournal ?? false) } }

    private mutating func add(_ lane: Lane) {
        lanes[lane.id] = lane
        order.append(lane.id)
        order.sort { (lanes[$0]!.priority, $0.service, $0.journal) < (lanes[$1]!.priority, $1.service, $1.journal) }
    }
}
