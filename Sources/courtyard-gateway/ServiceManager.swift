internal import CSystemd
internal import CallCore
internal import Glibc
internal import Synchronization

/// What systemd is told: readiness, the status line, and the watchdog (sd_notify(3)).
struct ServiceManager {
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

    private func notify(_ state: String) { sd_notify(0, state) }
}

/// Feeds systemd's watchdog only when every thread has made progress since the last time.
///
/// Each round asks every thread to check in; the next round feeds if all have.
struct Watchdog {
    private let interval: Duration
    private let threads: [(name: String, checkIn: (@escaping @Sendable () -> Void) -> Void)]
    private let missing = CheckIns()
    private(set) var due: Moment

    /// Nil when nobody wants a watchdog fed (`$WATCHDOG_USEC`).
    init?(
        from now: Moment, threads: [(name: String, checkIn: (@escaping @Sendable () -> Void) -> Void)]
    ) {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        interval = .microseconds(Int64(microseconds / 3))
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
