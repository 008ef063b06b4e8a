internal import CallContract
internal import CallCore
package import Synchronization

/// One seed's courtyard, from the first press until all is well again, judged all the time.
package final class Episode {
    /// What is to be explored.
    package struct Settings: Sendable {
        package var seed: UInt64
        /// How long things go wrong, 1 to 3,650 days; then the world heals, and what is left is judged.
        package var days: Int
        /// How many call points there are; nil: drawn.
        package var points: Int?
        /// How much goes wrong, in mishaps a day on average; nil: drawn.
        package var mishaps: Int?
        /// The happenings that are kept, by their numbers from 0; nil: all.
        package var kept: [Int]?

        package init(seed: UInt64, days: Int, points: Int? = nil, mishaps: Int? = nil, kept: [Int]? = nil) {
            self.seed = seed
            self.days = days
            self.points = points
            self.mishaps = mishaps
            self.kept = kept
        }
    }

    /// What became of it.
    package struct Outcome: Sendable {
        package var complaint: Complaint?
        /// How many happenings were planned, before any were left out.
        package var happenings = 0
        package var presses = 0
        package var events = 0
        package var turns = 0
        /// How long the world has lived.
        package var lived = Duration.zero
        package var burden = 0
        package var diskBytes = 0
        /// Of all that was handed to the network, with its times: equal where two runs were.
        package var fingerprint: UInt64 = 0
    }

    let world = World()
    let brokers: [VirtualBroker]
    let gateway: VirtualGateway
    let desks: [VirtualDesk]
    let court: Court
    let hand: Hand
    let rules: (first: SiteRules, second: SiteRules)
    let plan: [Planned]
    private var script: Script!
    /// Of all episodes, for whoever watches from another thread: a turn that doesn't end is judged by nobody here.
    package static let turnsMade = Atomic<Int>(0)
    /// Set when somebody wants all of it to end: what is under way ends unjudged, and cleans up.
    package static let isStopAsked = Atomic<Bool>(false)
    /// Told of everything worth a line, where a trace is wanted.
    package var onTrace: ((String) -> Void)?

    private let settings: Settings
    private var judges: [any Judge] = []
    private let events: EventJudge
    private let presses: PressJudge
    private let bounds: BoundsJudge
    private let fingerprint = Fingerprint()

    /// For so long all is well, and then nothing may be wrong any more: the longest-lived fault stays for an hour.
    private static let healsWithin = Duration.seconds(3900)
    private static let tickEvery = Duration.seconds(10)

    package init(_ settings: Settings) throws {
        self.settings = settings
        var drawing = Drawing(
            seed: settings.seed, days: settings.days, points: settings.points, mishaps: settings.mishaps)
        rules = drawing.rules()
        plan = drawing.plan(rules.first)
        var dice = Dice(~settings.seed)
        brokers = (1...2).map { [world] in VirtualBroker("broker-\($0)", world.agenda) }
        for broker in brokers { broker.saysWhy = dice.oneIn(2) }
        let topics = Topics(site: SiteID(unchecked: "willow-court"), gateway: GatewayID(unchecked: "gw-1"))
        gateway = try VirtualGateway(
            topics, rules: rules.first, brokers: brokers, world.agenda, epoch: world.epoch,
            driftPPM: Int64(dice.below(201)) - 100, dice.split())
        desks = (1...2).map { [world, brokers] number in
            let id = DeskID(unchecked: "desk-\(number)")
            let desk = DutyDesk(id: id, name: "王", manner: .watchful, run: "r", dice: dice.split())
            return VirtualDesk(
                desk, name: "王", site: topics.site, at: [brokers[number - 1], brokers[2 - number]],
                over: VirtualPath(world.agenda, dice.split()), world.agenda)
        }
        world.add(gateway)
        court = Court(world, gateway, brokers)
        hand = Hand(gateway, world.agenda, dice.split())
        events = EventJudge(court)
        presses = PressJudge(court)
        bounds = BoundsJudge(court) { [events] in events.events }
        script = Script(self, dice.split())
        fingerprint.now = { [world] in world.agenda.now }
        judges = [
            events, presses, CallJudge(court), AnswerJudge(court), EscalationJudge(court),
            FaultJudge(court, desks: desks),
            StandingJudge(court, desks: desks), RecordJudge(court), CommandJudge(court), LabelJudge(court), bounds,
            fingerprint,
        ]
        hand.onPress = { [presses] in presses.began($0, closing: $1) }
        hand.onRelease = { [presses] in presses.released($0, $1) }
        hand.onFlicker = { [presses] in presses.flickers($0, $1) }
        script.onBlur = { [presses] in presses.blur($0) }
    }

    /// Lives through all of it, or up to the first complaint.
    package func run() -> Outcome {
        defer { end() }
        do {
            try live()
        } catch {
            court.complain(.broken, "the program can't start: \(error)")
        }
        var outcome = Outcome(complaint: court.complaint, happenings: plan.count)
        outcome.presses = presses.presses
        outcome.events = events.events
        outcome.turns = gateway.turns
        outcome.lived = world.agenda.now - Moment(nanoseconds: 0)
        outcome.burden = bounds.largestBurden
        outcome.diskBytes = bounds.largestDisk
        outcome.fingerprint = fingerprint.value
        return outcome
    }

    /// Lets go of everything that holds the world together, so that its memory and its disk are given back.
    private func end() {
        court.seat([])
        judges = []
        gateway.kill()
        for desk in desks { desk.crash() }
        world.agenda.forgetAll()
    }

    private func live() throws {
        court.seat(judges + (onTrace.map { [TraceWriter(court, $0)] } ?? []))
        let kept = settings.kept.map { Set($0) }
        for (number, planned) in plan.enumerated() where kept?.contains(number) ?? true {
            world.agenda.at(planned.at) { [unowned self] in script.carryOut(planned, number) }
        }
        tick()
        try script.begin()
        let end = Moment(nanoseconds: Int64(settings.days) * 86_400_000_000_000)
        world.run(until: end) { isOver }
        guard !isOver else { return }
        try script.heal()
        world.run(until: end + Self.healsWithin) { isOver }
        if !isOver { court.healed() }
    }

    /// A happening, for people.
    package func line(_ number: Int) -> String { "#\(number)  \(plan[number].at.worldTime)  \(plan[number].happening)" }

    private var isOver: Bool { court.isDone || Self.isStopAsked.load(ordering: .relaxed) }

    private func tick() {
        world.agenda.after(Self.tickEvery) { [unowned self] in
            court.tick()
            tick()
        }
    }
}
