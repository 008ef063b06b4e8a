package import CallContract
package import CallCore
package import GatewayAgent
internal import Journal

/// A board with the production agent on it: its power, its clocks, its contacts, its disk, and the agent's loop.
///
/// Every part of the agent is the real one, the journal on SQLite included. Virtual are the clocks, the lines and the
/// network. The loop is the program's own (`Gateway.turn`): whatever has come in is one turn, and a turn takes as long as
/// its flushes do.
package final class VirtualGateway {
    package let topics: Topics
    package let clock: VirtualClock
    package let path: VirtualPath
    package let disk: VirtualDisk
    package let receivers: VirtualReceivers
    package var ears = Ears()
    /// What the site file says; read when the program starts, and by `reload`.
    package var rules: SiteRules
    package let brokers: [VirtualBroker]
    /// The kernel's boot id.
    package private(set) var boot = ""
    /// The program, while it runs.
    package private(set) var agent: GatewayAgent?
    /// When the loop wants to turn next; nil while it has nothing to do.
    package private(set) var nextTurn: Moment?
    package private(set) var turns = 0

    private let agenda: Agenda
    private var dice: Dice
    private var inbox = Inbox()
    private var link: VirtualLink?
    private var store: JournalStore?
    private var hasInput = false
    private var busyUntil = Moment(nanoseconds: 0)
    /// Contacts that are made, and since when.
    package private(set) var made: [PointID: Moment] = [:]
    /// Loops whose wire is cut.
    package private(set) var cut: Set<PointID> = []
    /// Points whose line can't be watched.
    package private(set) var troubles: [PointID: LineTrouble] = [:]
    /// Since when the lines are watched.
    private var armedAt: [PointID: Moment] = [:]
    /// True once the program hears its points.
    package private(set) var isArmed = false
    private var boots = 0

    /// What a turn costs besides its flushes.
    private static let turnCost = Duration.microseconds(150)
    /// From exec to armed lines.
    private static let startCost = Duration.milliseconds(20)

    package init(
        _ topics: Topics, rules: SiteRules, brokers: [VirtualBroker], _ agenda: Agenda, epoch: WallTime,
        driftPPM: Int64, _ dice: Dice
    ) throws {
        self.topics = topics
        self.rules = rules
        self.brokers = brokers
        self.agenda = agenda
        self.dice = dice
        clock = VirtualClock(agenda, epoch: epoch, driftPPM: driftPPM)
        receivers = VirtualReceivers(agenda, clock)
        path = VirtualPath(agenda, self.dice.split())
        disk = try VirtualDisk(self.dice.split()) { [clock] in clock.ahead += $0 }
    }

    // MARK: Power and program

    /// As brokers know it.
    package var clientID: String { VirtualLink.clientID(topics) }
    package private(set) var hasPower = false
    /// True while the program runs.
    package var isRunning: Bool { agent != nil }

    /// Power comes: the kernel boots and starts the program.
    /// - Parameter wall: what the wall clock shows then, without anybody having set it.
    /// - Parameter early: done before the program starts.
    package func powerOn(showing wall: WallTime, early: (VirtualClock) -> Void = { _ in }) throws {
        hasPower = true
        boots += 1
        boot = "boot-\(boots)"
        clock.boot(showing: wall)
        early(clock)
        try start()
    }

    /// The power will fail at the disk's n-th operation from now on.
    package func powerOff(after operations: Int) { disk.cutPower(after: operations) }

    /// Power goes, in mid-sentence.
    package func powerOff() {
        hasPower = false
        disk.cutPower()
        end(withPower: true)
        disk.restorePower()
        ears.powerLost()
    }

    /// kill -9.
    package func kill() { end(withPower: false) }

    /// The program starts: what the journal holds is taken up, then the lines are armed.
    package func start() throws {
        clock.ahead = .zero
        let start = try JournalStore.start(
            path: disk.journal, allowVolatile: true, clock: clock, makeID: { [unowned self] in makeID() })
        let identity = GatewayAgent.Identity(topics: topics, version: "virtual", boot: boot, simulated: false)
        let inbox = Inbox()
        self.inbox = inbox
        store = start.store
        let door = LinkDoor(self)
        let agent = GatewayAgent(
            identity, contents: start.contents, services: rules.services,
            ports: .init(
                store: WatchedStore(start.store, self), transport: door, clock: clock, outputs: WatchedOutputs(self),
                log: WatchedLog(self), makeID: { [unowned self] in makeID() }))
        let link = VirtualLink(
            identity, brokers, over: path, agenda, clock, numbers: agent.connections, dice.split()
        ) { [weak self] input in
            inbox.put(input)
            self?.wake()
        }
        door.link = link
        link.onSend = { [weak self] in self?.ears.sent($0) }
        self.link = link
        self.agent = agent
        agent.onTold = { [unowned self] in if !isGhost { ears.told($0) } }
        ears.started(start.contents, start.failure)
        if let failure = start.failure { agent.beginUnjournaled(failure.onEveryDisk.description) }
        agent.adopt(rules)
        agent.handle([])
        afterTurn()
        agenda.at(busyUntil + Self.startCost) { [weak self, weak agent] in
            if let self, let agent, self.agent === agent { arm() }
        }
        link.connect()
    }

    /// To be called after whatever may have let the agent write: the power may have gone meanwhile.
    package func settle() {
        if isRunning, isGhost { return powerOff() }
        if store?.needsRestart != nil, agent?.hasToldAll ?? false { restart() }
    }

    private func arm() {
        isArmed = true
        for point in rules.watchedPoints { report(levelOf: point) }
        receivers.listen(rules, into: inbox) { [weak self] in self?.wake() }
        wake()
    }

    private func end(withPower: Bool) {
        guard isRunning else { return }
        link?.die(withPower: withPower)
        (link, agent, store, nextTurn, isArmed, armedAt) = (nil, nil, nil, nil, false, [:])
        receivers.stop()
        clock.ahead = .zero
        ears.ended()
    }

    /// SIGTERM: the last word, and the end.
    package func stop() {
        guard let agent else { return }
        agent.stop()
        turn()
        agent.leaveMarks()
        link?.disconnect(last: agent.lastWords)
        store?.close()
        end(withPower: false)
    }

    /// SIGHUP: the site file is read again.
    package func reload(_ rules: SiteRules) {
        let before = Set(rules.watchedPoints)
        self.rules = rules
        inbox.put { $0.adopt(rules) }
        if isArmed { for point in rules.watchedPoints where !before.contains(point) { report(levelOf: point) } }
        receivers.follow(rules)
        wake()
    }

    /// Runs something on the agent's loop, as the control socket does.
    package func ask(_ task: @escaping @Sendable (GatewayAgent) -> Void) {
        guard isRunning else { return }
        inbox.put(task)
        wake()
    }

    private func makeID() -> JournalID {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return JournalID(unchecked: String(decoding: (0..<6).map { _ in letters[dice.below(36)] }, as: UTF8.self))
    }

    // MARK: Contacts

    /// Somebody makes a contact, or opens it; the driver tells it with the kernel's time.
    /// - Parameter isLost: the kernel drops the edge; the driver reads the level anew a little later.
    package func set(_ point: PointID, made isMade: Bool, isLost: Bool = false) {
        guard (made[point] != nil) != isMade else { return }
        made[point] = isMade ? made[point] ?? agenda.now : nil
        guard isArmed, troubles[point] == nil else { return }
        guard !isLost else {
            let inbox = inbox
            return agenda.after(.milliseconds(5)) { [weak self] in
                guard let self, self.inbox === inbox, isArmed else { return }
                put(.lost(point, made: made[point] != nil, at: clock.moment))
            }
        }
        put(.edge(point, made: isMade, at: clock.moment))
    }

    /// The wire of a supervised point is cut, or whole again.
    package func setWire(of point: PointID, isCut: Bool) {
        if isCut { cut.insert(point.loop) } else { cut.remove(point.loop) }
        guard isArmed, rules.points.contains(where: { $0.id == point && $0.hasLoop }) else { return }
        put(.edge(point.loop, made: !isCut, at: clock.moment))
    }

    /// The line of a point can't be watched any more, or can again (nil).
    package func setTrouble(of point: PointID, _ trouble: LineTrouble?) {
        troubles[point] = trouble
        if isArmed { report(levelOf: point) }
        wake()
    }

    // MARK: How things are

    /// For how long the program has seen the contact made; nil while it is open or unseen.
    package func madeFor(_ point: PointID) -> Duration? {
        guard let made = made[point], let armed = armedAt[point] else { return nil }
        return agenda.now - max(made, armed)
    }
    /// True if an edge of this point would be heard now.
    package func isHearing(_ point: PointID) -> Bool { isArmed && troubles[point] == nil }
    /// True while the agent has a connection.
    package var isOnline: Bool { link?.brokerInUse != nil }
    package var brokerInUse: VirtualBroker? { link?.brokerInUse }
    /// The number of the connection in use, or of the last attempt.
    package var connectionNumber: UInt64 { link?.number ?? 0 }

    private func report(levelOf point: PointID) {
        armedAt[point] = troubles[point] == nil ? agenda.now : nil
        if let trouble = troubles[point] { return put(.trouble(point, trouble, at: clock.moment)) }
        let level = point.loopOwner == nil ? made[point] != nil : !cut.contains(point)
        put(.armed(point, made: level, at: clock.moment))
    }

    private func put(_ report: LineReport) {
        inbox.put([report])
        wake()
    }

    // MARK: The loop

    /// Something has come in: the loop turns as soon as it is free.
    private func wake() {
        hasInput = true
        guard isRunning else { return }
        let soonest = max(agenda.now, busyUntil)
        if nextTurn.map({ soonest < $0 }) ?? true { nextTurn = soonest }
    }

    /// One turn of the program's loop.
    package func turn() {
        guard let agent else { return }
        clock.ahead = .zero
        // Waiting for nothing would cost a call of the kernel.
        let batch = hasInput ? inbox.take(until: Moment(nanoseconds: 0)) : []
        hasInput = false
        agent.checkClock()
        agent.lost(messages: inbox.takeDroppedMessages())
        agent.handle(batch)
        agent.tidyJournal()
        afterTurn()
    }

    private func afterTurn() {
        turns += 1
        busyUntil = agenda.now + clock.ahead + Self.turnCost
        clock.ahead = .zero
        guard !isGhost else { return }
        ears.turned()
        nextTurn = agent?.nextDeadline.map { max(busyUntil, clock.world(at: $0)) }
    }

    /// The journal was replaced in mid-run: the program ends, and its service manager starts it afresh.
    private func restart() {
        stop()
        agenda.after(.seconds(1)) { [weak self] in
            // A start that fails is tried again.
            if let self, !isRunning { try? start() }
        }
    }

    /// The power went in the middle of this turn: what the program still does, it does for nobody.
    var isGhost: Bool { disk.isPowerCut }
}
