internal import CMosquitto
internal import LinuxSupport

/// A connection to the first broker that answers, kept up for ever on a thread of its own.
///
/// Knows bytes only. Never queues: `publish` hands a message to the socket or throws, and what was not acknowledged
/// when a connection ends is the caller's to send again.
public final class MQTTLink: Sendable {
    private let worker: NetworkThread
    private let thread: DriverThread

    /// - Parameters:
    ///   - attempt: called on the link's thread before every attempt.
    ///   - report: called on the link's thread, sometimes inside the library: it should only put the report somewhere.
    public init(
        _ settings: Settings, attempt: @escaping @Sendable () -> Attempt,
        report: @escaping @Sendable (LinkReport) -> Void
    ) {
        _ = Self.library
        let worker = NetworkThread(settings, attempt: attempt, report: report)
        self.worker = worker
        thread = DriverThread(named: "mqtt") { worker.run() }
    }

    /// The library's one-time start; it has no matching end before the process ends.
    private static let library: Int32 = mosquitto_lib_init()

    public func start() { thread.start() }

    /// Hands one message to the broker's socket.
    public func publish(_ message: Message) throws(PublishError) -> PublishID { try worker.publish(message) }

    /// Subscribes with QoS 1 on the connection in use; nothing happens without one.
    public func subscribe(_ filter: String) { worker.withConnection { $0.subscribe(filter) } }
    public func unsubscribe(_ filter: String) { worker.withConnection { $0.unsubscribe(filter) } }

    /// Cuts a wait between attempts short, at most once a second.
    public func retryNow() { worker.post(.retry) }

    /// Runs `done` on the link's thread, as proof that it makes progress. A connection attempt ends first.
    public func checkIn(_ done: @escaping @Sendable () -> Void) { worker.post(.run(done)) }

    /// Publishes a last message if there is a connection, waits for its PUBACK, and disconnects so that the broker
    /// forgets the will. Returns within `limit`, whatever hangs; the thread then ends when it can.
    public func stop(lastWords: Message?, within limit: Duration) {
        worker.post(.stop(lastWords, limit))
        _ = thread.join(within: limit)
    }
}
