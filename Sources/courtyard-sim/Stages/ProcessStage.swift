internal import CLinux
internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import Glibc
internal import MQTTLink
internal import SiteConfig

/// A courtyard of real programs in real time: the agent, brokers, and desks of the simulator's own.
///
/// Where the agent's hands, clock and disk are is somebody else's business (`StageParts`).
final class ProcessStage: Stage {
    /// What the agent runs on.
    struct Board {
        let hands: any Hands
        let clock: any BoardClock
        let disk: any BoardDisk
        /// How often the agent is asked on the board; nobody hears of its faults while no broker is reached.
        var lookEvery = Duration.milliseconds(250)
    }

    private let scenario: Scenario
    private let directory: ThrowAwayDirectory
    private let programs: RealPrograms
    private let board: Board
    private let brokers: ProcessBrokers
    private let agent: BoardAgent
    private let signals: StopSignals
    private var clone: BoardAgent?
    private var desks: [DeskID: ProcessDesk] = [:]
    private var desksMade = 0
    private var subscriber: Subscriber
    private var begin = Moment.now
    private var plan = ContactPlan()
    private var localFaults: [String] = []
    private var nextLook = Moment.now
    private(set) var log: [Seen] = []

    /// How long a program may take to be there.
    private static let patience = Duration.seconds(20)
    /// How long an output is looked at until it is said that it shows nothing known.
    private static let longestRhythm = Duration.seconds(8)

    /// - Parameters:
    ///   - gateway: the agent's program; nil for the one beside this one.
    ///   - makeBoard: given a directory for what the board needs, and whether its disk will be in trouble.
    init(
        _ scenario: Scenario, gateway: String?, signals: StopSignals,
        board makeBoard: (_ directory: String, _ troublesDisk: Bool) throws(StageFailure) -> Board
    ) throws {
        self.scenario = scenario
        self.signals = signals
        programs = try RealPrograms(gateway: gateway)
        let directory = try ThrowAwayDirectory()
        self.directory = directory
        let topics = Topics(site: scenario.site.site, gateway: scenario.site.gateway)
        subscriber = Subscriber(topics)
        let board = try makeBoard(directory.path, scenario.troublesDisk)
        self.board = board
        brokers = try ProcessBrokers(scenario.brokers, programs, in: directory, site: topics.site)
        agent = BoardAgent(programs.gateway, in: directory, name: "gateway") { board.clock.environment }
        do {
            try begin(scenario)
        } catch {
            close()
            throw error
        }
    }

    private func begin(_ scenario: Scenario) throws {
        for one in brokers.all { try brokers.start(one) }
        try wait("the broker is not up") { brokers.all.allSatisfy(\.isHeard) }
        let journal = "\(board.disk.directory)/gateway.db"
        let settings = board.hands.settings + [("control-socket", agent.control), ("journal", journal)]
        try agent.write(try board.hands.complete(scenario.siteFile(brokers: brokers.places, settings: settings)))
        if board.clock.objection == nil { try board.clock.set(to: scenario.starts, isKnown: true) }
        try startAgent()
        try wait("the agent is not connected") { log.contains { $0.what.isBirth } }
        begin = .now
        log = log.map { Seen(at: .zero, $0.what) }
    }

    var now: Duration { .now - begin }

    func close() {
        clone?.kill()
        agent.stop()
        for desk in desks.values { desk.leave() }
        brokers.close()
        board.hands.detach()
        board.disk.close()
        directory.remove()
    }

    // MARK: Time

    func advance(until moment: Duration, orBeyond known: Int?) throws(StageFailure) {
        try pass(until: begin + moment) { known.map { log.count > $0 } ?? false }
        // What an output shows is known when its rhythm is: the story waits, and so does what is expected of it.
        guard let known else { return }
        let end = Moment.now + Self.longestRhythm
        while log.count <= known, board.hands.isUndecided, Moment.now < end {
            try pass(until: min(end, .now + board.lookEvery)) { log.count > known }
        }
    }

