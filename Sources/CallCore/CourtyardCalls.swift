// What becomes of open calls by themselves: offered again, escalated, reopened, expired, tested, heard or not.
extension Courtyard {
    /// How long one broker is given while an emergency is heard by nobody.
    static let nextBrokerAfter = Duration.seconds(30)

    /// Sets what is due for a call that is new or has changed, and marks its point for the outputs.
    mutating func follow(_ call: Call, _ now: Now) {
        touched[call.point] = touched[call.point] ?? false
        if call.state != .raised { unheard.remove(call.id) }
        guard calls.open[call.id] != nil else {
            timers[call.id] = nil
            return deadlines.set(.call(call.id), to: nil)
        }
        timers[call.id, default: CallTimers()].follow(
            call, service(call.service).rules, now: now, boot: identity.boot)
        deadlines.set(.call(call.id), to: timers[call.id]?.next)
    }

    /// Carries a step out, if it is legal now.
    mutating func move(
        _ call: Call, by step: CallLifecycle.Step, actor: String? = nil, reason: String? = nil, _ now: Now
    ) -> [Action] {
        guard let transition = CallLifecycle.transition(from: call.state, by: step) else { return [] }
        let actions = calls.move(call, transition, by: actor, reason: reason, now: now)
        follow(calls.open[call.id] ?? call.after(transition, at: calls.stamp(now)), now)
        return actions
    }

    /// How long it is until the call expires by itself, for messages that are of no use afterwards; nil for one that
    /// doesn't: an emergency, one where somebody has arrived, one that is closed, a test.
    ///
    /// By the call's own timer: a wall clock that somebody has set meanwhile ends no call, and no message about it.
    public func timeLeft(of call: Call, _ now: Now) -> Duration? {
        let rules = service(call.service).rules
        guard !call.state.isClosed, call.state != .arrived, !call.isTest, let lasts = rules.expiresAfter else {
            return nil
        }
        if let timers = timers[call.id] { return timers.expireAt.map { $0 - now.moment } }
        return lasts + rules.waitsForOpening(call, now) - call.raised.elapsed(until: now, boot: identity.boot)
    }

    mutating func callIsDue(_ id: CallID, _ now: Now) -> [Action] {
        var actions: [Action] = []
        while let call = calls.open[id] {
            let rules = service(call.service).rules
            guard let due = timers[id]?.take(dueBy: now.moment, rules) else { break }
            switch due {
            case .offer: actions.append(.offer(id))
            case .unheard: unheard.insert(id)
            case .escalate: actions += escalate(call, now)
            case .reopen: actions += move(call, by: .reopen, now)
            case .expire where call.isTest: actions += testMissed(call, now)
            case .expire where !calls.canEnd(call): break  // once the journal can be written
            case .expire: actions += move(call, by: .expire, reason: "expired", now)
            }
            touched[call.point] = touched[call.point] ?? false
        }
        deadlines.set(.call(id), to: timers[id]?.next)
        return actions
    }

    private mutating func escalate(_ call: Call, _ now: Now) -> [Action] {
        var actions = move(call, by: .escalate, now)
        let level = service(call.service).rules.level(call.escalation + 1)
        if level?.usesNextBroker ?? false, let until = brokerHasUntil, until <= now.moment {
            triedNextBrokerAt = now.moment
            actions.append(.tryNextBroker(reason: "nobody has accepted \(call.id), escalation \(call.escalation + 1)"))
        }
        return actions
    }

    /// Until when the broker in use is not left: half a minute after it was gone to, longer when the whole list has been
    /// tried in vain, and as long as its desks are waited for after connecting. Nil while there is none.
    private var brokerHasUntil: Moment? {
        guard let heardOf = desks.graceEnds else { return nil }
        let patience = Self.nextBrokerAfter * (1 << min(4, max(0, brokersTried - 2)))
        return triedNextBrokerAt.map { max(heardOf, $0 + patience) } ?? heardOf
    }

    /// The broker has the event that opened the call. For displays that never answer that is delivery enough, if anyone
    /// subscribes.
    mutating func brokerHas(_ id: CallID, heard: Bool, _ now: Now) -> [Action] {
        guard let call = calls.open[id], call.state == .raised else { return [] }
        guard heard else {
            // A desk that says it listens may read the records alone: it has its ten seconds.
            let mayBeRead = !rules.isHeardByBroker && desks.isOneListening
            if call.service == .emergency, !mayBeRead { unheard.insert(id) }
            touched[call.point] = touched[call.point] ?? false
            return []
        }
        guard rules.isHeardByBroker else { return [] }
        return call.isTest ? testAnswered(call, by: nil, now) : move(call, by: .received, now)
    }

    // MARK: Listening

