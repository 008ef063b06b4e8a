import CallCore

/// One random day: the courtyard as an agent drives it, with a journal and a broker that are only remembered, and the
/// judgement of all that comes out.
struct Explorer {
    var dice: Dice
    var courtyard: Courtyard
    var rules: SiteRules
    var journal = KeptJournal()
    var judge = Judge()
    /// What was done last, and what is wrong since.
    var last = "start"
    var wrong: String? { judge.wrong }

    private var boot = 1
    private var time: Int64 = 20_000
    private var wallOffset: Int64 = 0
    private var isSynchronized = true
    private var isFailing = false
    private var isConnected = false
    private var hasDesk = false
    private var commands: [CallCommand] = []
    private var foreign: [Call] = []
    private var substitutes = 0

    init(seed: UInt64) {
        dice = Dice(seed)
        rules = dice.rules()
        isSynchronized = !dice.oneIn(3)
        courtyard = Courtyard(identity: Self.identity(1))
        begin()
    }

    private static func identity(_ boot: Int) -> Courtyard.Identity {
        .init(journal: KeptJournal.id, boot: "boot-\(boot)", gateway: GatewayID("gw-1")!)
    }

    var now: Now {
        Now(
            moment: Moment(nanoseconds: time * 1_000_000),
            wall: WallTime(milliseconds: 1_700_000_000_000 + time + wallOffset),
            quality: ClockQuality(synchronized: isSynchronized, uncertaintyMs: 2))
    }

    // MARK: What happens

    mutating func step() {
        switch dice.below(100) {
        case 0..<30: press(rules.points[dice.below(rules.points.count)])
        case 30..<55: command()
        case 55..<75: wait(dice.oneIn(25) ? dice.below(20_000_000) : dice.below(100_000))
        case 75..<80: desk()
        case 80..<83: broker()
        case 83..<85: clock()
        case 85..<88: reload()
        case 88..<91: journalChanges()
        case 91..<93: restart(reboots: dice.oneIn(3))
        case 93..<96: orphan()
        case 96: identify()
        default: wire()
        }
        run(0)  // the agent takes what is due in the same turn
        if dice.oneIn(10) { compareWithRestarted() }
    }

    private mutating func press(_ point: CallPoint) {
        last = "press of \(point.id)"
        let start = now.moment
        tell(.line(.edge(point.id, made: true, at: start)))
        run(dice.oneIn(8) ? 2500 : 100)
        tell(.line(.edge(point.id, made: false, at: now.moment)))
        run(dice.oneIn(2) ? 600 : 30)
        guard point.gestures.press == .emergency else { return }
        judge.mustHaveTold(
            press: start, of: point.id, boot: "boot-\(boot)", isLimited: courtyard.fault(.rateLimited) != nil)
    }

    private mutating func command() {
        if dice.oneIn(6), let again = commands.randomElement(using: &dice) {
            last = "\(again.name) again"
            return tell(.command(again))
        }
        let open = courtyard.openCalls.sorted { ($0.id.journal, $0.id.number) < ($1.id.journal, $1.id.number) }
        let call = open.randomElement(using: &dice)
        let id = call?.id ?? CallID(journal: KeptJournal.id, number: UInt64(dice.below(9)))
        let revision = max(1, (call?.revision ?? 1) - (dice.oneIn(3) ? dice.below(4) : 0) + (dice.oneIn(9) ? 1 : 0))
        let requests: [CallCommand.Request] = [
            .received(id, revision: dice.oneIn(2) ? nil : revision),
            .accept(id, revision: revision, onTheWay: dice.oneIn(2)), .arrive(id, revision: revision),
            .resolve(id, revision: revision, outcome: nil), .cancel(id, revision: revision, reason: "mistake"),
            .test(dice.oneIn(2) ? nil : rules.points[0].id),
        ]
        let command = CallCommand(
            id: "c-\(commands.count)", actor: dice.oneIn(5) ? nil : "desk-\(dice.below(2))",
            request: requests[dice.below(requests.count)])
        commands.append(command)
        last = "\(command.request)"
        tell(.command(command))
    }

    private mutating func wait(_ milliseconds: Int) {
        last = "\(milliseconds) ms"
        run(milliseconds)
    }

    private mutating func desk() {
        last = "a desk"
        hasDesk = isConnected && dice.oneIn(2)
        let states: [DeskPresence.State] = hasDesk ? [.listening] : [.idle, .closed, .offline]
        guard isConnected else { return }
        tell(.desk(DeskID("desk-1")!, DeskPresence(state: states[dice.below(states.count)], name: nil)))
    }

    private mutating func broker() {
        last = "the broker"
        guard let call = courtyard.openCalls.min(by: { $0.id.number < $1.id.number }), isConnected, dice.oneIn(2) else {
            isConnected.toggle()
            hasDesk = false
            return tell(isConnected ? .connected : .disconnected)
        }
        let heard = !dice.oneIn(3)
        if !heard { judge.deaf.insert(call.id) }
        tell(.brokerHas(call.id, heard: heard))
    }

    private mutating func clock() {
        last = "the clock"
        wallOffset += Int64(dice.below(7_200_000)) - 3_600_000
        if dice.oneIn(2) { isSynchronized.toggle() }
        tell(.timePassed)
    }

