public import CallCore
internal import CGpiod
internal import Glibc
internal import Synchronization

/// The lines of the kernel's GPIO chips, through libgpiod: one thread that waits for edges and reports them.
///
/// Every line has a request of its own, so a line in trouble leaves the others alone. An idle driver with working
/// lines sleeps until something happens: it has no timer. A line in trouble is tried again after 1 s, doubling to
/// 10 s, and at once when a chip appears or a new list is given.
///
/// What one wake-up found is reported as one batch in the order of the kernel's times; the edges of one line are in
/// order over batches too. `armed` and `lost` carry the moment before the level was read, and edges that such a
/// reading already shows are left out. An edge whose interrupt was being handled while its line's level was read may
/// come late and be stamped before that reading; it is left out as well.
///
/// Times are the kernel's `CLOCK_MONOTONIC` stamps, which Linux 5.7 and later give.
public final class GPIOLines: Sendable {
    /// What the kernel tells others who ask for a line that this driver holds.
    public static let consumer = "courtyard-gateway"
    /// The library that was compiled in, such as `libgpiod 1.6.3`.
    public static var library: String {
        // SAFETY: a static NUL-terminated string.
        String(cString: cgpiod_version())
    }

    private let report: @Sendable ([LineReport]) -> Void
    private let state = Mutex(State.new(waiting: []))

    private enum State: Sendable {
        /// With the list to begin with and check-ins that wait for the start.
        case new(waiting: [LinesCommand])
        case running(Mailbox, LinesPthread)
        case stopped
    }

    /// - Parameter report: runs on the lines thread. While it runs edges wait in the kernel, 16 per line with
    ///   libgpiod 1.6: it should only put the batch somewhere.
    public init(report: @escaping @Sendable ([LineReport]) -> Void) { self.report = report }

    deinit { stop() }

    /// Starts the thread. A driver that was stopped stays stopped.
    public func start() throws(GPIOError) {
        let mailbox = try Mailbox()
        let worker = try LinesThread(mailbox: mailbox, report: report)
        let failure: GPIOError? = state.withLock { state in
            guard case .new(let waiting) = state else { return .alreadyStarted }
            do throws(GPIOError) {
                let thread = try LinesPthread(running: worker)
                state = .running(mailbox, thread)
            } catch {
                return error
            }
            for command in waiting { mailbox.post(command) }
            return nil
        }
        if let failure { throw failure }
    }

    /// Watches these lines from now on and no others. It is the whole list: lines described as before keep their
    /// requests and lose no edge; others are given back first, then the new ones are requested. Each new line gives
    /// an `armed` or a `trouble`. Points are unique; of two lines for one point the first counts.
    public func watch(_ lines: [WatchedLine]) { post(.watch(lines)) }

    /// Runs `done` on the lines thread, after the batch of that wake-up: the proof that the thread makes progress.
    /// After `stop` it never runs.
    public func checkIn(_ done: @escaping @Sendable () -> Void) { post(.checkIn(done)) }

    /// The points whose lines have no interrupts and are therefore sampled every 5 ms.
    public var sampled: [PointID] {
        state.withLock { state in
            if case .running(let mailbox, _) = state { mailbox.sampled } else { [] }
        }
    }

    /// Gives every line back and ends the thread. When it returns nothing more will be reported, unless `report`
    /// itself called it: then the thread ends after that batch.
    public func stop() {
        let running: (Mailbox, LinesPthread)? = state.withLock { state in
            defer { state = .stopped }
            if case .running(let mailbox, let thread) = state { return (mailbox, thread) }
            return nil
        }
        guard let (mailbox, thread) = running else { return }
        mailbox.post(.stop)
        thread.finish()
    }

    private func post(_ command: LinesCommand) {
        state.withLock { state in
            switch state {
            case .new(let waiting): state = .new(waiting: waiting + [command])
            case .running(let mailbox, _): mailbox.post(command)
            case .stopped: break
            }
        }
    }
}
