internal import CallContract
internal import CallCore
internal import GatewayAgent

/// Carries happenings out, and in the end heals the world.
final class Script {
    unowned let episode: Episode
    private var dice: Dice
    /// What is pressed just now may be told twice or not at all: of one point, or of all (nil).
    var onBlur: (PointID?) -> Void = { _ in }
    private(set) var isHealed = false
    /// The power comes back after so long, once it has failed.
    private var powerReturnsAfter: Duration?
    private var hasLostTime = false
    private var twin: VirtualConnection?
    private var (isTwinThere, isSecondRules) = (false, false)
    private let stranger: Stranger

    private var agenda: Agenda { episode.world.agenda }
    private var gateway: VirtualGateway { episode.gateway }
    private var brokers: [VirtualBroker] { episode.brokers }

    init(_ episode: Episode, _ dice: Dice) {
        self.episode = episode
        self.dice = dice
        stranger = Stranger(episode.gateway.topics)
    }

    // MARK: Beginning and end

    func begin() throws {
        gateway.ears.powerLost = { [unowned self] in powerIsGone() }
        powerOn()
        for desk in episode.desks { desk.open() }
        keepTime()
    }

    /// All is well from now on, at one broker.
    func heal() throws {
        isHealed = true
        gateway.path.block(up: false, down: false)
        gateway.path.latency = VirtualPath.ordinaryLatency
        gateway.disk.trouble = nil
        gateway.disk.flushTakes = VirtualDisk.ordinaryFlush
        // A power cut that was to come with one of the next writes doesn't.
        gateway.disk.restorePower()
        for broker in brokers { broker.refuses = nil }
        // Everyone meets at the first broker, and reads there what stands.
        for broker in brokers where broker.isUp { broker.stop(forgetting: 0, &dice) }
        brokers[0].start()
        twin?.die(withPower: false)
        episode.hand.rest()
        for point in episode.rules.first.points {
            if gateway.cut.contains(point.id.loop) { gateway.setWire(of: point.id, isCut: false) }
            if gateway.troubles[point.id] != nil { gateway.setTrouble(of: point.id, nil) }
        }
        for receiver in gateway.receivers.lost { gateway.receivers.set(receiver, isLost: false) }
        for desk in episode.desks {
            desk.path.block(up: false, down: false)
            desk.behave(.watchful)
            desk.open()
        }
        if !gateway.isRunning { powerOn() }
        setTime()
        agenda.after(.seconds(300)) { [unowned self] in episode.desks[0].publish(stranger.test()) }
        tidyUp()
    }

    /// What strangers took and left is ended by somebody who sees it.
    private func tidyUp() {
        agenda.after(.seconds(60)) { [unowned self] in
            let desk = episode.desks[0]
            for call in desk.desk.calls.values.sorted(by: { $0.id < $1.id })
            where call.record.data.actor != desk.desk.actor {
                desk.publish(stranger.end(call.record.data))
            }
            tidyUp()
        }
    }

    // MARK: Power and time

    private func powerOn() {
        // Without a clock of its own a board goes on where it left off, or begins with 1970.
        let wall = gateway.clock.trueWall
        let shown = [
            wall, WallTime(milliseconds: wall.milliseconds - Int64(dice.below(3_600_000))), WallTime(milliseconds: 0),
        ][dice.below(3)]
        start { [gateway] in try gateway.powerOn(showing: shown) }
        gateway.settle()
        agenda.after(dice.duration(in: .seconds(5)...(.seconds(600)))) { [unowned self] in
            if !hasLostTime { setTime() }
        }
    }

