internal import CLinux
internal import Glibc

/// A thread of a driver's own: named, with a small stack, deaf to signals, and one that can be joined within a time.
public final class DriverThread: Sendable {
    private let body: @Sendable () -> Void
    private let ended = Gate()
    private let name: String

    /// Enough for libmosquitto, OpenSSL and SQLite, a thirtieth of the default. Only touched pages cost memory.
    public static let stackBytes = 256 * 1024

    /// - Parameters:
    ///   - name: at most 15 bytes, as `ps -L` and `top -H` show it.
    ///   - body: what the thread does; it ends when this returns.
    public init(named name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }

    /// Starts the thread; once. Ends the program where there is no thread to be had.
    public func start() {
        do throws(SystemError) {
            try Self.detach(named: name) { [self] in
                body()
                ended.open()
            }
        } catch { preconditionFailure("\(error)") }
    }

    /// Waits until the thread has ended.
    /// - Returns: false if it hasn't within `limit`.
    public func join(within limit: Duration) -> Bool { ended.pass(within: limit) }

    /// Starts a thread that nobody joins.
    ///
    /// - Parameters:
    ///   - name: at most 15 bytes.
    ///   - stackBytes: its stack.
    ///   - body: what the thread does; it ends when this returns.
    /// - Throws: where there is no thread to be had.
    public static func detach(
        named name: String, stackBytes: Int = stackBytes, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackBytes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // SAFETY: retained here and released once: by the thread or, if there is none, below.
        let entry = Unmanaged.passRetained(Entry(name: name, body: body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { context in
                // SAFETY: the entry that `detach` retained for this thread, exactly once.
                context.map { Unmanaged<Entry>.fromOpaque($0).takeRetainedValue() }?.run()
                return nil
            }, entry.toOpaque())
        guard code == 0 else {
            entry.release()
            throw SystemError(operation: "pthread_create '\(name)'", code: code)
        }
    }

    /// What a thread begins with.
    private final class Entry: Sendable {
        private let name: String
        private let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            clinux_name_thread(name)
            body()
        }
    }

    /// Opens once, and then lets everyone pass.
    public final class Gate: Sendable {
        private let wakeUp: WakeUp

        /// Ends the program where there are no descriptors left.
        public init() { wakeUp = WakeUp() }

        /// - Throws: where there are no descriptors left.
        public init(orThrow: Void) throws(SystemError) { wakeUp = try WakeUp(orThrow: ()) }

        /// Lets everyone pass from now on.
        public func open() { wakeUp.wake() }

        /// Waits until the gate is open.
        /// - Returns: false if it isn't within `limit`.
        public func pass(within limit: Duration) -> Bool { pass(by: SuspendingClock().now + limit) }

        /// Waits until the gate is open.
        /// - Returns: false if it isn't by the deadline.
        public func pass(by deadline: SuspendingClock.Instant) -> Bool { wakeUp.isAwake(by: deadline) }
    }
}
