internal import CallCore
internal import Journal

/// An emergency is accepted, or it escalates; accepted, somebody arrives, or it is opened again.
final class EscalationJudge: Judge {
    private let court: Court
    private var waiting: [CallID: (state: CallState, since: Moment)] = [:]
    /// Ended in this turn, and by whom is not clear yet.
    private var endings: [CallID: CallEventType] = [:]

    /// A turn may be late by a slow disk's flush.
    private static let slack = Duration.seconds(5)

    init(_ court: Court) { self.court = court }

    /// Times count from the start at the latest: before it, nobody could tell them.
    func started(_ contents: Journal.Contents?) {
        waiting = [:]
        for call in contents?.openCalls ?? [] where call.service == .emergency {
            waiting[call.id] = (call.state, court.now)
        }
    }

    func ended() { (waiting, endings) = ([:], [:]) }

    func told(_ action: Action) {
        switch action {
        case .append(let event) where event.service == .emergency && event.type != .pressed:
            waiting[event.call.id] = event.call.state.isClosed ? nil : (event.call.state, court.now)
            if event.call.state.isClosed, event.call.reason != "reset" { endings[event.call.id] = event.type }
        case .answer(let answer):
            // It comes after what it answers.
            guard let call = answer.call, answer.refusal == nil else { return }
            if answer.command == "resolve" || answer.command == "cancel" { endings[call.id] = nil }
        case .keep(let call) where call.service == .emergency && !call.state.isClosed && waiting[call.id] == nil:
            waiting[call.id] = (call.state, court.now)  // adopted
        default: break
        }
    }

    /// Only a person ends an emergency: a desk's command, or the reset at the point.
    func turned() {
        guard let (id, type) = endings.first else { return }
        court.complain(.endedAlone, "\(id) is \(type), and nobody has asked for it")
        endings = [:]
    }

    func tick() {
        guard court.gateway.isRunning,
            let rules = court.gateway.rules.services.first(where: { $0.id == .emergency })?.rules
        else { return }
        let unaccepted = max(rules.acceptWithin ?? .zero, rules.escalateEvery ?? .zero) + Self.slack
        for (id, call) in waiting {
            let waited = court.now - call.since
            switch call.state {
            case .raised, .delivered:
                if waited > unaccepted { court.complain(.unescalated, "\(id) has been \(call.state) for \(waited)") }
            case .accepted:
                if let limit = rules.arriveWithin, waited > limit + Self.slack {
                    court.complain(.unescalated, "\(id) was accepted \(waited) ago, and nobody has arrived")
                }
            case .arrived, .resolved, .cancelled: break
            }
        }
    }
}
