/// Makes presses of the codes that a receiver with a decoder of its own tells: however many come for one finger, it is
/// one press.
public struct DecodedCodes: Sendable {
    private struct Press: Sendable {
        var frames: Int
        var last: Moment
        var level: Int?
    }

    /// Receivers that print every frame say the next one of a held button within a tenth of a second.
    public static let gapOfPrinted = Duration.milliseconds(400)
    /// rtl_433 looks at what its stick brings in pieces of 131,072 samples (`DEFAULT_BUF_LENGTH` in its rtl_433.h): at its
    /// usual 250,000 samples a second what it heard comes twice a second, or with one missed, once.
    public static let gapOfRTL433 = Duration.milliseconds(1200)
    /// More transmitters than these at once are not followed; the one heard longest ago counts as over.
    private static let capacity = 16

    private let receiver: ReceiverID
    private let quietGap: Duration
    private var presses: [RadioCode: Press] = [:]
    /// When the latest presses began, the oldest first.
    private var recent: [Moment] = []
    private var reports: [RadioReport] = []
    /// What came of it so far.
    public private(set) var statistics = ReceiverStatistics()
    /// `flooding` or `working`.
    public private(set) var condition = ReceiverCondition.working

    /// - Parameter quietGap: for so long a code doesn't come, and its press is over.
    public init(_ receiver: ReceiverID, quietGap: Duration) {
        self.receiver = receiver
        self.quietGap = quietGap
    }

    /// Takes in a code, and how strongly it came, in tenths of a dB.
    public mutating func take(_ code: RadioCode, level: Int?, at moment: Moment) {
        pass(until: moment)
        statistics.verdicts.frames += 1
        if presses[code] == nil {
            if presses.count == Self.capacity, let oldest = presses.min(by: { $0.value.last < $1.value.last }) {
                presses[oldest.key] = nil
                tell(.ended, oldest.key, oldest.value)
            }
            statistics.verdicts.presses += 1
            recent.append(moment)
            if recent.count > ReceiverEar.floodAt { recent.removeFirst() }
            tell(.began, code, Press(frames: 1, last: moment, level: level))
        }
        presses[code, default: Press(frames: 0, last: moment, level: level)].frames += 1
        presses[code]?.last = moment
    }

    /// Takes in something that is no code.
    public mutating func takeUnreadable() { statistics.verdicts.broken += 1 }

    /// Takes in that nothing has come until `moment`.
    public mutating func pass(until moment: Moment) {
        for (code, press) in presses.sorted(by: { $0.value.last < $1.value.last })
        where press.last + quietGap <= moment {
            presses[code] = nil
            tell(.ended, code, press)
        }
        let start = moment - .seconds(Int64(ReceiverEar.window))
        recent.removeAll { $0 < start }
        let isFlooding = condition != .working
        if recent.count >= ReceiverEar.floodAt || (isFlooding && recent.count > ReceiverEar.floodAt / 2) {
            if !isFlooding { condition = .flooding(ReceiverEar.floodText) }
        } else {
            condition = .working
        }
    }

    /// When ``pass(until:)`` is wanted at the latest, if nothing comes.
    public var nextDeadline: Moment? {
        let calm = condition == .working ? nil : recent.first.map { $0 + .seconds(Int64(ReceiverEar.window) + 1) }
        return (presses.values.map { $0.last + quietGap } + [calm].compactMap { $0 }).min()
    }

    /// The presses there are to tell.
    public mutating func takeReports() -> [RadioReport] {
        defer { reports = [] }
        return reports
    }

    private mutating func tell(_ phase: RadioReport.Phase, _ code: RadioCode, _ press: Press) {
        reports.append(
            RadioReport(
                receiver: receiver, code: code, phase: phase, at: press.last, frames: press.frames, level: press.level))
    }
}

extension SerialSource {
    /// The code of a line, and how strongly it came; nil if the line is another one.
    public func code(of line: String) -> (code: RadioCode, level: Int?)? {
        let bits = radioProtocol.usualBits
        guard let read = self.line.read(line), bits == 64 || read.code >> UInt64(bits) == 0 else { return nil }
        return (RadioCode(radioProtocol, value: read.code, bits: bits), read.level)
    }
}
