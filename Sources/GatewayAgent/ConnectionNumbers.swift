internal import Synchronization

/// Numbers for connections: counting up for ever, over restarts and power cuts. They are reserved in the journal a
/// thousand at a time, so that trying to reach a dead broker all night doesn't wear the card.
public final class ConnectionNumbers: Sendable {
    static let reservedAtOnce: UInt64 = 1000
    static let reservedAhead: UInt64 = 500

    private struct State {
        var last: UInt64
        var limit: UInt64
    }

    private let state: Mutex<State>

    /// - Parameter limit: up to here numbers may have been used before.
    init(usedUpTo limit: UInt64) { state = Mutex(State(last: limit, limit: limit)) }

    /// The next number. Called on the transport's thread.
    public func next() -> UInt64 {
        state.withLock { state in
            state.last += 1
            return state.last
        }
    }

    /// What should be reserved in the journal now; nil while enough is.
    func limitToReserve() -> UInt64? {
        state.withLock { $0.last + Self.reservedAhead > $0.limit ? $0.last + Self.reservedAtOnce : nil }
    }

    /// What is reserved.
    var limit: UInt64 { state.withLock { $0.limit } }

    /// The journal has it.
    func reserved(_ limit: UInt64) { state.withLock { $0.limit = limit } }
}
