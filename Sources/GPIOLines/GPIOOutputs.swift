public import CallCore
internal import LinuxSupport

/// Lamps, buzzers and relays on lines of the kernel's GPIO chips, through libgpiod: one thread that plays their
/// patterns.
///
/// Lines are found as call points' are, each has a request of its own, and one in trouble is tried again after 1 s,
/// doubling to 10 s, and at once when a chip appears or a new list is given. Meanwhile its pattern goes on: when the
/// line comes back it shows what it is to show then.
///
/// Patterns run on the kernel's monotonic clock, each counted from its start: a change comes up to a millisecond late
/// and never drifts. While nothing blinks and no line is in trouble the thread has no timer.
///
/// A line is turned off before it is given back. If the process is killed outright the kernel gives it back, and most
/// chips then leave it as it was until the next start.
public final class GPIOOutputs: Sendable {
    private let mailbox = Mailbox<OutputsCommand>()
    private let thread: DriverThread

    /// - Parameter report: runs on the outputs thread: a `working` each time that a line has been taken, a `trouble`
    ///   once per change. While it runs nothing blinks: it should only put the reports somewhere.
    /// - Throws: `GPIOError` if the process has no descriptors or inotify watches left.
    public init(report: @escaping @Sendable ([OutputReport]) -> Void) throws(GPIOError) {
        let worker = try OutputsThread(mailbox: mailbox, report: report)
        thread = DriverThread(named: "outputs") { worker.run() }
    }

    deinit { mailbox.post(.stop) }

    /// Starts the thread; once. What was asked before is done then.
    public func start() { thread.start() }

    /// Drives these lines from now on and no others. It is the whole list: lines described as before keep their
    /// requests and patterns and don't flicker; others are turned off and given back first, then the new ones are
    /// requested. A line that moved goes on with its output's pattern; what was shown by outputs that aren't on the
    /// list is forgotten. Of two lines for one output the first counts.
    public func drive(_ lines: [OutputLine]) { mailbox.post(.drive(lines)) }

    /// Lets an output show this pattern from now on, in place of what it showed. One that plays once begins anew if it
    /// is shown again; one that repeats and is shown already goes on in its rhythm. An output whose line is in
    /// trouble, or comes only with the next list (up to 256 of those), shows it when it can. A pattern that isn't
    /// playable leaves the output off.
    public func show(_ output: OutputID, _ pattern: OutputPattern) { mailbox.post(.show(output, pattern)) }

    /// Runs `done` on the outputs thread: the proof that it makes progress. After `stop` it never runs.
    public func checkIn(_ done: @escaping @Sendable () -> Void) { mailbox.post(.checkIn(done)) }

    /// Turns everything off, gives every line back and ends the thread; waits for that for 1 s at most. Nothing is
    /// reported afterwards. Not to be called by `report`.
    public func stop() {
        mailbox.post(.stop)
        _ = thread.join(within: .seconds(1))
    }

    /// Requests each line as the driver would, off, and gives it back: what became of each, in their order. For
    /// `doctor` and commissioning; a line that a running gateway holds is `busy` with `GPIOLines.consumer` as its
    /// holder.
    public static func probe(_ lines: [OutputLine]) -> [OutputReport] {
        let directory = ChipDirectory()
        return lines.flatMap { line in
            OutputSlot(line, showing: PatternPlayer(.off, at: .now)).open(in: directory, at: .now)
        }
    }
}