    private func start(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            episode.court.complain(.broken, "the program can't start: \(error)")
        }
    }

    private func powerIsGone() {
        let wait = powerReturnsAfter ?? .seconds(5)
        powerReturnsAfter = nil
        onBlur(nil)
        later(wait) { [unowned self] in if !gateway.isRunning { powerOn() } }
    }

    /// The time service has found the time.
    private func setTime() {
        let off = abs(gateway.clock.trueWall.milliseconds - gateway.clock.now().wall.milliseconds)
        gateway.clock.set(to: gateway.clock.trueWall)
        gateway.clock.isSynchronized(true)
        // The kernel tells of a step at once; that a clock is right now is seen within a minute.
        agenda.after(off > 1000 ? .milliseconds(1) : .seconds(60)) { [gateway] in gateway.ask { $0.clockWasSet() } }
    }

    /// It corrects the board's quartz, gently.
    private func keepTime() {
        agenda.after(.seconds(1800)) { [unowned self] in
            if gateway.clock.now().quality.synchronized { gateway.clock.set(to: gateway.clock.trueWall) }
            keepTime()
        }
    }

    /// Something ends by itself, unless all has been healed before.
    private func later(_ span: Duration, _ deed: @escaping () -> Void) {
        agenda.after(span) { [unowned self] in if !isHealed { deed() } }
    }

    // MARK: What happens

    func carryOut(_ planned: Planned, _ number: Int) {
        episode.onTrace?(episode.line(number))
        var dice = Dice(planned.seed)
        switch planned.happening {
        case .send, .foreignCode, .noise, .loseReceiver: onAir(planned.happening)
        case .press, .spike, .flicker, .jam, .cutWire, .loseLine, .dropEdges: touch(planned.happening)
        case .cutNetwork, .slowNetwork, .stopBroker, .denyPublishing, .lateWill, .twin, .foreignRecord:
            trouble(planned.happening, &dice)
        case .leaveDesk, .cutDesk, .forget, .command: people(planned.happening, &dice)
        case .powerCut, .killProgram, .restart, .reload, .failDisk, .slowDisk, .stepClock, .loseTime:
            board(planned.happening)
        }
    }

    private func touch(_ happening: Happening) {
        let hand = episode.hand
        switch happening {
        case .press(let point, let presses, let pause): hand.press(point, presses, pause: pause)
        case .spike(let point, let width): hand.spike(point, width)
        case .flicker(let point, let edges, let every): hand.flicker(point, edges: edges, every: every)
        case .jam(let point, let span): hand.jam(point, for: max(span, .seconds(1)))
        case .cutWire(let point, let span):
            gateway.setWire(of: point, isCut: true)
            later(span) { [gateway] in gateway.setWire(of: point, isCut: false) }
        case .loseLine(let point, let span):
            onBlur(point)
            gateway.setTrouble(of: point, .busy(line: "BTN", holder: "gpiomon"))
            later(span) { [gateway] in gateway.setTrouble(of: point, nil) }
        case .dropEdges(let chance, let span):
            onBlur(nil)
            hand.losesOneIn = chance
            later(span) { hand.losesOneIn = nil }
        default: break
        }
    }

    private func onAir(_ happening: Happening) {
        switch happening {
        case .send(let point, let held): episode.hand.send(point, held: held)
        case .foreignCode(let value): episode.hand.sendForeign(value)
        case .noise(let span): episode.hand.noise(for: span)
        case .loseReceiver(let index, let span):
            let receiver = gateway.rules.receivers[index].id
            onBlur(nil)  // what is being pressed may have been heard by this one alone
            gateway.receivers.set(receiver, isLost: true)
            later(span) { [gateway] in gateway.receivers.set(receiver, isLost: false) }
        default: break
        }
    }

    private func trouble(_ happening: Happening, _ dice: inout Dice) {
        switch happening {
        case .cutNetwork(let up, let down, let span):
            gateway.path.block(up: up, down: down)
            later(span) { [gateway] in gateway.path.block(up: false, down: false) }
        case .slowNetwork(let latency, let span):
            gateway.path.latency = latency
            later(span) { [gateway] in gateway.path.latency = VirtualPath.ordinaryLatency }
        case .stopBroker(let index, let span, let share):
            guard brokers[index].isUp else { return }
            brokers[index].stop(forgetting: share, &dice)
            later(span) { [brokers] in brokers[index].start() }
        case .denyPublishing(let index, let span):
            brokers[index].refuses = "courtyard-"
            later(span) { [brokers] in brokers[index].refuses = nil }
        case .lateWill:
            gateway.brokerInUse?.take(stranger.lateWill(boot: gateway.boot, connection: gateway.connectionNumber))
        case .twin(let span):
            isTwinThere = true
            twinConnects()
            later(span) { [unowned self] in
                isTwinThere = false
                twin?.die(withPower: false)
            }
        case .foreignRecord(let seed):
            var dice = Dice(seed)
            let points = episode.rules.first.points
            let record = stranger.record(of: points[dice.below(points.count)], episode.world.wall, &dice)
            brokers[dice.below(2)].take(record)
        default: break
        }
    }

    private func twinConnects() {
        guard isTwinThere, !isHealed else { return }
        let topics = gateway.topics
        let twin = VirtualConnection(
            "courtyard-\(topics.site)-\(topics.gateway)", isPersistent: true, will: nil, agenda,
            VirtualPath(agenda, dice.split()), gateway.brokerInUse ?? brokers[0])
        self.twin = twin
        let wait = dice.duration(in: .seconds(2)...(.seconds(30)))
        twin.onEnd = { [unowned self] _ in agenda.after(wait) { [unowned self] in twinConnects() } }
        twin.open(subscribing: [])
    }

    private func people(_ happening: Happening, _ dice: inout Dice) {
        switch happening {
        case .leaveDesk(let index, let inOrder, let span):
            let desk = episode.desks[index]
            if inOrder { desk.close() } else { desk.crash() }
            later(span) { desk.open() }
        case .cutDesk(let index, let span):
            let desk = episode.desks[index]
            desk.path.block(up: true, down: true)
            later(span) { desk.path.block(up: false, down: false) }
        case .forget(let index, let span):
            let desk = episode.desks[index]
            desk.behave(.absent)
            later(span) { desk.behave(.watchful) }
        case .command(let index):
            let desk = episode.desks[index]
            let open = desk.desk.calls.values.sorted { $0.id < $1.id }.map(\.record.data)
            desk.publish(stranger.command(open, &dice))
        default: break
        }
    }

    private func board(_ happening: Happening) {
        switch happening {
        case .powerCut(let operations, let span):
            guard gateway.isRunning, powerReturnsAfter == nil else { return }
            powerReturnsAfter = span
            guard let operations else { return gateway.powerOff() }
            gateway.powerOff(after: operations)
            later(.seconds(20)) { [unowned self] in if powerReturnsAfter != nil { gateway.powerOff() } }
        case .killProgram(let span):
            gateway.kill()
            startAgain(after: span)
        case .restart:
            gateway.stop()
            gateway.settle()
            startAgain(after: .seconds(1))
        case .reload:
            isSecondRules.toggle()
            gateway.reload(isSecondRules ? episode.rules.second : episode.rules.first)
        case .failDisk(let trouble, let span):
            gateway.disk.trouble = trouble
            later(span) { [gateway] in gateway.disk.trouble = nil }
        case .slowDisk(let range, let span):
            gateway.disk.flushTakes = range
            later(span) { [gateway] in gateway.disk.flushTakes = VirtualDisk.ordinaryFlush }
        case .stepClock(let span):
            gateway.clock.step(by: span)
            agenda.after(.milliseconds(1)) { [gateway] in gateway.ask { $0.clockWasSet() } }
        case .loseTime(let span):
            hasLostTime = true
            gateway.clock.isSynchronized(false)
            agenda.after(.seconds(600)) { [gateway] in gateway.ask { $0.clockWasSet() } }
            later(span) { [unowned self] in
                hasLostTime = false
                if gateway.isRunning { setTime() }
            }
        default: break
        }
    }

    private func startAgain(after span: Duration) {
        let boot = gateway.boot
        agenda.after(isHealed ? .seconds(1) : span) { [unowned self] in
            guard !gateway.isRunning, gateway.boot == boot, gateway.hasPower else { return }
            start { try gateway.start() }
            gateway.settle()
        }
    }
}
