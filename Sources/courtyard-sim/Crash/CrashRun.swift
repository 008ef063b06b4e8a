internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import Glibc
internal import MQTTLink

/// A crash run's main thread: lets residents press, a desk answer, and kills; what everybody says goes to the evidence.
final class CrashRun {
    let courtyard = CrashCourtyard()
    var servers: CrashServers
    var evidence: CrashEvidence
    var tally = KillTally()
    var desk: DutyDesk
    var dice: Dice
    private var plan: CrashPlan
    let subscriber: CrashClient
    /// Comes at the end, with fresh eyes: what it is given are the records that stand at the broker.
    let recordsReader: CrashClient
    let deskClient: CrashClient
    private let signals = StopSignals()
    /// Somebody wants the run to end.
    private(set) var isStopping = false

    /// The life of one agent, from its start to its end.
    var lamps: LampWatch?
    var fingers: Fingers?
    /// Points at which a call was open when this agent started, or that were pressed since.
    var taken: Set<String> = []
    /// Every command that the desk has sent, and in which order.
    private(set) var commands: [String: DeskCommand] = [:]
    private(set) var commandOrder: [String] = []
    /// Counted for kill moments.
    var counts = (arrivals: 0, commands: 0, answers: 0)
    /// The journal's last number of each service, as far as it was read.
    var known: [ServiceID: UInt64] = [:]
    var lastPressed: [String: Moment] = [:]

    init(gateway: String?, seed: UInt64, killsBrokers: Bool) throws {
        servers = try CrashServers(gateway: gateway, courtyard)
        evidence = CrashEvidence(courtyard.topics)
        plan = CrashPlan(seed: seed, killsBrokers: killsBrokers)
        dice = plan.split()
        var manner = DeskManner(
            acceptAfter: .zero...(.milliseconds(40)), arriveAfter: .zero...(.milliseconds(60)),
            resolveAfter: .zero...(.milliseconds(60)))
        manner.asksAgainAfter = .milliseconds(500)
        desk = DutyDesk(
            id: DeskID(unchecked: "desk-1"), name: "值班室", manner: manner, run: "crash", dice: dice.split())
        subscriber = CrashClient("courtyard-crash-subscriber", port: servers.port)
        recordsReader = CrashClient("courtyard-crash-records", port: servers.port)
        deskClient = CrashClient("courtyard-crash-desk", port: servers.port)
    }

    /// Broker, subscriber and desk first: from here on nothing can be missed.
    func begin() throws {
        try servers.startBroker()
        guard try pump(for: .seconds(10), until: { servers.brokerListens }) else {
            throw SimulatorError("mosquitto doesn't listen. Its last lines:\n\(servers.broker?.lastLines ?? "")")
        }
        let site = "courtyard/v1/\(courtyard.topics.site)"
        let watched = ["event/#", "replay/#", "reply/#", "status"]
        try subscriber.connect(watched.map { "\(courtyard.topics.base)/\($0)" })
        try deskClient.connect(["\(site)/+/call/#", "\(site)/+/reply/#"])
        guard try pump(for: .seconds(10), until: { subscriber.isConnected && deskClient.isConnected }) else {
            throw SimulatorError("no connection to the broker at 127.0.0.1:\(servers.port)")
        }
    }

    /// Ends what is still there; the directory stays.
    func end() {
        fingers = nil
        servers.stop()
        for client in [subscriber, recordsReader, deskClient] { client.stop() }
    }

    // MARK: Time passes

    /// Takes in what everybody says until `done`, for so long at most.
    /// - Returns: true if `done`.
    @discardableResult
    func pump(for limit: Duration, until done: () throws -> Bool = { false }) throws -> Bool {
        let end = Moment.now + limit
        while true {
            try takeIn()
            if try done() { return true }
            let left = (end - .now).nanoseconds
            if left <= 0 { return false }
            wait(nanoseconds: left)
        }
    }

    /// Until somebody says something, and a millisecond at most: files are asked too.
    private func wait(nanoseconds: Int64) {
        let descriptors = [signals.descriptor, subscriber.happenings.descriptor, deskClient.happenings.descriptor]
        var entries = (descriptors + (lamps.map { [$0.descriptor] } ?? []))
            .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let isShort = nanoseconds < 1_500_000
        if poll(&entries, nfds_t(entries.count), isShort ? 0 : 1) == 0, isShort { usleep(50) }
        if entries[0].revents != 0, signals.wait(for: subscriber.happenings, until: .now) { isStopping = true }
    }

    func takeIn() throws {
        for message in try subscriber.take() {
            let before = evidence.arrivals.count
            evidence.hear(message.topic, message.payload, at: message.at)
            counts.arrivals += evidence.arrivals.count - before
        }
        for message in try recordsReader.take() { evidence.hear(message.topic, message.payload, at: message.at) }
        for message in try deskClient.take() { desk.take(message.topic, message.payload, at: message.at) }
        if deskClient.takeIsNew() { greet() }
        takeLamps()
        do { try fingers?.rest() } catch { try servers.check() }
        guard deskClient.isConnected else { return }
        for command in desk.due(at: .now) { send(command) }
        for case .answered in desk.takeNotes() { counts.answers += 1 }
    }

