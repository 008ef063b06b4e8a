internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import Journal

/// A point has one open call of a service; presses join it and are counted; what is closed stays closed.
final class CallJudge: Judge {
    private let court: Court
    private var open: [CallID: Call] = [:]
    private var closed: Set<CallID> = []
    /// Test calls among them: one that a power cut brings back ends by itself.
    private var tests: Set<CallID> = []
    /// Those whose end the journal has.
    private var closedForGood: Set<CallID> = []
    private var presses: [CallID: Int] = [:]
    /// The highest revision that may be seen of a call.
    private var revisions: [CallID: Int] = [:]
    /// The journal that the program started from.
    private var journal: JournalID?
    /// This journal's id, and those that stood in for it.
    private var own: Set<JournalID> = []

    private let callPrefix: String

    init(_ court: Court) {
        self.court = court
        callPrefix = court.gateway.topics.base + "/call/"
    }

    func committed(_ batch: Journal.Batch) {
        for call in batch.calls where call.state.isClosed { closedForGood.insert(call.id) }
    }

    /// What only the memory knew is known no more.
    func ended() {
        for id in closed.subtracting(closedForGood) {
            if id.journal == journal, !tests.contains(id) {
                court.complain(.committedLost, "the end of \(id) was told, and its journal doesn't know it")
            }
            court.revenants.insert(id)
        }
    }

    func started(_ contents: Journal.Contents?) {
        // Without a journal it knows no calls but those that stand at the broker, which are another's to it, closed or not.
        journal = contents?.id
        own = journal.map { [$0] } ?? []
        closed = contents == nil ? [] : closedForGood
        let found = Dictionary(uniqueKeysWithValues: (contents?.openCalls ?? []).map { ($0.id, $0) })
        open = found
        presses = found.mapValues(\.presses)
        revisions = found.mapValues(\.revision)
    }

    func told(_ action: Action) {
        switch action {
        case .append(let event):
            if !event.journaled { own.insert(event.journal) }
            if closed.contains(event.call.id) {
                court.complain(.reopenedForEver, "\(event.type) of \(event.call.id)")
            }
            if event.type == .pressed { count(event.call) }
        case .keep(let call): keep(call)
        default: break
        }
    }

    private func count(_ call: Call) {
        presses[call.id, default: 0] += 1
        if presses[call.id] != call.presses {
            court.complain(
                .callDoubled, "\(call.id) counts \(call.presses) presses where \(presses[call.id]!) were told")
        }
    }

    private func keep(_ call: Call) {
        if closed.contains(call.id) { court.complain(.reopenedForEver, "\(call.id) is kept, \(call.state)") }
        if let before = revisions[call.id], call.revision <= before {
            court.complain(.revision, "\(call.id) goes from \(before) to \(call.revision)")
        }
        revisions[call.id] = call.revision
        guard !call.state.isClosed else {
            closed.insert(call.id)
            if call.isTest { tests.insert(call.id) }
            (open[call.id], presses[call.id]) = (nil, nil)
            return
        }
        if open[call.id] == nil, own.contains(call.id.journal), !call.isTest,
            let other = open.values.first(where: {
                $0.point == call.point && $0.service == call.service && own.contains($0.id.journal)
                    && !mayStandBeside($0, call)
            })
        {
            court.complain(.callDoubled, "\(call.id) beside \(other.id): \(call.service) of \(call.point)")
        }
        if open[call.id] == nil, presses[call.id] == nil { presses[call.id] = call.presses }
        open[call.id] = call
    }

    /// A call that somebody has answered, and that can't be ended while the journal fails, is joined by nobody then.
    private func mayStandBeside(_ answered: Call, _ fresh: Call) -> Bool {
        (answered.state == .accepted || answered.state == .arrived) && fresh.id.journal != journal
            && fresh.id.journal != answered.id.journal
    }

    /// A record shows what was decided, no more and no less.
    func sent(_ message: OutgoingMessage) {
        guard message.topic.hasPrefix(callPrefix), !message.payload.isEmpty,
            let id = message.topic.split(separator: "/").last.flatMap({ CallID(String($0)) }),
            let revision = Scan.number(after: "\"revision\":", in: message.payload)
        else { return }
        let decided = revisions[id] ?? 0
        if Int(revision) > decided {
            court.complain(.publishedFirst, "revision \(revision) of \(id), which stands at \(decided)")
        }
        if Int(revision) < decided {
            court.complain(.standing, "revision \(revision) of \(id) leaves, which stands at \(decided)")
        }
    }
}
