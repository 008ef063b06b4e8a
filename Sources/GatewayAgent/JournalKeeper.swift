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
    /// How many events, and how many closed calls, are held back at most; beyond that the oldest are not journalled at all.
    static let capacity = 10_000

    private let store: any Store
    private(set) var isFailing = false
    private(set) var retryAt: Moment?
    /// What went out unjournalled, the oldest first; of each call the latest that was decided.
    private var heldEvents: [CallEvent] = []
    private var heldCalls: [CallID: Call] = [:]
    private var heldAnswers: [CommandAnswer] = []
    private var heldTransmitters: [PointID: TransmitterState] = [:]

    init(_ store: any Store) { self.store = store }

    /// One commit for the batch and everything held back.
    mutating func write(_ batch: Journal.Batch, at moment: Moment) -> Outcome {
        guard !batch.isEmpty || isFailing else { return .written }
        var all = batch
        if isFailing {
            add(batch)
            all.events = heldEvents
            all.calls = Array(heldCalls.values)
            all.answers = heldAnswers
            all.transmitters = Array(heldTransmitters.values)
        }
        do {
            try store.commit(all)
            defer { self = JournalKeeper(store) }
            return isFailing ? .recovered : .written
        } catch {
            retryAt = moment + Self.retryAfter
            guard isFailing else {
                isFailing = true
                return .failed(reason: error.description)
            }
            return .failing
        }
    }

    /// There is no journal yet.
    mutating func beginFailing(at moment: Moment) {
        isFailing = true
        retryAt = moment + Self.retryAfter
    }

    /// Holds what went out unjournalled until the journal is tried again.
    mutating func add(_ batch: Journal.Batch) {
        heldEvents += batch.events
        heldEvents.removeFirst(max(0, heldEvents.count - Self.capacity))
        for call in batch.calls { heldCalls[call.id] = call }
        if heldCalls.count > Self.capacity, let closed = heldCalls.values.first(where: \.state.isClosed) {
            heldCalls[closed.id] = nil
        }
        heldAnswers += batch.answers
        for state in batch.transmitters { heldTransmitters[state.point] = state }
        heldAnswers.removeFirst(max(0, heldAnswers.count - CommandAnswer.remembered))
    }
}
