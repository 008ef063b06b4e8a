internal import CGpiod
public import CallCore
internal import LinuxSupport

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
/// Times are the kernel's `CLOCK_MONOTONIC` stamps, which Linux 5.7 and later give. Bias is always requested, which
/// kernels before 5.5 refuse.
public final class GPIOLines: Sendable {
    /// What the kernel tells others who ask for a line that this driver, or `GPIOOutputs`, holds.
    public static let consumer = "courtyard-gateway"
    /// The library that was compiled in, such as `libgpiod 1.6.3`.
    public static var library: String {
        // SAFETY: a static NUL-terminated string.
        String(cString: cgpiod_version())
    }

    private let mailbox = Mailbox<LinesCommand>()
    private let sampledPoints = SampledPoints()
    private let thread: DriverThread

    /// - Parameter report: runs on the lines thread. While it runs edges wait in the kernel, 16 per line with
    ///   libgpiod 1.6: it should only put the batch somewhere.
    /// - Throws: `GPIOError` if the process has no descriptors or inotify watches left.
    public init(report: @escaping @Sendable ([LineReport]) -> Void) throws(GPIOError) {
        let worker = try LinesThread(mailbox: mailbox, sampled: sampledPoints, report: report)
        thread = DriverThread(named: "lines") { worker.run() }
    }

    deinit { mailbox.post(.stop) }

    /// Starts the thread; once. What was asked before is done then.
    public func start() { thread.start() }

    /// Watches these lines from now on and no others. It is the whole list: lines described as before keep their
    /// requests and lose no edge; others are given back first, then the new ones are requested. Each new line gives
    /// an `armed` or a `trouble`. Points are unique; of two lines for one point the first counts.
    public func watch(_ lines: [WatchedLine]) { mailbox.post(.watch(lines)) }

    /// Runs `done` on the lines thread, after the batch of that wake-up: the proof that the thread makes progress.
    /// After `stop` it never runs.
    public func checkIn(_ done: @escaping @Sendable () -> Void) { mailbox.post(.checkIn(done)) }

    /// The points whose lines have no interrupts and are therefore sampled every 5 ms.
    public var sampled: [PointID] { sampledPoints.now }

    /// Gives every line back and ends the thread; waits for that for 1 s at most. Nothing is reported afterwards.
    /// Not to be called by `report`.
    public func stop() {
        mailbox.post(.stop)
        _ = thread.join(within: .seconds(1))
    }
}
