public import CallCore
internal import Glibc

/// What comes to the agent loop.
public enum AgentInput: Sendable {
    case line(LineReport)
    case radio(RadioReport)
    case receiver(ReceiverReport)
    case link(LinkInput)
    /// Run on the loop with the agent in hand: the control socket's questions, a reload, a stop.
    case task(@Sendable (GatewayAgent) -> Void)
}

/// The one queue into the agent loop: many threads put, the loop takes all there is.
///
/// Bounded. Edges beyond `lineCapacity` are dropped, and each line concerned gets one `lost` report with its latest
/// level instead, exactly as if the kernel had dropped them: a flickering line can fill neither memory nor the loop.
/// Messages beyond `messageCapacity` are dropped and counted: a desk that hears no reply asks again. What is read back
/// from the broker after connecting comes all at once, while the loop may be waiting for a slow card: it has a bound of
/// its own, `retainedCapacity`. Everything else is few by construction.
public final class Inbox: @unchecked Sendable {
    // SAFETY (unchecked Sendable): every stored property below is touched with `mutex` held only.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var inputs: [AgentInput] = []
    private var lines = 0
    private var radio = 0
    private var messages = 0
    private var retained = 0
    private var overflowed: [PointID: LineReport] = [:]
    private var droppedMessages = 0

    private static let radioCapacity = 8192
    private let lineCapacity: Int
    private let messageCapacity: Int
    private let retainedCapacity: Int

    public init(lineCapacity: Int = 8192, messageCapacity: Int = 256, retainedCapacity: Int = 4096) {
        self.lineCapacity = lineCapacity
        self.messageCapacity = messageCapacity
        self.retainedCapacity = retainedCapacity
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(filled, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(mutex)
        filled.deallocate()
        mutex.deallocate()
    }

    /// Puts one batch of a driver's reports.
    public func put(_ reports: [LineReport]) {
        locked {
            for report in reports { add(report) }
        }
    }

    /// Puts presses that a receiver heard. Two equal frames take a twentieth of a second, so that the loop would have to
    /// stand for minutes until some are dropped.
    public func put(_ reports: [RadioReport]) {
        locked {
            for report in reports where radio < Self.radioCapacity {
                radio += 1
                inputs.append(.radio(report))
            }
        }
    }

    /// Puts how a receiver is.
    public func put(_ report: ReceiverReport) { locked { inputs.append(.receiver(report)) } }

    /// Puts what the transport tells.
    public func put(_ link: LinkInput) {
        locked {
            if case .received(let message) = link, !admit(message) {
                droppedMessages += 1
                return
            }
            inputs.append(.link(link))
        }
    }

    private func admit(_ message: IncomingMessage) -> Bool {
        if message.retained {
            retained += 1
            return retained <= retainedCapacity
        }
        messages += 1
        return messages <= messageCapacity
    }

    /// Puts work for the loop.
    public func put(_ task: @escaping @Sendable (GatewayAgent) -> Void) {
        locked { inputs.append(.task(task)) }
    }

    /// Everything there is, in order; waits for something until `deadline` if there is nothing.
    public func take(until deadline: Moment?) -> [AgentInput] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while inputs.isEmpty, overflowed.isEmpty {
            guard wait(until: deadline) else { break }
        }
        let taken = inputs + overflowed.values.map { .line($0) }
        inputs.removeAll(keepingCapacity: inputs.count <= 256)
        overflowed.removeAll()
        (lines, radio, messages, retained) = (0, 0, 0, 0)
        return taken
    }

    /// Messages dropped since last asked.
    public func takeDroppedMessages() -> Int {
        locked {
            defer { droppedMessages = 0 }
            return droppedMessages
        }
    }

    private func add(_ report: LineReport) {
        switch report {
        case .armed, .trouble:  // few, and they end what was known before
            overflowed[report.point] = nil
            inputs.append(.line(report))
        case .edge(let point, let made, let at), .lost(let point, let made, let at):
            if lines < lineCapacity, overflowed[point] == nil {
                lines += 1
                inputs.append(.line(report))
            } else {
                overflowed[point] = .lost(point, made: made, at: at)
            }
        }
    }

    /// False when the deadline has passed.
    private func wait(until deadline: Moment?) -> Bool {
        guard let deadline else {
            pthread_cond_wait(filled, mutex)
            return true
        }
        var time = timespec(
            tv_sec: Int(deadline.nanoseconds / 1_000_000_000), tv_nsec: Int(deadline.nanoseconds % 1_000_000_000))
        return pthread_cond_timedwait(filled, mutex, &time) != ETIMEDOUT
    }

    private func locked<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_signal(filled)
            pthread_mutex_unlock(mutex)
        }
        return body()
    }
}
