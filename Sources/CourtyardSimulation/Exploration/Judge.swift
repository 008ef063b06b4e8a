package import CallCore
internal import GatewayAgent
internal import Journal
internal import Synchronization

/// Something that must be true of a gateway, whatever happens to it. Each judge watches for one such thing.
protocol Judge: AnyObject {
    /// The program starts from what the journal held; nil if there was none to be had.
    func started(_ contents: Journal.Contents?)
    func ended()
    /// The journal is asked to commit this.
    func committing(_ batch: Journal.Batch)
    /// The journal has this on its disk.
    func committed(_ batch: Journal.Batch)
    /// The journal refused a commit.
    func refused()
    /// The agent carries this out.
    func told(_ action: Action)
    func sent(_ message: OutgoingMessage)
    /// A broker has taken this.
    func taken(_ message: VirtualMessage, by broker: Int)
    func shown(_ output: OutputID, _ signal: Signal)
    /// The loop has made a turn.
    func turned()
    /// Ten seconds have passed.
    func tick()
    /// Nothing has been wrong with the world for long enough that nothing may be wrong with the gateway any more.
    func healed()
}

extension Judge {
    func started(_ contents: Journal.Contents?) {}
    func ended() {}
    func committing(_ batch: Journal.Batch) {}
    func committed(_ batch: Journal.Batch) {}
    func refused() {}
    func told(_ action: Action) {}
    func sent(_ message: OutgoingMessage) {}
    func taken(_ message: VirtualMessage, by broker: Int) {}
    func shown(_ output: OutputID, _ signal: Signal) {}
    func turned() {}
    func tick() {}
    func healed() {}
}

/// What the judges share: the courtyard they look at, and the first complaint.
final class Court {
    let world: World
    let gateway: VirtualGateway
    let brokers: [VirtualBroker]
    private(set) var complaint: Complaint?
    private var judges: [any Judge] = []
    /// Faults that are set, as the agent tells them.
    private(set) var faults: Set<FaultID> = []
    /// Calls that were raised and closed while the journal failed, and whose end went with the memory that alone held it:
    /// where a broker still has their record they are open again, and desks, which take a closed call for closed for ever,
    /// don't show them (decision 10).
    var revenants: Set<CallID> = []

    init(_ world: World, _ gateway: VirtualGateway, _ brokers: [VirtualBroker]) {
        self.world = world
        self.gateway = gateway
        self.brokers = brokers
    }

    /// The first complaint counts: what follows may follow from it.
    func complain(_ rule: Complaint.Rule, _ what: @autoclosure () -> String) {
        if complaint == nil { complaint = Complaint(rule: rule, what: what(), at: world.agenda.now) }
    }

    var now: Moment { gateway.clock.moment }
    var isDone: Bool { complaint != nil }

    func seat(_ judges: [any Judge]) {
        self.judges = judges
        gateway.ears.started = { [unowned self] contents, failure in
            faults = []
            for judge in self.judges { judge.started(failure == nil ? contents : nil) }
        }
        gateway.ears.ended = { [unowned self] in for judge in self.judges { judge.ended() } }
        gateway.ears.committing = { [unowned self] batch in for judge in self.judges { judge.committing(batch) } }
        gateway.ears.committed = { [unowned self] batch in for judge in self.judges { judge.committed(batch) } }
        gateway.ears.refused = { [unowned self] _ in for judge in self.judges { judge.refused() } }
        gateway.ears.told = { [unowned self] action in
            note(action)
            for judge in self.judges { judge.told(action) }
        }
        gateway.ears.sent = { [unowned self] message in for judge in self.judges { judge.sent(message) } }
        gateway.ears.shown = { [unowned self] output, signal in
            for judge in self.judges { judge.shown(output, signal) }
        }
        gateway.ears.turned = { [unowned self] in
            Episode.turnsMade.add(1, ordering: .relaxed)
            for judge in self.judges { judge.turned() }
        }
        for (index, broker) in brokers.enumerated() {
            broker.onTaken = { [unowned self] message in
                for judge in self.judges { judge.taken(message, by: index) }
            }
        }
    }

    private func note(_ action: Action) {
        switch action {
        case .set(let fault): faults.insert(fault.id)
        case .clear(let id): faults.remove(id)
        default: break
        }
    }

    func tick() { for judge in judges { judge.tick() } }
    func healed() { for judge in judges { judge.healed() } }
}

/// What was found wrong.
package struct Complaint: Sendable, Hashable, CustomStringConvertible {
    /// What must be true, one name for each thing.
    package enum Rule: String, Sendable, CaseIterable {
        case pressLost = "a press was lost"
        case pressDoubled = "a press was told twice"
        case pressInvented = "a press was told that nobody made"
        case gap = "sequence numbers have a gap"
        case publishedFirst = "something was published before it was journalled"
        case committedLost = "what was committed is gone"
        case contentChanged = "one id stands for two things"
        case callDoubled = "two open calls of one point and service"
        case revision = "a call's revision went back"
        case reopenedForEver = "a closed call came back"
        case unescalated = "an emergency is neither accepted nor escalating"
        case endedAlone = "an emergency ended by itself"
        case answers = "a command was answered in two ways"
        case twoHolders = "two desks believe that they have a call"
        case unseen = "a command counts that was given without knowing"
        case faultFalse = "a fault is set that is not true"
        case faultMissing = "a fault that is true is not set"
        case undelivered = "something was not delivered in time"
        case markedEarly = "something counts as delivered that no broker has"
        case standing = "a retained topic is not as it should be"
        case connectionNumber = "a connection number was given twice"
        case unbounded = "something grows without bound"
        case spinning = "the loop turns without end"
        case label = "a time label is wrong"
        case output = "an output shows what is not so"
        case broken = "the program does not run"
    }

    package let rule: Rule
    /// What happened, naming the thing.
    package let what: String
    /// When it was noticed, in the world's time.
    package let at: Moment

    package var description: String { "\(rule.rawValue): \(what)" }
}
