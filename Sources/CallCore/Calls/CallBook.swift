/// The open calls, and the numbers that calls and events are given.
struct CallBook: Sendable {
    /// Presses of one point for one service join one call.
    private struct Key: Hashable, Sendable {
        let point: PointID
        let service: ServiceID
    }

    private(set) var open: [CallID: Call] = [:]
    /// The open calls of each point.
    private(set) var ofPoint: [PointID: Set<CallID>] = [:]
    private var limits: [Key: PressLimit] = [:]
    /// Calls of other journals that were closed here: a broker that was away may still hold their records. Known from the
    /// start on, since a journal that fails can't be asked.
    private var closedOrphans: Set<CallID> = []
    /// How many of those are remembered here; the journal knows them all.
    private static let rememberedOrphans = 4096
    /// Why the journal can't be written, while it can't.
    private(set) var journalReason: String?
    /// Presses that were refused since the journal failed.
    private(set) var refused = 0

    let boot: String
    private var journaled: Numbers
    /// While the journal can't be written, calls and events are numbered in a journal of their own that was never
    /// written: numbers that might be lost with the power must not be given again to something else.
    private var substitute: Numbers?

    /// Where one journal's numbers stand.
    private struct Numbers: Sendable {
        let journal: JournalID
        var nextCall: UInt64
        var sequences: [ServiceID: UInt64]

        mutating func callID() -> CallID {
            defer { nextCall += 1 }
            return CallID(journal: journal, number: nextCall)
        }

        mutating func sequence(_ service: ServiceID) -> UInt64 {
            sequences[service, default: 0] += 1
            return sequences[service]!
        }
    }

    init(
        identity: Courtyard.Identity, open: [Call], nextCall: UInt64, sequences: [ServiceID: UInt64],
        closedOrphans: [CallID]
    ) {
        boot = identity.boot
        journaled = Numbers(journal: identity.journal, nextCall: nextCall, sequences: sequences)
        self.closedOrphans = Set(closedOrphans.prefix(Self.rememberedOrphans))
        for call in open { put(call) }
    }

    // MARK: Presses

    /// What a press came to.
    enum Press {
        /// It joined an open call, or raised one.
        case told(CallID, [Action])
        /// A further press of an open call that is pressed too often to tell each.
        case limited
        /// The journal can't be written, and it is no emergency.
        case refused
    }

    /// A press: joins the open call of its point and service, or raises one.
    /// - Parameter refusing: the service is closed: a call that this would raise is cancelled at once.
    mutating func press(
        _ point: CallPoint, asks service: Service, refusing: Bool, at moment: Moment, heardBy reception: Reception?,
        now: Now
    ) -> Press {
        guard substitute == nil || service.id == .emergency else {
            refused += 1
            return .refused
        }
        let stamp = Stamp(boot: boot, moment: moment, wall: now.wall(at: moment), quality: now.quality)
        let key = Key(point: point.id, service: service.id)
        let joined = joinedCall(of: point.id, service.id)
        let isAdmitted = limits[key, default: PressLimit()].admits(moment)
        // The first press is always told.
        guard isAdmitted || (joined == nil && !refusing) else { return .limited }
        if var joined {
            joined.join(pressedAt: stamp.wall, heardBy: reception)
            return .told(joined.id, [.append(event(.pressed, joined, stamp))] + keep(joined))
        }
        var call = Call(
            id: number { $0.callID() }, point: point.id, label: point.label, service: service, raised: stamp)
        call.reception = reception
        let told = [Action.append(event(.pressed, call, stamp)), .append(event(.raised, call, stamp))] + keep(call)
        guard refusing, let expire = CallLifecycle.transition(from: .raised, by: .expire) else {
            return .told(call.id, told)
        }
        return .told(call.id, told + move(call, expire, reason: "outside-hours", now: now))
    }

    /// A test: raised by a desk, by the day, or by the press of somebody who walks from point to point.
    mutating func raiseTest(
        at point: PointID, label: String, heardBy reception: Reception?, now: Now
    ) -> (Call, [Action]) {
        let service = Service(id: .test, priority: Service.leastPriority)
        var call = Call(
            id: number { $0.callID() }, point: point, label: label, service: service, raised: stamp(now))
        call.reception = reception
        return (call, [.append(event(.raised, call, call.raised))] + keep(call))
    }

