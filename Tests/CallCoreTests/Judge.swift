import CallCore

/// What must be true after every step.
struct Judge {
    private(set) var wrong: String?
    /// Calls that the broker said nobody has heard.
    var deaf: Set<CallID> = []
    /// Outputs show something that ends by itself until then.
    var outputsBusyUntil = Moment(nanoseconds: 0)
    private(set) var shown: [OutputID: Signal] = [:]

    private struct Series: Hashable {
        let journal: JournalID
        let service: ServiceID
    }

    private var sequences: [Series: UInt64] = [:]
    private var revisions: [CallID: Int] = [:]
    private var closed: Set<CallID> = []
    /// Test calls that are closed: one that a power cut brings back ends by itself.
    private var tests: Set<CallID> = []
    private var answers: [String: CommandAnswer] = [:]
    private var awaited: CallCommand?
    private var pressed: [String: Int] = [:]
    /// Since when each open emergency waits for its next escalation, and each raised call for its next offer.
    private var waiting: [CallID: Moment] = [:]
    private var unoffered: [CallID: Moment] = [:]
    private var openKeys: [CallID: Call] = [:]

    mutating func complain(_ what: String) { if wrong == nil { wrong = what } }

    mutating func asked(_ command: CallCommand) { awaited = command }

    mutating func mustHaveTold(press: Moment, of point: PointID, boot: String, isLimited: Bool) {
        let count = pressed["\(boot) \(press.nanoseconds) \(point)"] ?? 0
        if count != 1, !(count == 0 && isLimited) { complain("a press of \(point) was told \(count) times") }
    }

    /// Other times hold: they count from now at the latest.
    mutating func reloaded() { waiting = [:] }

    /// - Parameter journal: what it still knows; what was held back is forgotten.
    mutating func restarted(with journal: KeptJournal, at now: Moment) {
        let open = journal.openCalls
        revisions = revisions.filter { journal.calls[$0.key] != nil }
        for call in journal.calls.values { revisions[call.id] = call.revision }
        for id in closed where id.journal == KeptJournal.id && !journal.isClosed(id) && !tests.contains(id) {
            complain("\(id) was closed, and its journal doesn't know")
        }
        closed = closed.filter { journal.isClosed($0) }
        answers = Dictionary(journal.answers.map { ($0.id, $0) }) { first, _ in first }
        openKeys = Dictionary(uniqueKeysWithValues: open.map { ($0.id, $0) })
        (waiting, unoffered, deaf, shown) = ([:], [:], [], [:])
        outputsBusyUntil = now
    }

    mutating func judge(_ actions: [Action], courtyard: Courtyard, rules: SiteRules, at now: Now, boot: String) {
        for action in actions {
            switch action {
            case .append(let event): judge(event, now)
            case .keep(let call): judge(call, now)
            case .answer(let answer): judge(answer, isAgain: false)
            case .answerAgain(let answer): judge(answer, isAgain: true)
            case .offer(let id): unoffered[id] = now.moment
            case .signal(let id, let signal, _):
                shown[id] = signal
                if signal == .refused { outputsBusyUntil = max(outputsBusyUntil, now.moment + .seconds(6)) }
            default: break
            }
        }
        if let awaited, actions.contains(where: \.isAnswer) == false { complain("no answer to \(awaited.id)") }
        awaited = nil
        judgeTimes(courtyard, rules, now)
    }

    private mutating func judge(_ event: CallEvent, _ now: Now) {
        let series = Series(journal: event.journal, service: event.service)
        if event.sequence != sequences[series, default: 0] + 1 {
            complain("\(series) goes from \(sequences[series, default: 0]) to \(event.sequence)")
        }
        sequences[series] = event.sequence
        if closed.contains(event.call.id) { complain("\(event.type) of \(event.call.id), which is closed") }
        switch event.type {
        case .pressed:
            pressed["\(event.occurred.boot) \(event.occurred.moment.nanoseconds) \(event.call.point)", default: 0] +=
                event.service == .emergency ? 1 : 0
        case .raised where event.service != .test:
            // Beside one that somebody has answered and nobody can end, while the journal fails.
            if openKeys.values.contains(where: {
                $0.point == event.call.point && $0.service == event.service
                    && (event.journaled || $0.id.journal == event.journal || $0.state == .raised
                        || $0.state == .delivered)
            }) {
                complain("\(event.call.id) raised beside an open call of \(event.call.point)")
            }
        case .escalated, .reopened: waiting[event.call.id] = now.moment
        default: break
        }
        if event.type == .reopened { unoffered[event.call.id] = now.moment }
    }

    private mutating func judge(_ call: Call, _ now: Now) {
        if closed.contains(call.id) { complain("\(call.id) kept, which is closed") }
        if let before = revisions[call.id], call.revision <= before {
            complain("\(call.id) goes from revision \(before) to \(call.revision)")
        }
        revisions[call.id] = call.revision
        if call.state.isClosed {
            closed.insert(call.id)
            if call.isTest { tests.insert(call.id) }
            openKeys[call.id] = nil
            deaf.remove(call.id)
        } else {
            openKeys[call.id] = call
        }
        if call.state != .raised { deaf.remove(call.id) }
    }

    private mutating func judge(_ answer: CommandAnswer, isAgain: Bool) {
        if answer.refusal?.hasPrefix("journal: ") ?? false { return }  // not now: whoever asks later is answered anew
        if let known = answers[answer.id] {
            if known != answer || !isAgain { complain("\(answer.id) answered \(answer), before \(known)") }
        } else if isAgain {
            complain("\(answer.id) answered again, for the first time")
        }
        answers[answer.id] = answer
    }

    /// No emergency is forgotten, and nothing that nobody has received is kept quiet about.
    private mutating func judgeTimes(_ courtyard: Courtyard, _ rules: SiteRules, _ now: Now) {
        let limits = rules.services[0].rules
        let longest = max(limits.acceptWithin!, limits.escalateEvery!) + .seconds(1)
        for call in courtyard.openCalls {
            let isWaiting = call.state == .raised || call.state == .delivered
            if call.service == .emergency, isWaiting {
                let since = waiting[call.id] ?? now.moment
                waiting[call.id] = since
                if now.moment - since > longest { complain("\(call.id) has waited \(now.moment - since), unescalated") }
            } else {
                waiting[call.id] = nil
            }
            if call.state == .raised {
                let since = unoffered[call.id] ?? now.moment
                unoffered[call.id] = since
                if now.moment - since > .seconds(16) {
                    complain("\(call.id) was not offered for \(now.moment - since)")
                }
            } else {
                unoffered[call.id] = nil
            }
        }
    }

    mutating func compare(_ journal: [CallID: Call], with courtyard: Courtyard) {
        let open = journal.filter { !$0.value.state.isClosed }
        guard open.count == courtyard.openCalls.count,
            courtyard.openCalls.allSatisfy({ open[$0.id] == $0 })
        else { return complain("the journal holds \(open.keys), the core \(courtyard.openCalls.map(\.id))") }
    }
}

extension Action {
    fileprivate var isAnswer: Bool {
        switch self {
        case .answer, .answerAgain: true
        default: false
        }
    }
}
