import CallCore

/// A journal that is only remembered: what was written, and what is held back while it fails.
struct KeptJournal {
    static let id = JournalID("k3f9qz")!

    private(set) var calls: [CallID: Call] = [:]
    private(set) var answers: [CommandAnswer] = []
    private(set) var sequences: [ServiceID: UInt64] = [:]
    private var heldCalls: [CallID: Call] = [:]
    private var heldAnswers: [CommandAnswer] = []

    var openCalls: [Call] { calls.values.filter { !$0.state.isClosed } }
    var nextCall: UInt64 { (calls.keys.filter { $0.journal == Self.id }.map(\.number).max() ?? 0) + 1 }
    /// Everything, with what is held back.
    var everything: [CallID: Call] { calls.merging(heldCalls) { _, held in held } }

    /// Closed before the last restart: the core doesn't know them, and the agent asks its journal.
    private(set) var closedBefore: Set<CallID> = []

    func isClosed(_ id: CallID) -> Bool { everything[id]?.state.isClosed ?? false }

    mutating func keep(_ actions: [Action], isFailing: Bool) {
        for action in actions {
            switch action {
            case .keep(let call) where isFailing: heldCalls[call.id] = call
            case .keep(let call): calls[call.id] = call
            case .answer(let answer) where isFailing: heldAnswers.append(answer)
            case .answer(let answer): answers.append(answer)
            case .append(let event) where event.journal == Self.id: sequences[event.service] = event.sequence
            default: break
            }
        }
    }

    mutating func takeHeld() {
        calls = everything
        answers += heldAnswers
        (heldCalls, heldAnswers) = ([:], [])
    }

    /// A restart forgets what was held back; what stands at the broker of it is found there.
    mutating func lost() -> [Call] {
        defer {
            (heldCalls, heldAnswers) = ([:], [])
            closedBefore = Set(calls.keys.filter { isClosed($0) })
        }
        return heldCalls.values.filter { !$0.state.isClosed && $0.id.journal != Self.id }.sorted {
            $0.id.number < $1.id.number
        }
    }
}
