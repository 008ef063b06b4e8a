public import CallCore

/// The clock's quality when something happened.
public struct ClockMessage: Codable, Hashable, Sendable {
    public var synchronized: Bool
    public var uncertaintyMs: Int
}

/// What an event's `data` and a call's record have in common.
public struct CallData: Codable, Hashable, Sendable {
    public var journal: String
    public var call: String
    public var point: String
    public var label: String
    public var service: String
    public var priority: Int
    public var state: String
    public var revision: Int
    public var presses: Int
    public var raisedAt: WallTime
    public var escalation: Int
    @OrNull public var actor: String?
    @OrNull public var reason: String?
    public var clock: ClockMessage
    public var boot: String
    public var monotonicNs: Int64
    /// True when it leaves the gateway more than 5 s after it happened.
    public var late: Bool
    public var ageMs: Int64
    public var test: Bool
    /// Only there, and false, when the journal could not be written.
    public var journaled: Bool?
    /// Only there, and true, when whoever accepted has set out.
    public var onTheWay: Bool?
    /// Only there when the last press came over the air: the receiver that heard it, and how strongly, in dB as that
    /// receiver counts them.
    public var receiver: String?
    public var level: Double?
    /// Only there in `tested`: from raising the test call until a desk had it, on the monotonic clock.
    public var roundTripMs: Double?

    /// An age above this is `late`.
    public static let lateAfterMs: Int64 = 5000

    init(_ call: Call, journal: JournalID, occurred: Stamp, ageMs: Int64, journaled: Bool = true) {
        self.journal = journal.text
        self.call = call.id.description
        point = call.point.text
        label = call.label
        service = call.service.text
        priority = call.priority
        state = call.state.rawValue
        revision = call.revision
        presses = call.presses
        raisedAt = call.raised.wall
        escalation = call.escalation
        actor = call.actor
        reason = call.reason
        clock = ClockMessage(
            synchronized: occurred.quality.synchronized, uncertaintyMs: occurred.quality.uncertaintyMs)
        boot = occurred.boot
        monotonicNs = occurred.moment.nanoseconds
        self.ageMs = max(0, ageMs)
        late = ageMs > Self.lateAfterMs
        test = call.isTest
        self.journaled = journaled ? nil : false
        onTheWay = call.isOnTheWay ? true : nil
        receiver = call.reception?.receiver.text
        level = call.reception?.decibels
    }
}

/// One event: CloudEvents 1.0 in structured JSON (CloudEvents "JSON Event Format" 1.0.2, section 2).
public struct EventMessage: Codable, Hashable, Sendable {
    public var specversion: String
    /// `<journal>-<service>-<sequence>`: the same however often it is sent.
    public var id: String
    public var source: String
    public var type: String
    public var subject: String
    public var time: WallTime
    /// Digits: gap-free per journal and service.
    public var sequence: String
    public var datacontenttype: String
    public var data: CallData

    /// The media type of such an event, for MQTT 5's content type.
    public static let mediaType = "application/cloudevents+json"

    /// - Parameter now: when it leaves; its age counts on the monotonic clock within one boot.
    public init(_ event: CallEvent, source: String, boot: String, now: Now) {
        let age =
            event.occurred.boot == boot
            ? (now.moment - event.occurred.moment).milliseconds
            : now.wall.milliseconds - event.occurred.wall.milliseconds
        specversion = "1.0"
        id = "\(event.journal)-\(event.service)-\(event.sequence)"
        self.source = source
        type = "courtyard.call.\(event.type.rawValue)"
        subject = event.call.point.text
        time = event.occurred.wall
        sequence = String(event.sequence)
        datacontenttype = "application/json"
        data = CallData(
            event.call, journal: event.journal, occurred: event.occurred, ageMs: age, journaled: event.journaled)
        data.roundTripMs = Self.roundTrip(event)
    }

    /// To a tenth of a millisecond. Nil if it is no test's, or was raised before a restart of the machine.
    private static func roundTrip(_ event: CallEvent) -> Double? {
        let raised = event.call.raised
        guard event.type == .tested, event.occurred.boot == raised.boot else { return nil }
        return Double(max(0, (event.occurred.moment - raised.moment).nanoseconds) / 100_000) / 10
    }
}

/// A call's whole current record, retained while it is open.
public struct CallMessage: Codable, Hashable, Sendable {
    public var data: CallData
    /// When each state was reached.
    public var times: [String: WallTime]
    /// The last 20 presses.
    public var pressTimes: [WallTime]
    /// Who brought it into each state.
    public var actors: [String: String]
    /// Only there, and true, when the call was found at the broker and belongs to another journal.
    public var orphaned: Bool?

    private enum More: String, CodingKey {
        case times, pressTimes, actors, orphaned
    }

    /// - Parameter now: when it leaves; the age is that of the call's last change.
    public init(_ call: Call, orphaned: Bool, now: Now) {
        let changed = ([call.raised.wall] + call.pressTimes.suffix(1) + call.times.values).max()!
        data = CallData(
            call, journal: call.id.journal, occurred: call.raised,
            ageMs: now.wall.milliseconds - changed.milliseconds)
        times = Dictionary(uniqueKeysWithValues: call.times.map { ($0.key.rawValue, $0.value) })
        pressTimes = call.pressTimes
        actors = Dictionary(uniqueKeysWithValues: call.actors.map { ($0.key.rawValue, $0.value) })
        self.orphaned = orphaned ? true : nil
    }