    func send(_ command: DeskCommand) {
        guard deskClient.publish(command.topic, command.payload) else { return }
        counts.commands += 1
        if commands.updateValue(command, forKey: command.id) == nil { commandOrder.append(command.id) }
    }

    private func greet() {
        desk.connected()
        let status = WireJSON.bytes(DeskMessage(state: .listening, name: "值班室"))
        _ = deskClient.publish(courtyard.topics.desk(desk.id), status, retain: true)
    }

    func takeLamps() {
        for light in lamps?.take() ?? [] where light.signal != Signal.idle.rawValue {
            evidence.lamp(of: CrashCourtyard.point(ofLamp: light.lamp), lit: light.at)
        }
    }

    // MARK: Rounds

    /// Starts the agent, has buttons pressed, and kills it.
    func round() throws {
        let round = plan.next(checkpointIsNear: servers.checkpointIsNear)
        let first = evidence.presses.count
        let started = Moment.now
        try servers.startAgent()
        let database = DatabaseWatch(servers.journal)
        if case .starting(let after) = round.moment {
            try pump(for: started + after - .now)
            return try kill(from: first, database, isStarting: true)
        }
        try awaitButtons()
        tally.starts.add(.now - started)
        if dice.oneIn(3) { repeatCommands(last: dice.below(20)) }
        for pause in round.pauses {
            try pump(for: pause)
            try press()
        }
        if let away = round.brokerAway { try killBroker(decently: round.brokerEndsDecently, for: away) }
        try wait(for: round.moment, from: first, database)
        try kill(from: first, database, isStarting: false)
    }

    /// Waits until every button can be pressed and every lamp be seen.
    func awaitButtons() throws {
        let ready = try pump(for: .seconds(20)) {
            if servers.agent?.end != nil { return true }
            guard let fingers = try? Fingers(servers.socket), (try? fingers.count()) == CrashCourtyard.pointCount else {
                return false
            }
            self.fingers = fingers
            return true
        }
        try servers.check()
        guard ready else {
            throw SimulatorError("the agent was not up within 20 s. Its last lines:\n\(servers.agent?.lastLines ?? "")")
        }
        let lamps = LampWatch()
        try lamps.start(socket: servers.socket)
        self.lamps = lamps
        // Its list is the first thing that it is told; what it isn't yet told, no press can have caused.
        guard lamps.awaitList() else { throw SimulatorError("the agent doesn't say what its lamps show") }
        takeLamps()
    }

    /// Somebody presses a button that has rested, mostly one whose lamp is dark.
    func press() throws {
        let rested = courtyard.points.filter { lastPressed[$0.id].map { $0 + .seconds(1) < .now } ?? true }
        let dark = rested.filter { !taken.contains($0.id) }
        let fitting = dark.isEmpty || (dice.oneIn(6) && dark.count < rested.count) ? rested : dark
        guard !fitting.isEmpty, let fingers else { return }
        let point = fitting[dice.below(fitting.count)]
        let begun = Moment.now
        do {
            try fingers.press(point.id)
        } catch {
            try servers.check()
            throw error
        }
        let wasDark = taken.insert(point.id).inserted
        lastPressed[point.id] = begun
        evidence.press(
            CrashPress(point: point.id, service: point.service, begun: begun, confirmed: .now, wasDark: wasDark))
    }

    /// A desk that isn't sure asks again, under the same ids: what was answered is answered so again.
    func repeatCommands(last count: Int) {
        for id in commandOrder.suffix(count) { if let command = commands[id] { send(command) } }
    }

    private func killBroker(decently: Bool, for away: Duration) throws {
        try pump(for: dice.duration(in: .zero...(.milliseconds(12))))
        servers.endBroker(decently: decently)
        tally.brokers += 1
        try pump(for: away)
        try servers.startBroker()
    }

    /// How long something that a kill waits for may take before it is killed anyway.
    private static let patience = Duration.milliseconds(200)

    private func wait(for moment: KillMoment, from first: Int, _ database: DatabaseWatch) throws {
        let before = counts
        switch moment {
        case .starting: break
        case .press(let after): try pump(for: after)
        case .lamp(let after):
            try pump(for: Self.patience) { evidence.presses[first...].contains { $0.shown != nil } }
            try pump(for: after)
        case .arrival(let after):
            try pump(for: Self.patience) { counts.arrivals > before.arrivals }
            try pump(for: after)
        case .command(let after):
            try pump(for: Self.patience) { counts.commands > before.commands }
            try pump(for: after)
        case .answer(let after):
            try pump(for: Self.patience) { counts.answers > before.answers }
            try pump(for: after)
        case .checkpoint(let after):
            var next = Moment.now
            try pump(for: .seconds(2)) {
                if next < .now {
                    try press()
                    next = .now + .milliseconds(10)
                }
                return database.hasBeenWritten
            }
            try pump(for: after)
        }
    }
}
