internal import CallCore
internal import Journal

/// Writes batches to the store, and holds what it could not take until it can.
struct JournalKeeper {
    enum Outcome {
        case written
        /// Everything held back is written too: the journal works again.
        case recovered
        /// This batch is the first that failed; nothing of it is kept here.
        case failed(reason: String)
        /// It fails still; the batch is held.
        case failing
    }

    /// How long to wait before a failing journal is tried again. A press doesn't try it: an attempt on a sick card can take
    /// seconds, and what can't be written is told all the same.
    static let retryAfter = Duration.seconds(5)
    /// How many events are held back at most; beyond that the oldest are not journalled at all.
    static let capacity = 10_000

    private let store: any Store
    private var held = Journal.Batch()
    private(set) var isFailing = false
    private(set) var retryAt: Moment?

    init(_ store: any Store) { self.store = store }

    /// One commit for the batch and everything held back.
    mutating func write(_ batch: Journal.Batch, at moment: Moment) -> Outcome {
        guard !batch.isEmpty || isFailing else { return .written }
        let all = isFailing ? withHeld(batch) : batch
        do {
            try store.commit(all)
            defer { (isFailing, retryAt, held) = (false, nil, Journal.Batch()) }
            return isFailing ? .recovered : .written
        } catch {
            retryAt = moment + Self.retryAfter
            guard isFailing else {
                isFailing = true
                return .failed(reason: error.description)
            }
            hold(all)
            return .failing
        }
    }

    /// There is no journal yet.
    mutating func beginFailing(at moment: Moment) {
        isFailing = true
        retryAt = moment + Self.retryAfter
    }

    /// Holds one more batch until the journal is tried again.
    mutating func add(_ batch: Journal.Batch) { hold(withHeld(batch)) }

    private func withHeld(_ batch: Journal.Batch) -> Journal.Batch {
        var all = batch
        all.events = held.events + batch.events
        all.calls = held.calls + batch.calls
        all.answers = held.answers + batch.answers
        return all
    }

    /// Holds what went out unjournalled, and nothing else.
    mutating func hold(_ batch: Journal.Batch) {
        held.events = batch.events.suffix(Self.capacity)
        held.calls = Array(
            Dictionary(batch.calls.map { ($0.id, $0) }, uniquingKeysWith: { _, newer in newer }).values)
        held.answers = batch.answers.suffix(CommandAnswer.remembered)
    }
}
