public import CallCore
internal import LinuxSupport
internal import Synchronization

/// Radio receivers whose DATA pins are lines of the kernel's GPIO chips: a thread for each, which decodes what the pin
/// shows. Noise stays there: only presses, and changes of a receiver's condition, are reported.
///
/// A pin that can't be had, or is gone, is tried again after 1 s, doubling to 10 s.
public final class GPIOReceivers: Sendable {
    /// What one receiver heard, and how it is if that has changed.
    public typealias Report = @Sendable ([RadioReport], ReceiverReport?) -> Void

    /// One receiver's settings and its thread.
    private struct Running: Sendable {
        let receiver: RadioReceiver
        let protocols: Set<RadioProtocol>
        let thread: ReceiverThread
    }

    private let report: Report
    private let running = Mutex<[Running]>([])

    /// - Parameter report: runs on a receiver's thread. It should only put the reports somewhere.
    public init(report: @escaping Report) { self.report = report }

    deinit { stop() }

    /// Listens to these receivers from now on and no others. Those described as before go on undisturbed; others are
    /// given back first.
    /// - Throws: if the process has no descriptors left; then those that were there before it go on.
    public func listen(_ receivers: [RadioReceiver], for protocols: Set<RadioProtocol>) throws(GPIOError) {
        let before = running.withLock { $0 }
        let kept = before.filter { receivers.contains($0.receiver) && $0.protocols == protocols }
        var all = kept
        for old in before where !kept.contains(where: { $0.receiver == old.receiver }) { old.thread.stop() }
        defer { running.withLock { $0 = all } }
        for receiver in receivers where !kept.contains(where: { $0.receiver == receiver }) {
            guard case .pin(let address) = receiver.source else { continue }
            let thread = try ReceiverThread(receiver, at: address, for: protocols, report: report)
            thread.start()
            all.append(Running(receiver: receiver, protocols: protocols, thread: thread))
        }
    }

    /// What came of what each gave out.
    public var statistics: [ReceiverID: ReceiverStatistics] {
        let running = running.withLock { $0 }
        return Dictionary(
            running.map { ($0.receiver.id, $0.thread.statistics) }, uniquingKeysWith: { first, _ in first })
    }

    /// Runs `done` once every receiver's thread has come round: the proof that they make progress.
    public func checkIn(_ done: @escaping @Sendable () -> Void) {
        let threads = running.withLock { $0.map(\.thread) }
        guard !threads.isEmpty else { return done() }
        let missing = Counter(threads.count, done)
        for thread in threads { thread.checkIn { missing.countDown() } }
    }

    /// Gives every pin back and ends the threads.
    public func stop() {
        for old in running.withLock({ $0 }) { old.thread.stop() }
        running.withLock { $0 = [] }
    }

    /// Runs something when so many others are done.
    private final class Counter: Sendable {
        private let left: Mutex<Int>
        private let done: @Sendable () -> Void

        init(_ count: Int, _ done: @escaping @Sendable () -> Void) {
            left = Mutex(count)
            self.done = done
        }

        func countDown() {
            let isLast = left.withLock { left in
                left -= 1
                return left == 0
            }
            if isLast { done() }
        }
    }
}