    private mutating func reload() {
        last = "a reload"
        rules = dice.rules()
        judge.reloaded()
        tell(.site(rules))
        arm()
    }

    private mutating func journalChanges() {
        last = "the journal"
        guard isFailing else {
            isFailing = true
            return tell(.timePassed, failing: true)
        }
        isFailing = false
        journal.takeHeld()
        take(courtyard.handle(.journalRecovered, at: now))
    }

    private mutating func restart(reboots: Bool) {
        last = reboots ? "a reboot" : "a restart"
        if reboots {
            boot += 1
            wallOffset += time + Int64(dice.below(600_000)) - 20_000
            time = 20_000
        }
        foreign += journal.lost()
        courtyard = Courtyard(
            identity: Self.identity(boot), open: journal.openCalls, nextCall: journal.nextCall,
            sequences: journal.sequences, answers: journal.answers)
        judge.restarted(with: journal, at: now.moment)
        (isFailing, isConnected, hasDesk) = (false, false, false)
        begin()
    }

    private mutating func begin() {
        tell(.site(rules))
        arm()
    }

    private mutating func arm() {
        for point in rules.points {
            tell(.line(.armed(point.id, made: false, at: now.moment)))
            if point.hasLoop { tell(.line(.armed(point.id.loop, made: true, at: now.moment))) }
        }
    }

    private mutating func orphan() {
        last = "an orphan"
        if foreign.isEmpty || dice.oneIn(2) {
            foreign.append(dice.record(UInt64(foreign.count), boots: boot + 1, now))
        }
        let call = foreign[dice.below(foreign.count)]
        guard !journal.closedBefore.contains(call.id) else { return }
        tell(.orphan(call))
    }

    private mutating func identify() {
        last = "identify"
        judge.outputsBusyUntil = max(judge.outputsBusyUntil, now.moment + .seconds(11))
        tell(.identify)
    }

    private mutating func wire() {
        let point = rules.points[dice.below(rules.points.count)]
        last = "the wire of \(point.id)"
        switch dice.below(4) {
        case 0 where point.hasLoop: tell(.line(.edge(point.id.loop, made: dice.oneIn(2), at: now.moment)))
        case 1:
            tell(.line(.trouble(point.id, .missing(line: "x"), at: now.moment)))
            run(dice.below(3000))
            tell(.line(.armed(point.id, made: false, at: now.moment)))
        case 2: tell(.line(.lost(point.id, made: false, at: now.moment)))
        default: tell(.output(.trouble(OutputID("siren")!, .missing(line: "x"))))
        }
    }

    // MARK: As the agent does it

    /// Lets the time go by, stopping wherever the core wants to.
    private mutating func run(_ milliseconds: Int) {
        let end = time + Int64(milliseconds)
        var still = 0
        while let due = courtyard.nextDeadline, due <= Moment(nanoseconds: end * 1_000_000), judge.wrong == nil {
            let next = max(time, (due.nanoseconds + 999_999) / 1_000_000)
            still = next == time ? still + 1 : 0
            if still > 20 { return judge.complain("wants to be woken again and again at \(time)") }
            time = next
            tell(.timePassed)
        }
        time = max(time, end)
    }

    private mutating func tell(_ input: Input, failing: Bool = false) {
        if case .command(let command) = input { judge.asked(command) }
        var failing = failing
        if !isFailing, !failing, dice.oneIn(400) { (isFailing, failing) = (true, true) }
        guard failing else { return take(courtyard.handle(input, at: now)) }
        // The commit of this turn failed: decided anew, from the core as it was before.
        let before = courtyard
        _ = courtyard.handle(input, at: now)
        courtyard = before
        substitutes += 1
        let id = JournalID("s\(substitutes)")!
        var actions = courtyard.handle(.journalFailed(reason: "full", substitute: id), at: now)
        actions += courtyard.handle(input, at: now)
        take(actions)
    }

    private mutating func take(_ actions: [Action]) {
        judge.judge(actions, courtyard: courtyard, rules: rules, at: now, boot: "boot-\(boot)")
        journal.keep(actions, isFailing: isFailing)
        judge.compare(journal.everything, with: courtyard)
    }

    /// What outputs show follows from the calls: a core that has just started shows the same.
    private mutating func compareWithRestarted() {
        let isDeaf = isConnected && !hasDesk && rules.acknowledgement == .desk
        guard judge.wrong == nil, !isDeaf, judge.deaf.isEmpty, judge.outputsBusyUntil < now.moment else { return }
        var fresh = Courtyard(identity: Self.identity(boot), open: Array(courtyard.openCalls))
        var shown: [OutputID: Signal] = [:]
        for input in [Input.site(rules), .timePassed, .timePassed] {
            for case .signal(let id, let signal, _) in fresh.handle(input, at: now) { shown[id] = signal }
        }
        guard fresh.openCalls.count == courtyard.openCalls.count, isSettled(fresh) else { return }
        for output in rules.outputs where shown[output.id] != judge.shown[output.id] {
            judge.complain("\(output.id) shows \(judge.shown[output.id]!), a restarted core \(shown[output.id]!)")
        }
    }

    /// True if nothing became due at the restart itself.
    private func isSettled(_ fresh: Courtyard) -> Bool {
        courtyard.openCalls.allSatisfy { call in
            fresh.call(call.id)?.state == call.state && fresh.call(call.id)?.escalation == call.escalation
        }
    }
}
