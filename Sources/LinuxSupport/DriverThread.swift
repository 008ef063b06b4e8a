internal import CLinux
internal import Glibc

/// A thread of a driver's own: named, with a small stack, deaf to signals, and one that can be joined within a time.
public final class DriverThread: @unchecked Sendable {
    // SAFETY (unchecked Sendable): everything here is set before the thread starts, and never after.
    private let body: @Sendable () -> Void
    private let ended = Gate()
    private let name: String

    /// Enough for libmosquitto, OpenSSL and SQLite, a thirtieth of the default. Only touched pages cost memory.
    static let stackBytes = 256 * 1024

    /// - Parameters:
    ///   - name: at most 15 bytes, as `ps -L` and `top -H` show it.
    ///   - body: what the thread does; it ends when this returns.
    public init(named name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }

    /// Starts the thread; once.
    public func start() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        // SAFETY: the retained reference is taken back by the thread's own entry, exactly once.
        let context = Unmanaged.passRetained(self).toOpaque()
        let code = pthread_create(
            &thread, &attributes,
            { context in
                Unmanaged<DriverThread>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context)
        precondition(code == 0, "no thread \(name): \(String(cString: strerror(code)))")
        pthread_attr_destroy(&attributes)
    }

    /// Waits until the thread has ended.
    /// - Returns: false if it hasn't within `limit`.
    public func join(within limit: Duration) -> Bool { ended.pass(within: limit) }

    private func run() {
        clinux_name_thread(name)
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        body()
        ended.open()
    }

    /// Opens once, and then lets everyone pass.
    public final class Gate: Sendable {
        private let descriptor = WakeUp()

        public init() {}

        /// Lets everyone pass from now on.
        public func open() { descriptor.wake() }

        /// Waits until the gate is open.
        /// - Returns: false if it isn't within `limit`.
        public func pass(within limit: Duration) -> Bool {
            var entry = pollfd(fd: descriptor.descriptor, events: Int16(POLLIN), revents: 0)
            let (seconds, attoseconds) = limit.components
            return poll(&entry, 1, Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000)) > 0
        }
    }
}

/// Wakes a thread that polls. Any number of wake-ups before it looks count as one.
public final class WakeUp: Sendable {
    /// To be polled for reading.
    public let descriptor: Int32

    public init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(descriptor >= 0, "no eventfd: \(String(cString: strerror(errno)))")
    }

    deinit { close(descriptor) }

    /// Wakes the thread; may be called from any other.
    public func wake() { eventfd_write(descriptor, 1) }

    /// Makes the descriptor quiet again; called by the thread that woke up, before it looks for its work.
    public func clear() {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
    }
}
