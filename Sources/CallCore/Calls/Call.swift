/// How far a call has come: `CallLifecycle` says what leads from where to where.
public enum CallState: String, Hashable, Sendable, CaseIterable {
    case raised, delivered, accepted, arrived, resolved, cancelled

    /// Resolved and cancelled calls are closed for ever.
    public var isClosed: Bool { self == .resolved || self == .cancelled }
}

/// One request for one service from one call point, from raised to closed. Repeated presses join it and count.
public struct Call: Hashable, Sendable {
    public let id: CallID
    public let point: PointID
    /// The point's location label when the call was raised.
    public let label: String
    public let service: ServiceID
    public let priority: Int
    public var state: CallState
    /// Counts up with every change that a display can see; starts at 1.
    public var revision: Int
    /// Accepted presses so far, at least 1.
    public var presses: Int
    /// The first edge of the press that raised it.
    public internal(set) var raised: Stamp
    /// Since when somebody is waited for: it was raised, reopened, or accepted. Escalating and reopening count from it.
    public internal(set) var waitingSince: Stamp
    /// The revision of the last press: who has not seen it can't resolve or cancel.
    public internal(set) var pressedRevision: Int
    /// The revision at which it was last raised or reopened: who has not seen it can't accept.
    public internal(set) var openedRevision: Int
    /// Whoever accepted it has set out.
    public internal(set) var isOnTheWay: Bool
    /// How many times it has been escalated.
    public var escalation: Int
    /// Who acted last, as the desk named them.
    public var actor: String?
    /// Why it was cancelled, or the outcome it was resolved with.
    public var reason: String?
    /// When each state was reached, by the wall clock.
    public var times: [CallState: WallTime]
    /// Who brought it into each state.
    public var actors: [CallState: String]
    /// Who heard its last press, and how; nil for a wired button's.
    public internal(set) var reception: Reception?
    /// The last 20 presses, oldest first.
    public internal(set) var pressTimes: [WallTime]

    /// How many press times a call remembers: enough to see urgency, bounded for ever.
    public static let rememberedPresses = 20

    /// A call newly raised by one press.
    public init(id: CallID, point: PointID, label: String, service: Service, raised: Stamp) {
        self.init(
            id: id, point: point, label: label, service: service.id, priority: service.priority, state: .raised,
            revision: 1, presses: 1, raised: raised, escalation: 0, actor: nil, reason: nil,
            times: [.raised: raised.wall], actors: [:], pressTimes: [raised.wall])
    }

    /// A call as the journal kept it, or as a retained record tells it: that carries neither `waitingSince` nor the two
    /// revisions, and stands for itself.
    public init(
        id: CallID, point: PointID, label: String, service: ServiceID, priority: Int, state: CallState, revision: Int,
        presses: Int, raised: Stamp, escalation: Int, actor: String?, reason: String?, times: [CallState: WallTime],
        actors: [CallState: String], pressTimes: [WallTime], waitingSince: Stamp? = nil, pressedRevision: Int? = nil,
        openedRevision: Int? = nil, isOnTheWay: Bool = false, reception: Reception? = nil
    ) {
        self.reception = reception
        self.waitingSince = waitingSince ?? raised
        self.pressedRevision = pressedRevision ?? revision
        self.openedRevision = openedRevision ?? revision
        self.isOnTheWay = isOnTheWay
        self.id = id
        self.point = point
        self.label = label
        self.service = service
        self.priority = priority
        self.state = state
        self.revision = revision
        self.presses = presses
        self.raised = raised
        self.escalation = escalation
        self.actor = actor
        self.reason = reason
        self.times = times
        self.actors = actors
        self.pressTimes = pressTimes
    }

    /// Calls of the reserved service `test` are tests.
    public var isTest: Bool { service == .test }

    /// The largest count that a record found at the broker may carry: a whole number of JSON (RFC 8259, section 6) with
    /// room to count on.
    private static let largestCount = 1 << 52

    /// False if its counts are no call's: a record at the broker may carry any number.
    public var isSound: Bool {
        (1...Self.largestCount).contains(revision) && (1...Self.largestCount).contains(presses)
            && (0...Self.largestCount).contains(escalation)
    }

    /// One more press of the same button while the call is open.
    mutating func join(pressedAt wall: WallTime, heardBy reception: Reception? = nil) {
        self.reception = reception
        presses += 1
        revision += 1
        pressedRevision = revision
        if pressTimes.count == Self.rememberedPresses { pressTimes.removeFirst() }
        pressTimes.append(wall)
    }
}

/// What can happen to a call; the last part of an event's topic and type.
public enum CallEventType: String, Hashable, Sendable, CaseIterable {
    case pressed, raised, delivered, accepted, arrived, resolved, cancelled, escalated, reopened, tested
}

/// One thing that happened to a call, as it is journalled and published: a row that never changes.
public struct CallEvent: Hashable, Sendable {
    /// Whose numbers `sequence` belongs to.
    public let journal: JournalID
    /// Counts up from 1 without gaps, per journal and service.
    public let sequence: UInt64
    public let type: CallEventType
    /// When it happened; for a press, its first edge.
    public let occurred: Stamp
    /// The call just after it happened.
    public let call: Call
    /// False for an emergency that went out while the journal could not be written.
    public let journaled: Bool

    /// The service of its call.
    public var service: ServiceID { call.service }

    public init(
        journal: JournalID, sequence: UInt64, type: CallEventType, occurred: Stamp, call: Call, journaled: Bool = true
    ) {
        self.journal = journal
        self.sequence = sequence
        self.type = type
        self.occurred = occurred
        self.call = call
        self.journaled = journaled
    }
}
