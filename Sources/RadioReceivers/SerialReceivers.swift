public import CallCore
public import LinuxSupport
internal import Synchronization

/// Radio receivers behind serial ports, which decode by themselves and print what they hear: a thread for each.
///
/// A port that can't be opened, or is pulled out, is tried again every five seconds.
public final class SerialReceivers: Sendable {
    /// What one receiver heard, and how it is if that has changed.
    public typealias Report = @Sendable ([RadioReport], ReceiverReport?) -> Void

    private let report: Report
    private let running = Mutex<[(receiver: RadioReceiver, thread: SerialThread)]>([])

    /// - Parameter report: runs on a receiver's thread. It should only put the reports somewhere.
    public init(report: @escaping Report) { self.report = report }

    deinit { stop() }

    /// Listens to those of these receivers that are behind serial ports, from now on, and to no others. Those described
    /// as before go on undisturbed.
    /// - Throws: if the process has no descriptors left.
    public func listen(_ receivers: [RadioReceiver]) throws(SystemError) {
        let before = running.withLock { $0 }
        var all = before.filter { receivers.contains($0.receiver) }
        for old in before where !receivers.contains(old.receiver) { old.thread.stop() }
        defer { running.withLock { $0 = all } }
        for receiver in receivers where !all.contains(where: { $0.receiver == receiver }) {
            guard let source = receiver.serial else { continue }
            let thread = try SerialThread(receiver.id, source, report: report)
            thread.start()
            all.append((receiver, thread))
        }
    }

    /// What came of what each printed.
    public var statistics: [ReceiverID: ReceiverStatistics] {
        let running = running.withLock { $0 }
        return Dictionary(
            running.map { ($0.receiver.id, $0.thread.statistics) }, uniquingKeysWith: { first, _ in first })
    }

    /// Closes every port and ends the threads.
    public func stop() {
        let before = running.withLock { running in
            defer { running = [] }
            return running
        }
        for old in before { old.thread.stop() }
    }
}