    /// The call that a press of this point for this service would join: this gateway's own before an adopted one, and
    /// the newest of those. Not one that somebody has answered and nobody can end: whoever presses then needs an answer
    /// of their own.
    func joinedCall(of point: PointID, _ service: ServiceID) -> Call? {
        (ofPoint[point] ?? []).compactMap { open[$0] }.filter { call in
            call.service == service && (canEnd(call) || call.state == .raised || call.state == .delivered)
        }.max {
            (isOrphan($0) ? 0 : 1, $0.id.number, $0.id.journal) < (isOrphan($1) ? 0 : 1, $1.id.number, $1.id.journal)
        }
    }

    // MARK: Steps

    /// Carries a legal step out.
    mutating func move(
        _ call: Call, _ transition: CallLifecycle.Transition, by actor: String? = nil, reason: String? = nil, now: Now
    ) -> [Action] {
        let moved = call.after(transition, at: stamp(now), by: actor, reason: reason)
        return [.append(event(transition.event, moved, stamp(now)))] + keep(moved)
    }

    /// Writes a call down as it is now; nothing happened that is an event.
    mutating func keep(_ call: Call) -> [Action] {
        if call.state.isClosed { remove(call) } else { put(call) }
        return [.keep(call)]
    }

    /// An open call that a swapped card left at the broker: stays open, under its own id, until someone closes it.
    mutating func adopt(_ orphan: Call) -> [Action] {
        guard open[orphan.id] == nil, orphan.id.journal != journaled.journal, !orphan.state.isClosed, orphan.isSound,
            !closedOrphans.contains(orphan.id)
        else { return [] }
        put(orphan)
        return [.keep(orphan)]
    }

    func wasClosedHere(_ id: CallID) -> Bool { closedOrphans.contains(id) }

    func isOrphan(_ call: Call) -> Bool {
        call.id.journal != journaled.journal && call.id.journal != substitute?.journal
    }

    private mutating func put(_ call: Call) {
        open[call.id] = call
        ofPoint[call.point, default: []].insert(call.id)
    }

    private mutating func remove(_ call: Call) {
        open[call.id] = nil
        if call.id.journal != journaled.journal {
            if closedOrphans.count == Self.rememberedOrphans { closedOrphans.removeFirst() }
            closedOrphans.insert(call.id)
        }
        ofPoint[call.point]?.remove(call.id)
        if ofPoint[call.point]?.isEmpty ?? false { ofPoint[call.point] = nil }
    }

    // MARK: While the journal can't be written

    /// From now on under the substitute's numbers.
    mutating func continueUnjournaled(as id: JournalID, reason: String) {
        journalReason = reason
        substitute = Numbers(journal: id, nextCall: 1, sequences: [:])
    }

    /// The journal can be written again, and everything unwritten was.
    mutating func continueJournaled() {
        substitute = nil
        journalReason = nil
        refused = 0
    }

    /// False for a call that the journal holds as open and can't be told of: a power cut would bring it back, when every
    /// display takes it for closed for ever. A test that comes back harms nobody.
    func canEnd(_ call: Call) -> Bool {
        substitute.map { call.id.journal == $0.journal || call.isTest } ?? true
    }

    // MARK: Numbers

    func stamp(_ now: Now) -> Stamp { Stamp(boot: boot, moment: now.moment, wall: now.wall, quality: now.quality) }

    private mutating func event(_ type: CallEventType, _ call: Call, _ stamp: Stamp) -> CallEvent {
        let journal = substitute?.journal ?? journaled.journal
        return CallEvent(
            journal: journal, sequence: number { $0.sequence(call.service) }, type: type, occurred: stamp, call: call,
            journaled: substitute == nil)
    }

    /// Takes the next number from the journal that is in force.
    private mutating func number<T>(_ take: (inout Numbers) -> T) -> T {
        substitute == nil ? take(&journaled) : take(&substitute!)
    }
}
