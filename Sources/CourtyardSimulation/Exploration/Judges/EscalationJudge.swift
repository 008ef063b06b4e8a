internal import CallCore
internal import Journal

/// An emergency is accepted, or it escalates; accepted, somebody arrives, or it is opened again.
final class EscalationJudge: Judge {
    private let court: Court
    private var waiting: [CallID: (state: CallState, since: Moment)] = [:]

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

    func ended() { waiting = [:] }

    func told(_ action: Action) {
        switch action {
        case .append(let event) where event.service == .emergency && event.type != .pressed:
            waiting[event.call.id] = event.call.state.isClosed ? nil : (event.call.state, court.now)
        case .keep(let call) where call.service == .emergency && !call.state.isClosed && waiting[call.id] == nil:
            waiting[call.id] = (call.state, court.now)  // adopted
        default: break
        }
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
