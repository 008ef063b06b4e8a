/// Makes presses of believed frames: however many frames a finger brings, it is one press, held while they come.
struct RadioPresses: Sendable {
    private struct Press: Sendable {
        let code: RadioCode
        var frames: Int
        /// The last frame's last edge, in nanoseconds.
        var last: Int64
    }

    /// For so long no frame of a code comes, and its press is over: longer than a few frames lost to noise in a held one
    /// (75 ms each with their gap), shorter than anybody lets go and presses again with purpose.
    static let quietGap: Int64 = 400_000_000
    /// More transmitters than these at once are not followed; the oldest press counts as over.
    private static let capacity = 16

    private let receiver: ReceiverID
    private var presses: [Press] = []
    private var reports: [RadioReport] = []

    init(receiver: ReceiverID) {
        self.receiver = receiver
        presses.reserveCapacity(Self.capacity + 1)
    }

    var hasReports: Bool { !reports.isEmpty }
    var nextDeadline: Int64? { presses.map { $0.last + Self.quietGap }.min() }

    mutating func takeReports() -> [RadioReport] {
        defer { reports = [] }
        return reports
    }

    /// A frame that is believed, and with it the first of its kind if it confirms that.
    /// - Returns: true if a press begins with it.
    mutating func heard(_ frame: RadioFrame, twiceSince first: RadioFrame?) -> Bool {
        pass(until: first?.start ?? frame.start)
        let frames = first == nil ? 1 : 2
        if let index = presses.firstIndex(where: { $0.code == frame.code }) {
            presses[index].frames += frames
            presses[index].last = frame.end
            return false
        }
        if presses.count == Self.capacity { end(0) }
        presses.append(Press(code: frame.code, frames: frames, last: frame.end))
        tell(.began, frame.code, at: (first ?? frame).start, frames: frames)
        return true
    }

    /// Ends the presses that are over at `moment`.
    mutating func pass(until moment: Int64) {
        while let index = presses.firstIndex(where: { $0.last + Self.quietGap <= moment }) { end(index) }
    }

    private mutating func end(_ index: Int) {
        let press = presses.remove(at: index)
        tell(.ended, press.code, at: press.last, frames: press.frames)
    }

    private mutating func tell(_ phase: RadioReport.Phase, _ code: RadioCode, at moment: Int64, frames: Int) {
        reports.append(
            RadioReport(
                receiver: receiver, code: code, phase: phase, at: Moment(nanoseconds: moment), frames: frames))
    }
}
