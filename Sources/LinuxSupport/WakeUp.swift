internal import CLinux
internal import Glibc

/// Wakes a thread that polls: an eventfd(2). Any number of wake-ups before it looks count as one.
public final class WakeUp: Sendable {
    /// To be polled for reading.
    public let descriptor: Int32

    /// For a part that the program can't do without: ends it where there are no descriptors left.
    public convenience init() {
        do { try self.init(orThrow: ()) } catch { preconditionFailure("\(error)") }
    }

    /// - Throws: where there are no descriptors left.
    public init(orThrow: Void) throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw SystemError(operation: "eventfd", code: errno) }
    }

    deinit { close(descriptor) }

    /// Wakes the thread; may be called from any other.
    public func wake() { eventfd_write(descriptor, 1) }

    /// Makes the descriptor quiet again; called by the thread that woke up, before it looks for its work.
    public func clear() {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
    }

    /// Sleeps until woken or until `deadline` (nil: for ever); being woken is cleared. A signal ends it too.
    public func sleep(until deadline: SuspendingClock.Instant?) { _ = sleep(until: deadline, orReady: -1, for: 0) }

    /// Sleeps until woken, until the descriptor `other` is ready for `events` (poll(2)), or until `deadline` (nil: for
    /// ever); being woken is cleared. A signal ends it too.
    ///
    /// - Returns: What poll(2) says of `other`; 0 for nothing.
    public func sleep(until deadline: SuspendingClock.Instant?, orReady other: Int32, for events: Int32) -> Int32 {
        var descriptors = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(events), revents: 0),
        ]
        // SAFETY: poll writes into the two elements of the array only.
        let count = poll(&descriptors, 2, Self.milliseconds(until: deadline))
        if count > 0 && descriptors[0].revents != 0 { clear() }
        return count > 0 ? Int32(descriptors[1].revents) : 0
    }

    /// Waits until woken, and leaves it so for every other waiter.
    /// - Returns: false if nobody has woken it by the deadline.
    public func isAwake(by deadline: SuspendingClock.Instant) -> Bool {
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // SAFETY: poll writes into the one structure only.
            let count = poll(&entry, 1, Self.milliseconds(until: deadline))
            if count > 0 { return true }
            if count == 0 && SuspendingClock().now >= deadline { return false }
        }
    }

    /// For poll(2); rounded up, so that a sleeper does not wake a moment too early and go round again.
    private static func milliseconds(until deadline: SuspendingClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let (seconds, attoseconds) = (deadline - SuspendingClock().now).components
        if seconds < 0 || attoseconds < 0 { return 0 }
        return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

/// What the kernel refused.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call, and what for: `pthread_create 'mqtt'`.
    public let operation: String
    /// errno(3).
    public let code: Int32

    public init(operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    public var description: String {
        // SAFETY: glibc's strerror answers from storage of this thread (since 2.32), copied here before any other call.
        "\(operation): \(String(cString: strerror(code)))"
    }
}
