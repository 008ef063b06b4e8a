internal import CallCore
internal import GatewayAgent

/// The radio receivers of a virtual board while its program runs: the real decoder on what their pins show.
final class VirtualReceivers {
    private let agenda: Agenda
    private let clock: VirtualClock
    private let inbox: Inbox
    private let wake: () -> Void
    private var ears: [ReceiverID: ReceiverEar] = [:]
    private var told: [ReceiverID: ReceiverCondition] = [:]
    /// How often edges are read: a press is told while others still last.
    private static let readEvery: Int64 = 20_000_000

    /// - Parameter wake: called when there is something in the program's inbox.
    init(_ rules: SiteRules, _ agenda: Agenda, _ clock: VirtualClock, _ inbox: Inbox, wake: @escaping () -> Void) {
        self.agenda = agenda
        self.clock = clock
        self.inbox = inbox
        self.wake = wake
        listen(rules)
    }

    /// These receivers from now on; what was heard so far of one that stays is kept.
    func listen(_ rules: SiteRules) {
        let before = ears
        ears = [:]
        for receiver in rules.receivers {
            ears[receiver.id] =
                before[receiver.id] ?? ReceiverEar(receiver, protocols: rules.radioProtocols, at: clock.moment)
            tell(receiver.id)
        }
    }

    /// A pin shows these edges, which begin now.
    func hear(_ receiver: ReceiverID, _ edges: [Air.Edge]) {
        let start = clock.moment
        var rest = edges[...]
        while let first = rest.first {
            let part = rest.prefix { $0.at < first.at + Self.readEvery }
            rest = rest.dropFirst(part.count)
            agenda.after(.nanoseconds(part.last?.at ?? 0)) { [weak self] in
                guard let self, ears[receiver] != nil else { return }
                for edge in part { ears[receiver]?.take(carrier: edge.carrier, at: start + .nanoseconds(edge.at)) }
                tell(receiver)
            }
        }
    }

    private func tell(_ id: ReceiverID) {
        guard var ear = ears[id] else { return }
        // What has come since is read later.
        ear.pass(until: clock.moment - .nanoseconds(Self.readEvery))
        let news = told.updateValue(ear.condition, forKey: id) == ear.condition ? nil : ear.condition
        inbox.put(ear.takeReports())
        if let news { inbox.put(ReceiverReport(id, news)) }
        ears[id] = ear
        wake()
        guard let due = ear.nextDeadline else { return }
        agenda.at(max(agenda.now, clock.world(at: due + .nanoseconds(Self.readEvery)))) { [weak self] in
            if let self, ears[id]?.nextDeadline == due { tell(id) }
        }
    }
}
