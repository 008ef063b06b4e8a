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

    let scenario: Scenario
    let directory: ThrowAwayDirectory
    let programs: RealPrograms
    let board: Board
    let brokers: ProcessBrokers
    let agent: BoardAgent
    private let signals: StopSignals
    var clone: BoardAgent?
    var desks: [DeskID: ProcessDesk] = [:]
    var desksMade = 0
    private var subscriber: Subscriber
    private var begin = Moment.now
    var plan = ContactPlan()
    private var localFaults: [String] = []
    private var nextLook = Moment.now
    private(set) var log: [Seen] = []

    /// How long a program may take to be there.
    static let patience = Duration.seconds(20)
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

    func pass(until end: Moment, or isEnough: () -> Bool) throws(StageFailure) {
        while true {
            try turn()
            if isEnough() || end <= .now { return }
            try rest(until: end)
        }
    }

    func wait(_ failure: String, until isDone: () -> Bool) throws(StageFailure) {
        try pass(until: .now + Self.patience, or: isDone)
        if !isDone() { throw StageFailure("\(failure) within \(Self.patience)") }
    }

    /// Does what is due and takes in what has come.
    func turn() throws(StageFailure) {
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
        if polled[0].revents != 0, signals.isStopAsked() { throw .stopped }
    }

    func see(_ what: Seen.What) { log.append(Seen(at: max(.zero, now), what)) }

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
}
