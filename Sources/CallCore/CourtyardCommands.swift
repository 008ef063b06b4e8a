// What desks ask for. A radio frame or a message may raise a call; only what stands here can end one.
extension Courtyard {
    /// Why a command is not carried out, naming the field.
    private struct Refusal: Error {
        let reason: String
        var call: Call?
        /// It may be carried out later: the answer is not remembered.
        var isForNow = false
    }

    /// Carries a command out once, and answers it the same for ever after.
    mutating func obey(_ command: CallCommand, _ now: Now) -> [Action] {
        if let known = answers[command.id] {
            guard known.command == command.name else {
                let reason = "id: was used before, for \(known.command)"
                return [
                    .answerAgain(CommandAnswer(id: command.id, command: command.name, refusal: reason, call: nil))
                ]
            }
            return [.answerAgain(known)]
        }
        var actions: [Action] = []
        var standing: Call?
        var refusal: String?
        var isForNow = false
        do throws(Refusal) {
            (standing, actions) = try carryOut(command, now)
        } catch {
            refusal = error.reason
            standing = error.call
            isForNow = error.isForNow
        }
        let answer = CommandAnswer(
            id: command.id, command: command.name, refusal: refusal, call: standing.map { CommandAnswer.Standing($0) })
        if isForNow { return [.answerAgain(answer)] }
        answers.add(answer)
        return actions + [.answer(answer)]
    }

    /// - Returns: the call as it stands afterwards, and what follows.
    private mutating func carryOut(_ command: CallCommand, _ now: Now) throws(Refusal) -> (Call, [Action]) {
        let actor = command.actor
        switch command.request {
        case .received(let id, let revision): return try received(openCall(id, revision), actor, revision, now)
        case .accept(let id, let revision, let onTheWay):
            return try accept(openCall(id, revision), actor, revision, onTheWay, now)
        case .arrive(let id, let revision):
            let call = try openCall(id, revision)
            if call.state == .arrived, call.actor == actor, actor != nil { return (call, []) }
            try requireNotReopened(call, since: revision)
            return try moved(call, by: .arrive, actor, nil, now)
        case .resolve(let id, let revision, let outcome):
            return try end(openCall(id, revision), by: .resolve, actor, outcome, revision, now)
        case .cancel(let id, let revision, let reason):
            return try end(openCall(id, revision), by: .cancel, actor, reason, revision, now)
        case .test(let point): return try test(point, now)
        }
    }

    private func openCall(_ id: CallID, _ revision: Int?) throws(Refusal) -> Call {
        guard let call = calls.open[id] else {
            throw Refusal(reason: "call: \(id) is not open here: it was closed, or is another gateway's")
        }
        // What can't be written down may be forgotten with the power: an emergency can't wait for that, an order can.
        // A test that is forgotten harms nobody, and unanswered it would accuse the desk.
        if call.service != .emergency, !call.isTest { try requireJournal(for: call) }
        if let revision, revision > call.revision {
            throw Refusal(
                reason: "revision: \(revision) is one the call has not had, it stands at \(call.revision)", call: call)
        }
        return call
    }

    private mutating func received(
        _ call: Call, _ actor: String?, _ revision: Int?, _ now: Now
    ) throws(Refusal) -> (Call, [Action]) {
        guard call.state == .raised else { return (call, []) }  // a second desk shows it too
        if let revision { try requireNotReopened(call, since: revision) }
        guard !call.isTest else {
            let actions = testAnswered(call, by: actor, now)
            return (actions.keptCall ?? call, actions)
        }
        return try moved(call, by: .received, actor, nil, now)
    }

    private mutating func accept(
        _ call: Call, _ actor: String?, _ revision: Int, _ onTheWay: Bool, _ now: Now
    ) throws(Refusal) -> (Call, [Action]) {
        guard !call.isTest else { return try received(call, actor, revision, now) }
        try requireNotReopened(call, since: revision)
        if call.state == .accepted, call.actor == actor, actor != nil {
            guard onTheWay, !call.isOnTheWay else { return (call, []) }
            return setOut(call, [], now)
        }
        let (accepted, actions) = try moved(call, by: .accept, actor, nil, now)
        return onTheWay ? setOut(accepted, actions, now) : (accepted, actions)
    }

    /// Whoever has the call is on the way.
    private mutating func setOut(_ call: Call, _ actions: [Action], _ now: Now) -> (Call, [Action]) {
        var call = call
        call.isOnTheWay = true
        call.revision += 1
        let kept = calls.keep(call)
        follow(call, now)
        return (call, actions + kept)
    }

    private mutating func end(
        _ call: Call, by step: CallLifecycle.Step, _ actor: String?, _ reason: String?, _ revision: Int, _ now: Now
    ) throws(Refusal) -> (Call, [Action]) {
        if service(call.service).rules.resolution == .point, watches[call.point] != nil {
            throw Refusal(
                reason: "service: calls of \(call.service) are ended by the reset at the call point only", call: call)
        }
        if !calls.canEnd(call) { try requireJournal(for: call) }
        try requireNotReopened(call, since: revision)
        guard revision >= call.pressedRevision else {
            throw Refusal(
                reason: "revision: the resident has pressed again since \(revision), look at \(call.revision)",
                call: call)
        }
        return try moved(call, by: step, actor, reason, now)
    }

    private func requireJournal(for call: Call) throws(Refusal) {
        guard let reason = calls.journalReason else { return }
        throw Refusal(reason: "journal: can't be written (\(reason)), ask again later", call: call, isForNow: true)
    }

    private func requireNotReopened(_ call: Call, since revision: Int) throws(Refusal) {
        guard revision >= call.openedRevision else {
            throw Refusal(
                reason: "revision: the call was reopened since \(revision), look at \(call.revision)", call: call)
        }
    }

    private mutating func moved(
        _ call: Call, by step: CallLifecycle.Step, _ actor: String?, _ reason: String?, _ now: Now
    ) throws(Refusal) -> (Call, [Action]) {
        guard CallLifecycle.transition(from: call.state, by: step) != nil else {
            throw Refusal(reason: CallLifecycle.refusal(of: step, for: call), call: call)
        }
        let actions = move(call, by: step, actor: actor, reason: reason, now)
        return (actions.keptCall ?? call, actions)
    }

    private mutating func test(_ point: PointID?, _ now: Now) throws(Refusal) -> (Call, [Action]) {
        let own = PointID(unchecked: identity.gateway.text)
        let id = point ?? own
        guard let label = id == own ? identity.gateway.text : watches[id]?.point.label else {
            throw Refusal(reason: "point: \(id) is not one of this gateway's")
        }
        if let running = calls.joinedCall(of: id, .test) {
            throw Refusal(reason: "state: a test of \(id) is running", call: running)
        }
        return raiseTest(at: id, label: label, now)
    }
}

extension [Action] {
    /// The call as the last of these actions leaves it.
    fileprivate var keptCall: Call? {
        for case .keep(let call) in reversed() { return call }
        return nil
    }
}

extension CommandAnswer.Standing {
    init(_ call: Call) {
        self.init(id: call.id, state: call.state, revision: call.revision, actor: call.actor)
    }
}
