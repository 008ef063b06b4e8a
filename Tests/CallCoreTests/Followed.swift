import CallCore

/// A courtyard whose calls are followed on made-up time: every action is kept, and time runs only when told to.
struct Followed {
    var courtyard: Courtyard
    private(set) var time: Double
    private(set) var actions: [Action] = []
    var wallOffset: Double = 0
    var synchronized = true
    private var commands = 0

    init(
        open: [Call] = [], answers: [CommandAnswer] = [], boot: String = "boot-1", from start: Double = 0,
        _ rules: SiteRules = SiteRules(points: [bed, kitchen], dailyTestMinute: nil), synchronized: Bool = true,
        desk: Bool = true, transmitters: [TransmitterState] = [], lastEvent: WallTime? = nil
    ) {
        courtyard = Courtyard(
            identity: .init(journal: JournalID("k3f9qz")!, boot: boot, gateway: GatewayID("gw-1")!), open: open,
            nextCall: 7, sequences: [:], answers: answers, transmitters: transmitters,
            lastEvent: lastEvent)
        time = start
        self.synchronized = synchronized
        tell(.site(rules))
        for point in rules.points {
            tell(.line(.armed(point.id, made: false, at: ms(time))))
            if point.hasLoop { tell(.line(.armed(point.id.loop, made: true, at: ms(time)))) }
        }
        tell(.connected)
        if desk { tell(.desk(DeskID("desk-1")!, DeskPresence(state: .listening, name: nil))) }
        actions = []
    }

    var now: Now {
        Now(
            moment: ms(time), wall: WallTime(milliseconds: 1_700_000_000_000 + Int64(time + wallOffset)),
            quality: ClockQuality(synchronized: synchronized, uncertaintyMs: 2))
    }

    /// - Returns: what came of it.
    @discardableResult
    mutating func tell(_ input: Input) -> [Action] {
        let told = courtyard.handle(input, at: now)
        actions += told
        return told
    }

    /// Lets the time go by, stopping wherever the core wants to; tells what happened meanwhile.
    @discardableResult
    mutating func wait(_ duration: Duration) -> [Action] {
        let end = time + Double(duration.nanoseconds) / 1_000_000
        var told: [Action] = []
        var turns = 0
        while let due = courtyard.nextDeadline, due <= ms(end) {
            time = max(time, Double(due.nanoseconds) / 1_000_000)
            told += tell(.timePassed)
            turns += 1
            precondition(turns < 200_000, "the core wants to be woken without end")
        }
        time = end
        return told
    }

    /// Presses for 100 ms and waits until the press is told; tells what came of it.
    @discardableResult
    mutating func press(_ point: CallPoint, for held: Duration = .milliseconds(100)) -> [Action] {
        var told = tell(.line(.edge(point.id, made: true, at: ms(time))))
        told += wait(held)
        told += tell(.line(.edge(point.id, made: false, at: ms(time))))
        return told + wait(.milliseconds(50))
    }

    /// The one open call of a service.
    func call(_ service: ServiceID = .emergency) -> Call? { courtyard.openCalls.first { $0.service == service } }

    /// A command that must be answered, for good or for now.
    mutating func ask(_ request: CallCommand.Request, by actor: String? = "desk-1/王", id: String? = nil)
        -> CommandAnswer
    {
        commands += 1
        for action in tell(.command(CallCommand(id: id ?? "c-\(commands)", actor: actor, request: request))) {
            switch action {
            case .answer(let answer), .answerAgain(let answer): return answer
            default: break
            }
        }
        preconditionFailure("no answer to \(request)")
    }

    /// Gives a command with an id of its own, or `id`; nil if it was answered before.
    @discardableResult
    mutating func command(_ request: CallCommand.Request, by actor: String? = "desk-1/王", id: String? = nil)
        -> CommandAnswer?
    {
        commands += 1
        let command = CallCommand(id: id ?? "c-\(commands)", actor: actor, request: request)
        for case .answer(let answer) in tell(.command(command)) { return answer }
        return nil
    }
}

extension [Action] {
    var types: [CallEventType] { events.map(\.type) }
    var offers: [CallID] { compactMap { if case .offer(let id) = $0 { id } else { nil } } }
    var signals: [String] {
        compactMap { if case .signal(let id, let signal, _) = $0 { "\(id) \(signal.rawValue)" } else { nil } }
    }
    var brokersTried: Int { count { if case .tryNextBroker = $0 { true } else { false } } }
    var kept: [Call] { compactMap { if case .keep(let call) = $0 { call } else { nil } } }
}
