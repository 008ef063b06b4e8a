internal import CLinux
internal import CallContract
internal import CallCore
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// The thread of one receiver that decodes by itself: where its words come from, and what becomes of them.
final class ListeningThread: @unchecked Sendable {
    // SAFETY (unchecked Sendable): what other threads touch is behind a mutex, atomic or a constant; everything else
    // mutable belongs to the thread.
    private let receiver: RadioReceiver
    private let report: DecodingReceivers.Report
    private let wakeUp: WakeUp
    private let ended: DriverThread.Gate
    private let isStopping = Atomic(false)
    private let noted = Mutex(ReceiverStatistics())
    private let known = Mutex<[RadioTransmitter]>([])
    private var codes: DecodedCodes
    private var told: ReceiverCondition?

    private static let tryAgainAfter = Duration.seconds(5)

    init(_ receiver: RadioReceiver, report: @escaping DecodingReceivers.Report) throws(SystemError) {
        self.receiver = receiver
        self.report = report
        wakeUp = try WakeUp(orThrow: ())
        ended = try DriverThread.Gate(orThrow: ())
        codes = DecodedCodes(receiver.id, quietGap: receiver.source.quietGap)
    }

    func start() {
        do {
            try DriverThread.detach(named: "radio") { [self] in
                while !isStopping.load(ordering: .relaxed) { listen() }
                ended.open()
            }
        } catch { preconditionFailure("\(error)") }
    }

    func askToStop() {
        isStopping.store(true, ordering: .relaxed)
        wakeUp.wake()
    }

    /// Waits until it has.
    func awaitEnd() { _ = ended.pass(within: .seconds(2)) }

    /// As it was a moment ago.
    var statistics: ReceiverStatistics { noted.withLock { $0 } }

    /// Those whose kinds say what rtl_433's messages mean.
    var enrolled: [RadioTransmitter] {
        get { known.withLock { $0 } }
        set { known.withLock { $0 = newValue } }
    }

    /// Opens the source and reads it until it is gone, or nobody wants it any more.
    private func listen() {
        do throws(SourceGone) {
            guard let source = try receiver.source.open() else { return }
            defer { source.close() }
            try read(source)
        } catch {
            let moment = Moment.monotonic
            codes.pass(until: moment + receiver.source.quietGap)  // whoever is pressing is not heard to let go
            tell(.dead(error.reason))
            wakeUp.sleep(until: SuspendingClock().now + Self.tryAgainAfter)
        }
    }

    private func read(_ source: any WordSource) throws(SourceGone) {
        // A program that can't do its work ends soon after its start: until then it isn't said to work.
        let settled = Moment.monotonic + source.settlesAfter
        let framesBefore = codes.statistics.verdicts.frames
        var lines = Lines(longest: source.longestLine)
        while !isStopping.load(ordering: .relaxed) {
            let now = Moment.monotonic
            let isSettled = now >= settled || codes.statistics.verdicts.frames > framesBefore
            codes.pass(until: now)
            tell(isSettled ? codes.condition : nil)
            let deadline = [codes.nextDeadline, isSettled ? nil : settled].compactMap { $0 }.min()
            let wait = deadline.map { SuspendingClock().now + max(.zero, $0 - now) }
            guard wakeUp.sleep(until: wait, orReady: source.descriptor, for: Int32(POLLIN)) != 0 else { continue }
            lines.take(try source.read())
            let at = Moment.monotonic
            while let line = lines.next() { take(line, from: source, at: at) }
        }
    }

    private func take(_ line: String, from source: any WordSource, at moment: Moment) {
        if case .serial(let serial) = receiver.source {
            guard let (code, level) = serial.code(of: line) else { return codes.takeUnreadable() }
            return codes.take(code, level: level, at: moment)
        }
        // Beside its messages rtl_433 says much of itself; a datagram begins with syslog's own words.
        guard let start = line.firstIndex(of: "{") else { return source.note(line) }
        guard let message = DecodedMessage(json: line[start...]) else { return codes.takeUnreadable() }
        let found = message.codes(enrolled)
        if found.isEmpty { codes.takeUnreadable() }
        for code in found { codes.take(code, level: message.level, at: moment) }
    }

    /// - Parameter condition: how it is; nil while that is not yet known.
    private func tell(_ condition: ReceiverCondition?) {
        let presses = codes.takeReports()
        let statistics = codes.statistics
        noted.withLock { $0 = statistics }
        let news = condition.flatMap { $0 == told ? nil : ReceiverReport(receiver.id, $0) }
        told = condition ?? told
        if !presses.isEmpty || news != nil { report(presses, news) }
    }
}

extension RadioReceiver.Source {
    fileprivate var quietGap: Duration {
        if case .serial = self { DecodedCodes.gapOfPrinted } else { DecodedCodes.gapOfRTL433 }
    }
}

extension DecodedMessage {
    /// Reads a line of `rtl_433 -F json`; nil if it is none.
    init?(json: Substring) {
        guard case .object(let fields)? = try? WireJSON.read(JSONValue.self, from: Array(json.utf8)) else { return nil }
        self.init(
            fields.compactMapValues { value in
                switch value {
                case .number(let number): .number(number)
                case .string(let text): .text(text)
                case .bool(let flag): .number(flag ? 1 : 0)
                case .null, .array, .object: nil
                }
            })
    }
}

extension Moment {
    /// Now, by the monotonic clock.
    static var monotonic: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
