/// The open calls, and the numbers that calls and events are given.
struct CallBook: Sendable {
    /// Presses of one point for one service join one call.
    private struct Key: Hashable, Sendable {
        let point: PointID
        let service: ServiceID

        init(_ call: Call) {
            point = call.point
            service = call.service
        }
    }

    private(set) var open: [CallID: Call] = [:]
    /// The call that a further press joins.
    private var joinable: [Key: CallID] = [:]
    var services: [ServiceID: Service] = [:]
    /// Why the journal can't be written, while it can't.
    var journalReason: String?
    /// Presses that were refused since the journal failed.
    private(set) var refused = 0

    private let boot: String
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

    init(identity: Courtyard.Identity, open: [Call], nextCall: UInt64, sequences: [ServiceID: UInt64]) {
        boot = identity.boot
        journaled = Numbers(journal: identity.journal, nextCall: nextCall, sequences: sequences)
        for call in open { put(call) }
    }

    /// A press: joins the open call of its point and service, or raises one.
    mutating func press(_ point: CallPoint, asks service: ServiceID, at moment: Moment, now: Now) -> [Action] {
        guard substitute == nil || service == .emergency else {
            refused += 1
            return []
        }
        let stamp = Stamp(boot: boot, moment: moment, wall: now.wall(at: moment), quality: now.quality)
        let new = Call(
            id: CallID(journal: journaled.journal, number: 0), point: point.id, label: point.label,
            service: services[service] ?? Service(id: service, priority: Service.leastPriority), raised: stamp)
        if let id = joinable[Key(new)], var call = open[id] {
            call.join(pressedAt: stamp.wall)
            put(call)
            return [.append(event(.pressed, call, stamp)), .keep(call)]
        }
        let call = new.renamed(number { $0.callID() })
        put(call)
        return [.append(event(.pressed, call, stamp)), .append(event(.raised, call, stamp)), .keep(call)]
    }

    /// An open call that a swapped card left at the broker: stays open, under its own id, until someone closes it.
    mutating func adopt(_ orphan: Call) -> [Action] {
        guard open[orphan.id] == nil, orphan.id.journal != journaled.journal, !orphan.state.isClosed else { return [] }
        open[orphan.id] = orphan
        if joinable[Key(orphan)] == nil { joinable[Key(orphan)] = orphan.id }
        return [.keep(orphan)]
    }

    func isOrphan(_ call: Call) -> Bool {
        call.id.journal != journaled.journal && call.id.journal != substitute?.journal
    }

    private mutating func put(_ call: Call) {
        open[call.id] = call
        joinable[Key(call)] = call.id
    }

    private mutating func remove(_ call: Call) {
        open[call.id] = nil
        if joinable[Key(call)] == call.id { joinable[Key(call)] = nil }
    }

    // MARK: While the journal can't be written

    /// The journal refused this batch, and nothing of it went out. Emergencies go out under substitute numbers;
    /// everything else of the batch is refused.
    mutating func continueUnjournaled(_ events: [CallEvent], as id: JournalID) -> [Action] {
        giveBack(events)
        substitute = Numbers(journal: id, nextCall: 1, sequences: [:])
        var renamed: [CallID: CallID] = [:]
        var actions: [Action] = []
        for event in events {
            let isNew = event.call.id.journal == journaled.journal && event.call.id.number >= journaled.nextCall
            guard event.service == .emergency else {
                refuse(event, isNew: isNew)
                continue
            }
            var call = event.call
            if isNew {
                let id = renamed[call.id] ?? number { $0.callID() }
                renamed[call.id] = id
                remove(call)
                call = call.renamed(id)
            }
            put(call)
            actions += [.append(self.event(event.type, call, event.occurred)), .keep(call)]
        }
        return actions
    }

    /// Undoes what a press that can't be journalled did.
    private mutating func refuse(_ event: CallEvent, isNew: Bool) {
        guard event.type == .pressed else { return }
        refused += 1
        if isNew {
            remove(event.call)
        } else {
            open[event.call.id]?.leave()
        }
    }

    /// Takes the numbers of a refused batch back: they were never seen outside.
    private mutating func giveBack(_ events: [CallEvent]) {
        for event in events where event.journal == journaled.journal {
            let before = event.sequence - 1
            journaled.sequences[event.service] = min(journaled.sequences[event.service] ?? before, before)
            if event.type == .raised, event.call.id.journal == journaled.journal {
                journaled.nextCall = min(journaled.nextCall, event.call.id.number)
            }
        }
    }

    /// The journal can be written again, and everything unwritten was.
    mutating func continueJournaled() {
        substitute = nil
        journalReason = nil
        refused = 0
    }

    /// Takes the numbers of a refused batch back: they were never seen outside.
    private mutating func giveBack(_ events: [CallEvent], _ calls: [Call]) {
        for event in events where event.journal == journaled.journal {
            let before = event.sequence - 1
            journaled.sequences[event.service] = min(journaled.sequences[event.service] ?? before, before)
        }
        for call in calls where call.id.journal == journaled.journal && call.revision == 1 {
            journaled.nextCall = min(journaled.nextCall, call.id.number)
        }
    }

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
