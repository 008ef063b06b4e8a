internal import CLinux
internal import CallCore
internal import Glibc

/// Notices that the wall clock has been set, without looking at it: a timer of the wall clock that the kernel cancels
/// when somebody steps it (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET).
///
/// A time service that finds the clock nearly right makes it synchronized without a step, of which the kernel tells
/// nobody; so while the clock is not synchronized, it is looked at once a minute. Nor does it tell that the service has
/// lost its server for so long that the clock is synchronized no more: one that is gets a look every ten minutes.
final class ClockWatch {
    /// To be polled for reading; -1, which poll(2) skips, where the kernel has no such timers.
    let descriptor: Int32
    private let isSynchronized: () -> Bool
    private let interval: Duration
    private var wasSynchronized: Bool

    /// Between two looks at a clock that is synchronized.
    private static let seldom = Duration.seconds(600)

    /// - Parameter interval: between two looks at a clock that is not synchronized.
    init(
        interval: Duration = .seconds(60),
        isSynchronized: @escaping () -> Bool = { SystemClock.quality.synchronized }
    ) {
        self.interval = interval
        self.isSynchronized = isSynchronized
        wasSynchronized = isSynchronized()
        descriptor = timerfd_create(CLOCK_REALTIME, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
        arm()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Called when the descriptor is readable, and makes it quiet again.
    /// - Returns: true if the wall clock was set, or has become synchronized or ceased to be, since the last call.
    func look() -> Bool {
        var expirations: UInt64 = 0
        // SAFETY: reads eight bytes into `expirations`.
        let wasSet = read(descriptor, &expirations, 8) < 0 && errno == ECANCELED
        let synchronized = isSynchronized()
        defer { wasSynchronized = synchronized }
        // Setting it again tells of a step in between.
        let wasSetMeanwhile = arm(synchronized)
        return wasSet || wasSetMeanwhile || synchronized != wasSynchronized
    }

    @discardableResult
    private func arm(_ synchronized: Bool? = nil) -> Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let wait = (synchronized ?? wasSynchronized) ? Self.seldom : interval
        let (seconds, attoseconds) = wait.components
        let nanoseconds = now.tv_nsec + Int(attoseconds / 1_000_000_000)
        var timer = itimerspec()
        timer.it_value.tv_sec = now.tv_sec + Int(seconds) + nanoseconds / 1_000_000_000
        timer.it_value.tv_nsec = nanoseconds % 1_000_000_000
        let flags = Int32(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)
        // SAFETY: the kernel reads `timer` before it returns.
        return timerfd_settime(descriptor, flags, &timer, nil) < 0 && errno == ECANCELED
    }
}
