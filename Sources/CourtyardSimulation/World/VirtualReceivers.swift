package import CallCore
internal import GatewayAgent

/// The radio receivers of a virtual board: the real decoder on what their pins show.
package final class VirtualReceivers {
    /// Those whose line can't be had.
    package private(set) var lost: Set<ReceiverID> = []

    private let agenda: Agenda
    private let clock: VirtualClock
    private var program: Program?
    private var ears: [ReceiverID: ReceiverEar] = [:]
    private var told: [ReceiverID: ReceiverCondition] = [:]
    /// How often edges are read: a press is told while others still last.
    private static let readEvery: Int64 = 20_000_000

    /// The program that listens: where it gets its reports, and what wakes it.
    private struct Program {
        let inbox: Inbox
        let wake: () -> Void
    }

    init(_ agenda: Agenda, _ clock: VirtualClock) {
        self.agenda = agenda
        self.clock = clock
    }

    /// True if somebody listens, to at least one that works.
    package var areHeard: Bool { ears.keys.contains { !lost.contains($0) } }

    /// A program listens to these receivers from now on.
    func listen(_ rules: SiteRules, into inbox: Inbox, wake: @escaping () -> Void) {
        program = Program(inbox: inbox, wake: wake)
        (ears, told) = ([:], [:])
        follow(rules)
    }

    /// These receivers from now on; what was heard so far of one that stays is kept.
    func follow(_ rules: SiteRules) {
        guard program != nil else { return }
        let before = ears
        ears = [:]
        for receiver in rules.receivers {
            ears[receiver.id] =
                before[receiver.id] ?? ReceiverEar(receiver, protocols: rules.radioProtocols, at: clock.moment)
            tell(receiver.id)
        }
    }

    /// The program has ended.
    func stop() { (program, ears, told) = (nil, [:], [:]) }

    /// A pin shows these edges, which begin now.
    package func hear(_ receiver: ReceiverID, _ edges: [Air.Edge]) {
        guard let inbox = program?.inbox, !lost.contains(receiver) else { return }
        let start = clock.moment
        var rest = edges[...]
        while let first = rest.first {
            let part = rest.prefix { $0.at < first.at + Self.readEvery }
            rest = rest.dropFirst(part.count)
            agenda.after(.nanoseconds(part.last?.at ?? 0)) { [weak self] in
                guard let self, program?.inbox === inbox, !lost.contains(receiver), ears[receiver] != nil else {
                    return
                }
                for edge in part { ears[receiver]?.take(carrier: edge.carrier, at: start + .nanoseconds(edge.at)) }
                tell(receiver)
            }
        }
    }

    /// A receiver's line is taken away, or given back.
    package func set(_ id: ReceiverID, isLost: Bool) {
        if isLost { lost.insert(id) } else { lost.remove(id) }
        ears[id]?.lostEdges()
        tell(id)
    }

    private func tell(_ id: ReceiverID) {
        guard let program, var ear = ears[id] else { return }
        // What has come since is read later.
        ear.pass(until: clock.moment - .nanoseconds(Self.readEvery))
        let condition = lost.contains(id) ? .dead("its line is held by gpiomon") : ear.condition
        let presses = ear.takeReports()
        let isNews = told.updateValue(condition, forKey: id) != condition
        if !presses.isEmpty { program.inbox.put(presses) }
        if isNews { program.inbox.put(ReceiverReport(id, condition)) }
        if isNews || !presses.isEmpty { program.wake() }
        ears[id] = ear
        guard let due = ear.nextDeadline else { return }
        agenda.at(max(agenda.now, clock.world(at: due + .nanoseconds(Self.readEvery)))) { [weak self] in
            if let self, ears[id]?.nextDeadline == due { tell(id) }
        }
    }
}