    /// Tells when nobody hears the gateway, and tries elsewhere.
    mutating func listen(_ now: Now) -> [Action] {
        let wasNobodyThere = isNobodyThere
        isNobodyThere = !rules.isHeardByBroker && desks.isNobodyThere(now.moment)
        if isNobodyThere != wasNobodyThere {
            for call in calls.open.values { touched[call.point] = touched[call.point] ?? false }
        }
        let emergency = calls.open.values.filter { $0.service == .emergency && isUnheard($0) }
            .min { $0.id.number < $1.id.number }
        return listeningFault(emergency, now) + elsewhere(emergency, now)
    }

    func isUnheard(_ call: Call) -> Bool { call.state == .raised && (isNobodyThere || unheard.contains(call.id)) }

    private mutating func elsewhere(_ emergency: Call?, _ now: Now) -> [Action] {
        guard let emergency, rules.nobodyListening.usesNextBroker, let until = brokerHasUntil else {
            deadlines.set(.nextBroker, to: nil)
            if emergency == nil { brokersTried = 0 }
            return []
        }
        if now.moment < until {
            deadlines.set(.nextBroker, to: until)
            return []
        }
        triedNextBrokerAt = now.moment
        brokersTried += 1
        return [.tryNextBroker(reason: "nobody here has received the emergency \(emergency.id)")]
    }

    // MARK: Tests

    mutating func planDailyTest(_ now: Now) {
        dailyTest.plan(minute: rules.dailyTestMinute, now: now)
        deadlines.set(.dailyTest, to: dailyTest.next)
    }

    mutating func makeDailyTest(_ now: Now) -> [Action] {
        dailyTest.made(at: now.moment)
        planDailyTest(now)
        let own = PointID(unchecked: identity.gateway.text)
        guard calls.joinedCall(of: own, .test) == nil else { return [] }
        return raiseTest(at: own, label: "\(identity.gateway)", now).actions
    }

    mutating func raiseTest(
        at point: PointID, label: String, heardBy reception: Reception? = nil, _ now: Now
    ) -> (call: Call, actions: [Action]) {
        let (call, actions) = calls.raiseTest(at: point, label: label, heardBy: reception, now: now)
        follow(call, now)
        return (call, actions)
    }

    mutating func testAnswered(_ call: Call, by actor: String?, _ now: Now) -> [Action] {
        move(call, by: .answerTest, actor: actor, reason: "tested", now) + clear(.testMissed)
    }

    private mutating func testMissed(_ call: Call, _ now: Now) -> [Action] {
        move(call, by: .expire, reason: "unanswered", now)
            + set(
                .testMissed,
                what: "no desk answered the test call \(call.id) within "
                    + "\(CallTimers.testWithin.components.seconds) s",
                remedy: "look at the broker and at the desk: is its page open, does it subscribe to this gateway?", now)
    }

    // MARK: Outputs

    /// Shows what has changed near the points that were touched, and what alarms switch on and off.
    mutating func reassure(_ now: Now) -> [Action] {
        guard !touched.isEmpty else { return [] }
        defer { touched = [:] }
        let before = alarming
        alarming = alarms()
        let changed = Set(before.keys).union(alarming.keys).filter { before[$0] != alarming[$0] }
        let pressed = Set(touched.filter(\.value).keys.flatMap(reassurance.outputs))
        let quiet = Set(touched.keys.flatMap(reassurance.outputs)).union(changed).subtracting(pressed)
        return show(quiet.sorted(), again: false, now) + show(pressed.sorted(), again: true, now)
    }

    mutating func showAllOutputs(_ now: Now) -> [Action] {
        alarming = alarms()
        return show(reassurance.all.sorted(), again: false, now)
    }

    mutating func show(_ ids: [OutputID], again: Bool, _ now: Now) -> [Action] {
        guard !ids.isEmpty else { return [] }
        let told = calls.open.values.map { call in
            Reassurance.Told(
                point: call.point, priority: call.priority,
                signal: call.signal(isUnheard: isNobodyThere || unheard.contains(call.id)))
        }
        let actions = reassurance.refresh(ids, again: again, alarms: alarming, now: now.moment, calls: told)
        deadlines.set(.signals, to: reassurance.next)
        return actions
    }

    /// The outputs that escalations and an unheard emergency switch on.
    private func alarms() -> [OutputID: Signal] {
        var alarms: [OutputID: Signal] = [:]
        if calls.open.values.contains(where: { $0.service == .emergency && isUnheard($0) }) {
            for id in rules.nobodyListening.outputs { alarms[id] = .nobodyListening }
        }
        for call in calls.open.values where call.escalation > 0 && (call.state == .raised || call.state == .delivered) {
            for id in service(call.service).rules.level(call.escalation)?.outputs ?? [] { alarms[id] = .escalated }
        }
        return alarms
    }
}

extension SiteRules {
    /// The broker's word is enough; desks are not asked.
    var isHeardByBroker: Bool { acknowledgement == .broker }
}
