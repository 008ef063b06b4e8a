internal import CallContract
package import CallCore

/// What a scenario expects to see, or to hold.
package struct Expectation {
    /// What is looked at.
    package enum Subject {
        /// Events: seen or not.
        case event(EventMatch)
        /// Answers to commands: seen or not.
        case reply(ReplyMatch)
        /// The open calls of a point.
        case call(PointID, CallMatch)
        case openCalls(Int, points: [PointID]?, CallMatch)
        case fault(FaultID, isSet: Bool, point: PointID?)
        case output(OutputID, shows: Signal)
        case status(StatusWord)
        case point(PointID, state: String)
    }

    /// The words of the gateway's status.
    package enum StatusWord: String, CaseIterable, Sendable {
        case starting, ready, degraded, stopping, offline
    }

    /// What a call must be like; what is nil is not looked at.
    package struct CallMatch {
        /// A state, `open` for any, or `none` when there must be no such call.
        package enum State: String, CaseIterable, Sendable {
            case raised, delivered, accepted, arrived, open, none
        }

        package var state = State.open
        package var service: ServiceID?
        package var presses: Int?
        package var escalation: Int?
        package var actor: String?
        package var reason: String?
        package var onTheWay: Bool?
        package var orphaned: Bool?
        package var test: Bool?
        package var clockIsRight: Bool?
        /// Of its time by the wall clock.
        package var year: Int?
    }

    /// What an event must be like; what is nil is not looked at.
    package struct EventMatch {
        /// Nil: any.
        package var type: CallEventType?
        package var points: Set<String>?
        package var service: ServiceID?
        package var presses: Int?
        package var escalation: Int?
        package var actor: String?
        package var reason: String?
        package var late: Bool?
        package var test: Bool?
        package var journaled: Bool?
        package var again: Bool?
        package var clockIsRight: Bool?
        /// Of its time by the wall clock.
        package var year: Int?
    }

    /// What an answer must be like; what is nil is not looked at.
    package struct ReplyMatch {
        package var accepted: Bool
        package var command: String?
        package var id: String?
        package var reason: String?
    }

    package let subject: Subject
    /// How long it is waited for.
    package let within: Duration
    /// Exactly so many must be seen in all this time; nil: one is enough.
    package let times: Int?

    /// How long is waited unless the step says otherwise.
    package static let standardWait = Duration.seconds(5)

    /// True for what is seen in a moment, false for what stands.
    var isOfMoments: Bool {
        switch subject {
        case .event, .reply: true
        default: false
        }
    }

    /// True if this is what is expected to be seen.
    func matches(_ what: Seen.What) -> Bool {
        switch (subject, what) {
        case (.event(let match), .event(let event)): match.again != true && match.matches(event)
        case (.event(let match), .eventAgain(let event)): match.again == true && match.matches(event)
        case (.reply(let match), .reply(let reply)): match.matches(reply)
        default: false
        }
    }

    /// True if this is how things are expected to stand.
    func matches(_ standing: Standing) -> Bool {
        switch subject {
        case .event, .reply: return false
        case .call(let point, let match):
            let calls = standing.calls.values.filter { $0.data.point == point.text }
            return match.state == .none
                ? !calls.contains(where: match.concerns) : calls.contains(where: match.matches)
        case .openCalls(let count, let points, let match):
            let texts = points.map { Set($0.map(\.text)) }
            return count
                == standing.calls.values.count { match.matches($0) && texts?.contains($0.data.point) ?? true }
        case .fault(let id, let isSet, let point):
            let fault = standing.fault(id.text)
            let stands = point.map { fault?.points.contains($0.text) ?? false } ?? (fault != nil)
            return stands == isSet
        case .output(let id, let signal):
            // A stage that sees only the lamp names together what looks the same.
            return (standing.outputs[id.text] ?? Signal.idle.rawValue).split(separator: "/").contains {
                $0 == signal.rawValue
            }
        case .status(let word): return standing.status?.rawValue == word.rawValue
        case .point(let id, let state): return standing.points[id.text]?.state == state
        }
    }
}

extension Expectation.CallMatch {
    /// True if it is a call of the kind that is meant, whatever its state.
    func concerns(_ record: CallMessage) -> Bool {
        let data = record.data
        return isSame(service?.text, data.service) && isSame(test, data.test)
            && isSame(presses, data.presses) && isSame(escalation, data.escalation)
    }

    func matches(_ record: CallMessage) -> Bool {
        let data = record.data
        return concerns(record) && (state == .open || state.rawValue == data.state)
            && isPart(actor, of: data.actor) && isPart(reason, of: data.reason)
            && isSame(onTheWay, data.onTheWay ?? false) && isSame(orphaned, record.orphaned ?? false)
            && isSame(clockIsRight, data.clock.synchronized) && isSame(year, data.raisedAt.year)
    }
}

extension Expectation.EventMatch {
    func matches(_ event: EventMessage) -> Bool {
        let data = event.data
        return type.map { event.type == "courtyard.call.\($0.rawValue)" } ?? true
            && points?.contains(data.point) ?? true && isSame(service?.text, data.service)
            && isSame(presses, data.presses) && isSame(escalation, data.escalation)
            && isPart(actor, of: data.actor) && isPart(reason, of: data.reason)
            && isSame(late, data.late) && isSame(test, data.test) && isSame(journaled, data.journaled ?? true)
            && isSame(clockIsRight, data.clock.synchronized) && isSame(year, event.time.year)
    }
}

extension Expectation.ReplyMatch {
    func matches(_ reply: ReplyMessage) -> Bool {
        reply.accepted == accepted && isSame(command, reply.command) && isSame(id, reply.id)
            && isPart(reason, of: reply.reason)
    }
}

extension WallTime {
    /// In UTC.
    fileprivate var year: Int { Int(description.prefix(4)) ?? 0 }
}

/// What isn't asked for is the same as anything.
private func isSame<Value: Equatable>(_ asked: Value?, _ found: Value) -> Bool { asked.map { $0 == found } ?? true }

private func isPart(_ asked: String?, of found: String?) -> Bool {
    asked.map { found?.contains($0) ?? false } ?? true
}
