import CallCore
import Journal

/// Writes the events of calls as the agent would, each number once.
final class Storyteller {
    /// In which boots and with how good a clock a call's steps happened.
    struct Clock {
        var boot = "this-boot"
        var synchronized = true
        /// How far the wall clock is off, in milliseconds.
        var offset: Int64 = 0
    }

    private let journal: Journal
    private var sequences: [String: UInt64] = [:]
    private var nextCall: UInt64 = 1
    /// The wall clock's milliseconds when the monotonic clock stood at zero.
    static let start: Int64 = 1_790_000_000_000

    init(_ journal: Journal) { self.journal = journal }

    static func stamp(_ milliseconds: Int64, _ clock: Clock = Clock()) -> Stamp {
        Stamp(
            boot: clock.boot, moment: Moment(nanoseconds: (milliseconds - start) * 1_000_000),
            wall: WallTime(milliseconds: milliseconds + clock.offset),
            quality: ClockQuality(synchronized: clock.synchronized, uncertaintyMs: 5))
    }

    /// One call: raised at `raised`, and what then happened, so many seconds after.
    @discardableResult
    func tell(
        _ service: ServiceID, at raised: WallTime, _ steps: [(CallEventType, Double)] = [], presses: Int = 1,
        reason: String? = nil, clock: Clock = Clock()
    ) throws -> UInt64 {
        let number = nextCall
        nextCall += 1
        let raised = Self.stamp(raised.milliseconds, clock)
        var events: [(CallEventType, Stamp)] = [(.pressed, raised), (.raised, raised)]
        events += (1..<max(1, presses)).map { _ in (.pressed, raised) }
        for (type, seconds) in steps {
            events.append((type, Self.stamp(raised.wall.milliseconds - clock.offset + Int64(seconds * 1000), clock)))
        }
        for (index, (type, occurred)) in events.enumerated() {
            try tell(
                type, of: number, service, raised: raised, occurred: occurred, revision: max(1, index),
                presses: presses,
                reason: type == .cancelled ? reason : nil)
        }
        return number
    }

    /// One event.
    func tell(
        _ type: CallEventType, of number: UInt64, _ service: ServiceID, raised: Stamp, occurred: Stamp, revision: Int,
        presses: Int = 1, reason: String? = nil, journal stream: JournalID = own
    ) throws {
        nextCall = max(nextCall, number + 1)
        let state: CallState =
            switch type {
            case .resolved: .resolved
            case .cancelled: .cancelled
            default: .raised
            }
        let call = Call(
            id: CallID(journal: own, number: number), point: PointID(unchecked: "b1"), label: "b1 床头",
            service: service, priority: service == .emergency ? 1 : 3, state: state, revision: revision,
            presses: presses, raised: raised, escalation: 0, actor: nil, reason: reason, times: [:], actors: [:],
            pressTimes: [])
        let key = "\(stream)-\(service)"
        sequences[key, default: 0] += 1
        var batch = Journal.Batch()
        batch.events = [
            CallEvent(journal: stream, sequence: sequences[key]!, type: type, occurred: occurred, call: call)
        ]
        batch.calls = [call]
        try journal.commit(batch)
    }
}