    private func pass(until end: Moment, or isEnough: () -> Bool) throws(StageFailure) {
        while true {
            try turn()
            if isEnough() || end <= .now { return }
            try rest(until: end)
        }
    }

    private func wait(_ failure: String, until isDone: () -> Bool) throws(StageFailure) {
        try pass(until: .now + Self.patience, or: isDone)
        if !isDone() { throw StageFailure("\(failure) within \(Self.patience)") }
    }

    /// Does what is due and takes in what has come.
    private func turn() throws(StageFailure) {
        while let change = plan.takeDue(at: .now) {
            for made in change.made { see(.line(change.point, made: made)) }
            try board.hands.set(change.point, change.made)
        }
        for one in brokers.all { take(one) }
        for desk in desks.values { desk.turn() }
        for (output, signal) in try board.hands.takeShown() { see(.output(output, signal)) }
        // Not while hands are at a button: an answer may take a while.
        if nextLook <= .now, plan.next == nil { lookAtBoard() }
        if let end = agent.unexpectedEnd ?? brokers.unexpectedEnd { throw StageFailure(end) }
    }

    /// Sleeps until something comes or is due.
    private func rest(until end: Moment) throws(StageFailure) {
        let descriptors =
            [signals.descriptor, board.hands.descriptor] + brokers.all.map(\.happenings.descriptor)
            + desks.values.map(\.happenings.descriptor)
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let look = plan.next == nil ? nextLook : nil
        let others = [plan.next, look, board.hands.nextLook] + desks.values.map(\.nextDue)
        let due = others.compactMap { $0 }.reduce(end, min)
        clinux_poll(&polled, UInt(polled.count), Int(max(.zero, due - .now).nanoseconds))
        if polled[0].revents != 0, signals.isStopAsked() { throw StageFailure("stopped by Ctrl-C") }
    }

    private func see(_ what: Seen.What) { log.append(Seen(at: max(.zero, now), what)) }

    private func take(_ one: ProcessBrokers.One) {
        for happening in one.happenings.take() {
            switch happening {
            case .received(let message, _):
                if let what = subscriber.take(message.topic, message.payload) { see(what) }
            case .connected: brokers.heard(one, true)
            case .disconnected: brokers.heard(one, false)
            default: break
            }
        }
    }

    private func lookAtBoard() {
        nextLook = .now + board.lookEvery
        guard let faults = agent.ask()?.faults, faults.map(\.fault) != localFaults else { return }
        localFaults = faults.map(\.fault)
        see(.localFaults(faults))
    }

    // MARK: Deeds

    func objection(to deed: StageDeed) -> String? {
        switch deed {
        case .clock, .power(.on(showing: .some)): board.clock.objection
        case .disk(let deed): board.disk.objection(to: deed)
        default: nil
        }
    }

    func perform(_ deed: StageDeed) throws(StageFailure) {
        switch deed {
        case .contacts(let changes): try play(changes)
        case .wires(let points, let cut):
            for point in points {
                see(.line(point.loop, made: !cut))
                try board.hands.setWire(of: point, whole: !cut)
            }
        case .broker(let deed, let which): try perform(deed, on: which.map { [brokers.all[$0 - 1]] } ?? brokers.all)
        case .desk(let id, let deed): try perform(deed, id)
        case .publish(let topic, let payload, let retained):
            for one in brokers.all { _ = one.observer?.publish(topic, payload, retain: retained) }
        case .power(.cut): endAgent { $0.kill() }
        case .power(.on(let wall)):
            try board.clock.boot()
            if board.clock.objection == nil {
                let right = WallTime(milliseconds: scenario.starts.milliseconds + now.milliseconds)
                try board.clock.set(to: wall ?? right, isKnown: wall == nil)
            }
            try startAgent()
        case .agent(let deed): try perform(deed)
        case .clock(let deed): try perform(deed)
        case .disk(let deed): try board.disk.set(deed)
        case .newCard:
            guard !agent.isRunning else { throw StageFailure("a card is changed while the power is off: power: cut") }
            for suffix in ["", "-wal", "-shm", ".lock"] { unlink("\(board.disk.directory)/gateway.db\(suffix)") }
        case .clone(let appears): try setClone(appears)
        }
    }

