public import CallCore
public import LinuxSupport
internal import Synchronization

/// Radio receivers that decode by themselves and say what they hear: behind a serial port, a program, or a socket that an
/// rtl_433 elsewhere sends to. A thread for each.
///
/// What can't be opened, is pulled out or ends is tried again every five seconds.
public final class DecodingReceivers: Sendable {
    /// What one receiver heard, and how it is if that has changed.
    public typealias Report = @Sendable ([RadioReport], ReceiverReport?) -> Void

    private let report: Report
    private let running = Mutex<[(receiver: RadioReceiver, thread: ListeningThread)]>([])

    /// - Parameter report: runs on a receiver's thread. It should only put the reports somewhere.
    public init(report: @escaping Report) { self.report = report }

    deinit { stop() }

    /// Listens to those of these receivers that decode by themselves, from now on, and to no others. Those described as
    /// before go on undisturbed.
    /// - Parameter enrolled: the transmitters whose kinds say what rtl_433's messages mean.
    /// - Throws: if the process has no descriptors left.
    public func listen(_ receivers: [RadioReceiver], for enrolled: [RadioTransmitter]) throws(SystemError) {
        let known = enrolled.filter { $0.device.model != nil }
        let before = running.withLock { $0 }
        var all = before.filter { receivers.contains($0.receiver) }
        Self.stop(before.filter { !receivers.contains($0.receiver) })
        defer { running.withLock { $0 = all } }
        for entry in all { entry.thread.enrolled = known }
        for receiver in receivers where !all.contains(where: { $0.receiver == receiver }) {
            guard receiver.decodesItself else { continue }
            let thread = try ListeningThread(receiver, report: report)
            thread.enrolled = known
            thread.start()
            all.append((receiver, thread))
        }
    }

    /// What came of what each said.
    public var statistics: [ReceiverID: ReceiverStatistics] {
        let running = running.withLock { $0 }
        return Dictionary(
            running.map { ($0.receiver.id, $0.thread.statistics) }, uniquingKeysWith: { first, _ in first })
    }

    /// Closes every port, ends every program and the threads.
    public func stop() {
        let before = running.withLock { running in
            defer { running = [] }
            return running
        }
        Self.stop(before)
    }

    /// All at the same time: a program may take its time to end.
    private static func stop(_ receivers: [(receiver: RadioReceiver, thread: ListeningThread)]) {
        for old in receivers { old.thread.askToStop() }
        for old in receivers { old.thread.awaitEnd() }
    }
}
