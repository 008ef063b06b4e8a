internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// One attempt to reach a broker, on a thread of its own.
///
/// libmosquitto's connect blocks in getaddrinfo(3), which no signal ends, and in connect(2), which gives up a black
/// hole after two minutes. So it is called where nobody waits for it: the network thread keeps answering its watchdog,
/// `retryNow` and `stop`, and nudges this thread out of connect(2) when an address has had its time, upon which
/// libmosquitto tries the name's next address. An abandoned dial ends by itself and takes its connection with it.
final class Dial: Sendable {
    private struct State {
        /// With the dialler from the start until it has ended, then here until taken.
        var connection: Connection?
        var result: LibraryResult?
        var isAbandoned = false
        /// Set while the thread runs and may be nudged.
        var thread: pthread_t?
        var hasEnded = false
    }

    private let state = Mutex(State())
    /// Woken when the dial has ended.
    private let done: WakeUp

    /// getaddrinfo's name service modules and OpenSSL's reading of certificates need more than the network thread.
    private static let stackBytes = 512 * 1024

    private init(done: WakeUp) { self.done = done }

    static func start(
        _ connection: Connection, _ configuration: MQTTLink.Configuration, done: WakeUp
    ) throws(SystemError) -> Dial {
        let dial = Dial(done: done)
        try DriverThread.detach(named: "mqtt-dial", stackBytes: stackBytes) { dial.run(connection, configuration) }
        return dial
    }

    private func run(_ connection: Connection, _ configuration: MQTTLink.Configuration) {
        Nudge.allow()
        state.withLock { $0.thread = pthread_self() }
        let result = connection.dial(configuration)
        let isAbandoned = state.withLock { state in
            state.thread = nil
            if !state.isAbandoned { (state.connection, state.result) = (connection, result) }
            return state.isAbandoned
        }
        // CONNECT has gone out already, and with it the will: take it back.
        if isAbandoned && result.isSuccess { connection.disconnect() }
        state.withLock { $0.hasEnded = true }
        done.wake()
    }

    /// Ends a connect(2) that is under way; the name's next address is tried. A name look-up goes on.
    func nudge() {
        state.withLock { state in
            // Under the lock the thread cannot end: it clears `thread` first.
            if let thread = state.thread { Nudge.send(to: thread) }
        }
    }

    /// The connection and how it went, once the dial has ended.
    func take() -> (Connection, LibraryResult)? {
        state.withLock { state in
            guard let connection = state.connection, let result = state.result else { return nil }
            state.connection = nil
            return (connection, result)
        }
    }

    /// Nobody waits any more. What it still brings is closed.
    func abandon() {
        let late = state.withLock { state in
            state.isAbandoned = true
            defer { state.connection = nil }
            return state.result?.isSuccess == true ? state.connection : nil
        }
        late?.disconnect()
        nudge()
    }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }
}
