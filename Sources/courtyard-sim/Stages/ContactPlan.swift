internal import CallCore
internal import CourtyardSimulation

/// Changes of contacts that are still to be made, each at its time.
struct ContactPlan {
    /// Changes of one contact, to be handed over together.
    struct Change {
        let at: Moment
        let point: PointID
        var made: [Bool]
    }

    private var changes: ArraySlice<Change> = []

    /// Nothing is planned.
    init() {}

    /// - Parameter finestGap: changes of a contact that are closer to each other than this are handed over together.
    init(_ deeds: [ContactChange], from start: Moment, finestGap: Duration) {
        var plan: [Change] = []
        var last: [PointID: (index: Int, at: Duration)] = [:]
        for deed in deeds {
            if let before = last[deed.point], deed.after - before.at < finestGap {
                plan[before.index].made.append(deed.made)
                last[deed.point]?.at = deed.after
            } else {
                last[deed.point] = (plan.count, deed.after)
                plan.append(Change(at: start + deed.after, point: deed.point, made: [deed.made]))
            }
        }
        changes = plan[...]
    }

    /// When the next is due; nil if there is none.
    var next: Moment? { changes.first?.at }

    /// The next one, if its time has come.
    mutating func takeDue(at now: Moment) -> Change? {
        guard let first = changes.first, first.at <= now else { return nil }
        return changes.removeFirst()
    }
}