    public init(from decoder: any Decoder) throws {
        data = try CallData(from: decoder)
        let container = try decoder.container(keyedBy: More.self)
        times = try container.decode([String: WallTime].self, forKey: .times)
        pressTimes = try container.decode([WallTime].self, forKey: .pressTimes)
        actors = try container.decode([String: String].self, forKey: .actors)
        orphaned = try container.decodeIfPresent(Bool.self, forKey: .orphaned)
    }

    public func encode(to encoder: any Encoder) throws {
        try data.encode(to: encoder)
        var container = encoder.container(keyedBy: More.self)
        try container.encode(times, forKey: .times)
        try container.encode(pressTimes, forKey: .pressTimes)
        try container.encode(actors, forKey: .actors)
        try container.encodeIfPresent(orphaned, forKey: .orphaned)
    }

    /// Who heard its last press; nil for a wired button's, and for what no receiver is called.
    private var reception: Reception? {
        guard let receiver = data.receiver.flatMap(ReceiverID.init) else { return nil }
        let tenths = data.level.map { ($0 * 10).rounded() }
        return Reception(receiver: receiver, level: tenths.flatMap { abs($0) < 10_000 ? Int($0) : nil })
    }

    /// The call it tells of; nil if a field is not what the contract allows.
    public var call: Call? {
        guard let id = CallID(data.call), let point = PointID(data.point), let service = ServiceID(data.service),
            let state = CallState(rawValue: data.state), (1...Service.leastPriority).contains(data.priority),
            data.revision >= 1, data.presses >= 1
        else { return nil }
        let stamp = Stamp(
            boot: data.boot, moment: Moment(nanoseconds: data.monotonicNs), wall: data.raisedAt,
            quality: ClockQuality(synchronized: data.clock.synchronized, uncertaintyMs: data.clock.uncertaintyMs))
        func byState<T>(_ values: [String: T]) -> [CallState: T] {
            Dictionary(
                uniqueKeysWithValues: values.compactMap { key, value in CallState(rawValue: key).map { ($0, value) } })
        }
        return Call(
            id: id, point: point, label: data.label, service: service, priority: data.priority, state: state,
            revision: data.revision, presses: data.presses, raised: stamp, escalation: data.escalation,
            actor: data.actor, reason: data.reason, times: byState(times), actors: byState(actors),
            pressTimes: Array(pressTimes.suffix(Call.rememberedPresses)), isOnTheWay: data.onTheWay ?? false,
            reception: reception)
    }
}

/// Whether the gateway works: its birth, and with `state` `offline` its will.
public struct StatusMessage: Codable, Hashable, Sendable {
    public enum State: String, Codable, Hashable, Sendable {
        case starting, ready, degraded, stopping, offline
    }

    /// How the gateway is.
    public var state: State
    /// The kernel's boot id.
    public var boot: String
    /// Counts up in the journal with every connection tried; the will carries the same as the birth.
    public var connection: UInt64
    public var version: String
    /// True when presses come from a simulator.
    public var simulated: Bool

    public init(state: State, boot: String, connection: UInt64, version: String, simulated: Bool) {
        self.state = state
        self.boot = boot
        self.connection = connection
        self.version = version
        self.simulated = simulated
    }
}

/// Per service: how many calls are open, how many nobody has accepted, and since when the oldest waits.
public struct SummaryMessage: Codable, Hashable, Sendable {
    public struct Line: Codable, Hashable, Sendable {
        public var open: Int
        public var unaccepted: Int
        @OrNull public var oldestRaisedAt: WallTime?
    }

    /// Every service of the site, also those with nothing open.
    public var services: [String: Line]

    public init(_ calls: some Sequence<Call>, services ids: some Sequence<ServiceID>) {
        services = Dictionary(
            ids.map { ($0.text, Line(open: 0, unaccepted: 0, oldestRaisedAt: nil)) },
            uniquingKeysWith: { first, _ in first })
        for call in calls where !call.isTest {
            var line = services[call.service.text] ?? Line(open: 0, unaccepted: 0, oldestRaisedAt: nil)
            line.open += 1
            line.unaccepted += call.state == .raised || call.state == .delivered ? 1 : 0
            line.oldestRaisedAt = min(line.oldestRaisedAt ?? call.raised.wall, call.raised.wall)
            services[call.service.text] = line
        }
    }
}

/// A fault that is set.
public struct FaultMessage: Codable, Hashable, Sendable {
    public var fault: String
    public var since: WallTime
    public var what: String
    public var remedy: String
    /// The call points it concerns; empty for a fault of the gateway itself.
    public var points: [String]

    public init(_ fault: Fault) {
        self.fault = fault.id.text
        since = fault.since
        what = fault.what
        remedy = fault.remedy
        points = fault.points.map(\.text)
    }
}
