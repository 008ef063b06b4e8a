internal import CLinux
internal import Glibc

/// The monotonic clock every decision of the link is made on (CLOCK_MONOTONIC, as `SuspendingClock` reads it).
typealias Tick = SuspendingClock.Instant

/// An eventfd: one thread sleeps on it, any thread ends the sleep.
final class Wakeup: Sendable {
    let descriptor: Int32

    init() throws(MQTTError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .system(operation: "eventfd", errno: errno) }
    }

    deinit { close(descriptor) }

    func ring() {
        var one: UInt64 = 1
        // SAFETY: writes the eight bytes of `one`. It can fail only when the counter is full, that is, rung already.
        _ = write(descriptor, &one, 8)
    }

    func clear() {
        var count: UInt64 = 0
        // SAFETY: reads eight bytes into `count`; EAGAIN when it was not rung.
        _ = read(descriptor, &count, 8)
    }

    /// Sleeps until rung, until `other` is ready for `events`, or until `deadline` (nil: for ever). Returns what poll(2)
    /// says of `other`; 0 for none.
    func sleep(until deadline: Tick?, orReady other: Int32 = -1, for events: Int32 = POLLIN) -> Int32 {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(events), revents: 0),
        ]
        // SAFETY: poll writes into the two elements of the array only.
        let count = poll(&descriptors, 2, milliseconds(until: deadline))
        if count > 0 && descriptors[0].revents != 0 { clear() }
        return count > 0 ? Int32(descriptors[1].revents) : 0
    }

    /// True when rung before the deadline. It stays rung, for every other waiter.
    func isRung(by deadline: Tick) -> Bool {
        while true {
            var descriptor = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // SAFETY: poll writes into the one structure only.
            let count = poll(&descriptor, 1, milliseconds(until: deadline))
            if count > 0 { return true }
            if count == 0 && SuspendingClock().now >= deadline { return false }
        }
    }

    /// Rounded up, so that a sleeper does not wake a moment too early and go round again.
    private func milliseconds(until deadline: Tick?) -> Int32 {
        guard let deadline else { return -1 }
        let (seconds, attoseconds) = (deadline - SuspendingClock().now).components
        if seconds < 0 || attoseconds < 0 { return 0 }
        return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
