internal import CallCore
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// What systemd is told: readiness, the status line, and the watchdog, as datagrams to `$NOTIFY_SOCKET` (the protocol
/// of sd_notify(3), which systemd keeps stable for programs that don't link its library).
struct ServiceManager {
    private let socket = getenv("NOTIFY_SOCKET").map { String(cString: $0) }
    private var lastStatus = ""

    func ready() { notify("READY=1") }
    func stopping() { notify("STOPPING=1") }

    func reloading(at moment: Moment) {
        notify("RELOADING=1\nMONOTONIC_USEC=\(moment.nanoseconds / 1000)")
    }

    mutating func status(_ text: String) {
        guard text != lastStatus else { return }
        lastStatus = text
        notify("STATUS=\(text)")
    }

    func feedWatchdog() { notify("WATCHDOG=1") }

    private func notify(_ state: String) {
        if let socket { UnixSocket.send(Array(state.utf8), to: socket) }
    }
}

/// Feeds systemd's watchdog only when every thread has made progress since the last time.
///
/// Each round asks every thread to check in; the next round feeds if all have.
struct Watchdog {
    private let interval: Duration
    private let threads: [(name: String, checkIn: (@escaping @Sendable () -> Void) -> Void)]
    private let missing = CheckIns()
    private(set) var due: Moment

    /// Nil when nobody wants a watchdog fed (`$WATCHDOG_USEC`, sd_watchdog_enabled(3)).
    init?(
        from now: Moment, threads: [(name: String, checkIn: (@escaping @Sendable () -> Void) -> Void)]
    ) {
        guard let text = getenv("WATCHDOG_USEC"), let microseconds = Int64(String(cString: text)), microseconds > 0,
            getenv("WATCHDOG_PID").map({ String(cString: $0) == String(getpid()) }) ?? true
        else { return nil }
        interval = .microseconds(microseconds / 3)
        self.threads = threads
        due = now
    }

    /// - Returns: the threads that did not check in since the last round; the watchdog is fed if there are none.
    mutating func round(at now: Moment, _ manager: ServiceManager) -> [String] {
        guard now >= due else { return [] }
        due = now + interval
        let late = missing.names
        if late.isEmpty {
            manager.feedWatchdog()
            for thread in threads {
                missing.await(thread.name)
                let missing = missing
                let name = thread.name
                thread.checkIn { missing.arrived(name) }
            }
        }
        return late
    }
}

/// Which threads have yet to check in.
private final class CheckIns: Sendable {
    private let state = Mutex<Set<String>>([])

    var names: [String] { state.withLock { $0.sorted() } }
    func await(_ name: String) { state.withLock { _ = $0.insert(name) } }
    func arrived(_ name: String) { state.withLock { _ = $0.remove(name) } }
}