    private func play(_ changes: [ContactChange]) throws(StageFailure) {
        let start = Moment.now
        plan = ContactPlan(changes, from: start, finestGap: board.hands.finestGap)
        try pass(until: start + (changes.last?.after ?? .zero)) { false }
        try turn()
    }

    private func perform(_ deed: BrokerDeed, on chosen: [ProcessBrokers.One]) throws(StageFailure) {
        switch deed {
        case .stop: for one in chosen { brokers.stop(one, forgetting: false) }
        case .kill: for one in chosen { brokers.stop(one, forgetting: true) }
        case .start:
            do { for one in chosen { try brokers.start(one) } } catch { throw StageFailure("\(error)") }
            try wait("the broker is not up") { chosen.allSatisfy(\.isHeard) }
        case .blackhole: brokers.set(.blackhole)
        case .refuse: brokers.set(.closed)
        case .slow(let delay): brokers.set(.slow(delay))
        case .restore: brokers.set(.open)
        }
    }

    private func perform(_ deed: DeskDeed, _ id: DeskID) throws(StageFailure) {
        switch deed {
        case .leaves: desks.removeValue(forKey: id)?.leave()
        case .crashes: desks.removeValue(forKey: id)?.crash()
        case .behaves(let manner):
            if desks[id] == nil {
                desksMade += 1
                do {
                    desks[id] = try ProcessDesk(
                        id, manner, run: "run\(desksMade)", at: brokers.all.map(\.port), of: scenario.site.site)
                } catch { throw StageFailure("\(error)") }
            }
            desks[id]?.behave(manner)
            guard brokers.all.contains(where: { $0.broker != nil }) else { return }
            try wait("the desk \(id) is not connected") { desks[id]?.isConnected ?? false }
        }
    }

    private func perform(_ deed: AgentDeed) throws(StageFailure) {
        switch deed {
        case .kill: endAgent { $0.kill() }
        case .stop: endAgent { $0.stop() }
        case .reload: agent.child?.signal(SIGHUP)
        case .start: try startAgent()
        }
    }

    private func perform(_ deed: ClockDeed) throws(StageFailure) {
        switch deed {
        case .step(let span): try board.clock.step(by: span)
        case .unknown: try board.clock.setKnown(false)
        case .right:
            try board.clock.set(
                to: WallTime(milliseconds: scenario.starts.milliseconds + now.milliseconds), isKnown: true)
        }
    }

    private func endAgent(_ end: (BoardAgent) -> Void) {
        end(agent)
        board.hands.detach()
    }

    /// It hears its points when this returns.
    private func startAgent() throws(StageFailure) {
        guard !agent.isRunning else { return }
        do { try agent.start() } catch { throw StageFailure("\(error)") }
        try wait("the agent doesn't answer") { agent.ask() != nil }
        try board.hands.attach(within: Self.patience)
        try wait("the agent doesn't listen to its points") {
            agent.ask().map { report in !report.points.troubled.contains { $0.state == "waiting" } } ?? false
        }
    }

    private func setClone(_ appears: Bool) throws(StageFailure) {
        guard appears else {
            clone?.kill()
            return
        }
        let clone = BoardAgent(programs.gateway, in: directory, name: "clone") { [board] in board.clock.environment }
        // It has nobody at its buttons.
        let settings = [
            ("hardware", "simulated"), ("simulator-socket", "\(directory.path)/clone-lines.sock"),
            ("control-socket", clone.control), ("journal", "\(directory.path)/clone.db"),
        ]
        do {
            try clone.write(scenario.siteFile(brokers: brokers.places, settings: settings))
            try clone.start()
        } catch { throw StageFailure("\(error)") }
        self.clone = clone
    }
}
