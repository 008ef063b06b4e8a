internal import CallCore
internal import Journal

/// One turn of the loop: what the core was told and what it decided. Nothing of it has been seen outside yet, so a turn
/// that the journal refuses is decided anew, from the core as it was.
struct Turn {
    /// The core before the first input.
    var before: Courtyard?
    var inputs: [(input: Input, now: Now)] = []
    var actions: [Action] = []
}

// Commit, then tell.
extension GatewayAgent {
    /// Lets the core decide; carried out at the end of the turn.
    func decide(_ input: Input, _ now: Now) {
        if !keeper.isFailing {
            if turn.before == nil { turn.before = core }
            turn.inputs.append((input, now))
        }
        turn.actions += core.handle(input, at: now)
    }

    func commit(_ now: Now, marksNow: Bool = false) {
        var actions = turn.actions
        var batch = Journal.Batch(actions)
        let marksDue = marksNow || (markAt.map { $0 <= now.moment } ?? false)
        if !batch.isEmpty || marksDue {
            batch.acknowledged = outbox.unmarked.map {
                .init(journal: $0.id.journal, service: $0.id.service, through: $0.through)
            }
        }
        // A journal that fails is tried in its time, and what was decided is told before: an attempt may take seconds.
        if !keeper.isFailing || marksNow || isTurnForRetry(actions, now) {
            batch.connectionLimit = connections.limitToReserve()
            // Whether it works again shows when something is written, and nothing else.
            if keeper.isFailing, batch.isEmpty { batch.connectionLimit = connections.limit }
            if !batch.isEmpty || keeper.isFailing { actions = write(batch, actions, now) }
        } else if !batch.isEmpty {
            keeper.add(batch)
        }
        turn = Turn()
        // Due marks that a failing journal did not take wait again.
        let waiting = markAt.flatMap { $0 > now.moment ? $0 : nil }
        markAt = outbox.unmarked.isEmpty ? nil : waiting ?? now.moment + Self.marksWaitAtMost
        for action in actions {
            onTold?(action)
            tell(action, now)
        }
        if let written = substitute, !keeper.isFailing {
            outbox.becameJournaled(written)
            substitute = nil
        }
        askers = [:]
    }

    /// True in a turn that has nothing to tell; in any, if it has been due for long.
    private func isTurnForRetry(_ actions: [Action], _ now: Now) -> Bool {
        guard let due = keeper.retryAt, due <= now.moment else { return false }
        return actions.isEmpty || now.moment - due >= JournalKeeper.retryAfter
    }

    /// Writes the batch; returns what may be told now.
    private func write(_ batch: Journal.Batch, _ actions: [Action], _ now: Now) -> [Action] {
        switch keeper.write(batch, at: now.moment) {
        case .written:
            marked(batch)
            keepAllIfBegunAnew()
            return actions
        case .recovered:
            marked(batch)
            keepAllIfBegunAnew()
            ports.log.log(.notice, "the journal can be written again", [:])
            return actions + core.handle(.journalRecovered, at: now)
        case .failing: return actions
        case .failed(let reason):
            ports.log.log(.error, "the journal can't be written: \(reason)", [:])
            let instead = decideUnjournaled(reason, now)
            keeper.add(Journal.Batch(instead))
            return instead
        }
    }

    /// A journal that was lost in mid-run has been replaced: calls that are open must be found in the new one by the
    /// restart that is due, since the broker may not have them.
    private func keepAllIfBegunAnew() {
        guard ports.store.takeBegunAnew() else { return }
        var all = Journal.Batch()
        all.calls = Array(core.openCalls)
        do throws(JournalError) {
            try ports.store.commit(all)
        } catch {
            ports.log.log(.error, "open calls could not be written to the new journal: \(error)", [:])
        }
    }

    /// The same turn once more, without the journal.
    private func decideUnjournaled(_ reason: String, _ now: Now) -> [Action] {
        let id = ports.makeID()
        substitute = id
        if let before = turn.before { core = before }
        var actions = core.handle(.journalFailed(reason: reason, substitute: id), at: now)
        for (input, then) in turn.inputs { actions += core.handle(input, at: then) }
        return actions
    }

    private func marked(_ batch: Journal.Batch) {
        if let limit = batch.connectionLimit { connections.reserved(limit) }
        guard !batch.acknowledged.isEmpty else { return }
        outbox.marked()
        markAt = nil
    }
}

extension Journal.Batch {
    /// What of these actions the journal keeps.
    init(_ actions: [Action]) {
        self.init()
        for action in actions {
            switch action {
            case .append(let event): events.append(event)
            case .keep(let call): calls.append(call)
            case .answer(let answer): answers.append(answer)
            case .remember(let state): transmitters.append(state)
            default: break
            }
        }
    }
}
