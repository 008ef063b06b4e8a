internal import CallCore
internal import Journal

/// When old calls and events are deleted next: seldom, little at a time, and only by a clock that is right.
struct Pruning {
    /// For how long closed calls are kept; nil: for ever.
    var retention: Duration?
    private(set) var dueAt: Moment

    /// How many rows one step deletes: a commit of about a hundred kilobytes.
    static let step = 500
    private static let soon = Duration.seconds(60)
    private static let later = Duration.seconds(6 * 3600)
    /// A gateway that has just started has better things to do.
    private static let first = Duration.seconds(600)

    init(from moment: Moment) { dueAt = moment + Self.first }

    /// When it is due, if anything ever is deleted.
    var next: Moment? { retention == nil ? nil : dueAt }

    /// What is older than this may go now; nil while nothing is due.
    func horizon(_ now: Now) -> WallTime? {
        guard let retention, now.moment >= dueAt, now.quality.synchronized else { return nil }
        return WallTime(milliseconds: now.wall.milliseconds - retention.milliseconds)
    }

    /// A step was made, or could not be.
    mutating func done(at moment: Moment, deleted: Int) {
        dueAt = moment + (deleted < Self.step ? Self.later : Self.soon)
    }
}

// What is done to the journal when nobody waits for anything.
extension GatewayAgent {
    /// For how long closed calls are kept; nil: for ever.
    public func keep(for retention: Duration?) { pruning.retention = retention }

    /// Folds the journal's log in when it has grown long, and deletes what is old.
    public func tidyJournal() {
        let now = ports.clock.now()
        if let due = pruning.next, due <= now.moment { prune(now) }
        if outbox.count == 0, ports.store.isCheckpointDue { ports.store.checkpoint() }
    }

    private func prune(_ now: Now) {
        guard !keeper.isFailing, let horizon = pruning.horizon(now) else {
            return pruning.done(at: now.moment, deleted: 0)
        }
        do throws(JournalError) {
            let deleted = try ports.store.prune(olderThan: horizon, limit: Pruning.step)
            pruning.done(at: now.moment, deleted: deleted)
            if deleted > 0 { ports.log.log(.info, "deleted \(deleted) old rows of the journal", [:]) }
        } catch {
            pruning.done(at: now.moment, deleted: 0)
            ports.log.log(.warning, "old rows of the journal stay: \(error)", [:])
        }
    }
}
