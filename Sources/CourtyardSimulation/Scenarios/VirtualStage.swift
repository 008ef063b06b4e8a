internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import SiteConfig

/// A courtyard in virtual time: the production agent on a virtual board (`World`). Hours pass in milliseconds, and the
/// same scenario is played the same each time.
package final class VirtualStage: Stage {
    private let world: World
    private let site: Site
    private let topics: Topics
    private let brokers: [VirtualBroker]
    private let gateway: VirtualGateway
    private var clone: VirtualGateway?
    private var desks: [DeskID: VirtualDesk] = [:]
    private var dice: Dice
    private var subscriber: Subscriber
    private var localFaults: [FaultMessage] = []
    /// When the story began, in the world's time.
    private var begin = Moment(nanoseconds: 0)
    package private(set) var log: [Seen] = []
    /// Nobody has set the board's clock since it booted.
    private var isClockUnknown = false

    /// How long a gateway or a desk may take to be there.
    private static let patience = Duration.seconds(20)
    /// From the first power to the story's beginning: the gateway is connected then, and has not yet missed a desk.
    private static let settling = Duration.seconds(1)

    /// Everything in it is drawn from one seed, always the same.
    package init(_ scenario: Scenario) throws(StageFailure) {
        site = scenario.site
        topics = Topics(site: site.site, gateway: site.gateway)
        dice = Dice(1)
        subscriber = Subscriber(topics)
        world = World(epoch: WallTime(milliseconds: scenario.starts.milliseconds - Self.settling.milliseconds))
        brokers = (1...scenario.brokers).map { [world] in VirtualBroker("broker-\($0)", world.agenda) }
        for broker in brokers { broker.saysWhy = false }
        do {
            gateway = try VirtualGateway(
                topics, rules: site.rules, brokers: brokers, world.agenda, epoch: world.epoch, driftPPM: 0,
                dice.split())
        } catch {
            throw StageFailure("no virtual board: \(error)")
        }
        world.add(gateway)
        watch()
        try boot()
        world.run(until: Moment(nanoseconds: 0) + Self.settling)
        begin = world.agenda.now
        log = log.map { Seen(at: .zero, $0.what) }
    }

    package var now: Duration { world.agenda.now - begin }

    package func close() {}

    package func advance(until moment: Duration, orBeyond known: Int?) {
        world.run(until: begin + moment) { known.map { log.count > $0 } ?? false }
    }

    // MARK: What is seen

    private func see(_ what: Seen.What) {
        var what = what
        if case .fault(var fault) = what {
            // A directory of this run is none of the story's.
            fault.what = fault.what.replacing(gateway.disk.journal, with: Site.Files.standard.journal)
            what = .fault(fault)
        }
        log.append(Seen(at: world.agenda.now - begin, what))
    }

    private func watch() {
        for broker in brokers {
            // Somebody who only looks subscribes to everything: see the real stages.
            broker.tellsNobodySubscribes = false
            broker.onTaken = { [unowned self] message in
                if let what = subscriber.take(message.topic, message.payload) { see(what) }
            }
        }
        gateway.ears.shown = { [unowned self] output, signal in see(.output(output.text, signal.rawValue)) }
        gateway.ears.turned = { [unowned self] in lookAtBoard() }
    }

    /// What `courtyard-gateway status` would say: while no broker is reached, nobody else hears of faults.
    private func lookAtBoard() {
        guard let agent = gateway.agent else { return }
        let faults = agent.standingFaults
        guard faults.map(\.fault) != localFaults.map(\.fault) else { return }
        localFaults = faults
        see(.localFaults(faults))
    }

    // MARK: Deeds

    package func objection(to deed: StageDeed) -> String? { nil }

    package func perform(_ deed: StageDeed) throws(StageFailure) {
        switch deed {
        case .contacts(let changes): play(changes)
        case .radio(let sending): send(sending)
        case .wires(let points, let cut):
            for point in points {
                see(.line(point.loop, made: !cut))
                gateway.setWire(of: point, isCut: cut)
            }
        case .broker(let deed, let which): perform(deed, on: which.map { [brokers[$0 - 1]] } ?? brokers)
        case .desk(let id, let deed): try perform(deed, id)
        case .publish(let topic, let payload, let retained):
            for broker in brokers where broker.isUp {
                broker.take(VirtualMessage(topic: topic, payload: payload, retain: retained))
            }
        case .power(.cut): gateway.powerOff()
        case .power(.on(let wall)):
            isClockUnknown = wall != nil
            try boot(showing: wall)
        case .agent(let deed): try perform(deed)
        case .clock(let deed): perform(deed)
        case .disk(let deed): perform(deed)
        case .newCard:
            guard !gateway.isRunning else { throw StageFailure("a card is changed while the power is off: power: cut") }
            gateway.disk.wipe()
        case .clone(let appears): try setClone(appears)
        }
    }

    private func play(_ changes: [ContactChange]) {
        let start = world.agenda.now
        for change in changes {
            world.agenda.at(start + change.after) { [unowned self] in
                see(.line(change.point, made: change.made))
                gateway.set(change.point, made: change.made)
            }
        }
        world.run(until: start + (changes.last?.after ?? .zero))
    }

    private func send(_ sending: RadioSending) {
        let start = world.agenda.now
        for press in sending.presses {
            world.agenda.at(start + press.after) { [unowned self] in see(.line(press.point, made: press.made)) }
        }
        for receiver in sending.receivers { gateway.receivers.hear(receiver, sending.edges) }
        world.run(until: start + sending.lasts)
    }

    private func perform(_ deed: BrokerDeed, on brokers: [VirtualBroker]) {
        switch deed {
        case .stop: for broker in brokers { broker.stop(forgetting: 0, &dice) }
        case .kill: for broker in brokers { broker.stop(forgetting: 1, &dice) }
        case .start: for broker in brokers { broker.start() }
        case .blackhole: gateway.path.block(up: true, down: true)
        case .refuse:
            gateway.path.refuses = true
            for broker in brokers { broker.cut(gateway.clientID) }
        case .slow(let delay): gateway.path.latency = delay...(delay + .milliseconds(3))
        case .restore:
            gateway.path.refuses = false
            gateway.path.latency = VirtualPath.ordinaryLatency
            gateway.path.block(up: false, down: false)
        }
    }

    private func perform(_ deed: DeskDeed, _ id: DeskID) throws(StageFailure) {
        switch deed {
        case .leaves: desks[id]?.close()
        case .crashes: desks[id]?.crash()
        case .behaves(let manner):
            let desk = desks[id] ?? open(id, manner)
            desks[id] = desk
            desk.behave(manner)
            desk.open()
            guard brokers.contains(where: \.isUp) else { return }
            try wait("the desk \(id) is not connected") { desk.isConnected }
        }
    }

    private func open(_ id: DeskID, _ manner: DeskManner) -> VirtualDesk {
        VirtualDesk(
            DutyDesk(id: id, name: "值班室", manner: manner, run: "run", dice: dice.split()), name: "值班室",
            site: site.site, at: brokers, over: VirtualPath(world.agenda, dice.split()), world.agenda)
    }

    private func perform(_ deed: AgentDeed) throws(StageFailure) {
        switch deed {
        case .kill: gateway.kill()
        case .stop: gateway.stop()
        case .reload: gateway.reload(site.rules)
        case .start:
            guard !gateway.isRunning else { return }
            do { try gateway.start() } catch { throw StageFailure("the gateway's program doesn't start: \(error)") }
            gateway.settle()
            try awaitArmed()
        }
    }

    private func perform(_ deed: ClockDeed) {
        switch deed {
        case .step(let span): gateway.clock.step(by: span)
        case .unknown: gateway.clock.isSynchronized(false)
        case .right:
            gateway.clock.set(to: gateway.clock.trueWall)
            gateway.clock.isSynchronized(true)
        }
        // The kernel tells the program (`ClockWatch`).
        gateway.ask { $0.clockWasSet() }
    }

    private func perform(_ deed: DiskDeed) {
        gateway.disk.trouble =
            switch deed {
            case .well, .slow: nil
            case .full: .full
            case .fails: .writesFail
            }
        gateway.disk.flushTakes = deed == .slow ? .seconds(2)...(.seconds(2)) : VirtualDisk.ordinaryFlush
    }

    private func boot(showing wall: WallTime? = nil) throws(StageFailure) {
        guard !gateway.isRunning else { return }
        do {
            try gateway.powerOn(showing: wall ?? world.wall) { clock in
                if wall == nil { clock.isSynchronized(true) }
            }
        } catch {
            throw StageFailure("the gateway's program doesn't start: \(error)")
        }
        gateway.settle()
        try awaitArmed()
    }

    private func awaitArmed() throws(StageFailure) {
        try wait("the gateway doesn't listen to its points") { [gateway] in gateway.isArmed }
    }

    private func wait(_ failure: String, until isDone: () -> Bool) throws(StageFailure) {
        world.run(until: world.agenda.now + Self.patience, or: isDone)
        if !isDone() { throw StageFailure("\(failure) within \(Self.patience)") }
    }

    private func setClone(_ appears: Bool) throws(StageFailure) {
        guard appears else {
            clone?.powerOff()
            return
        }
        do {
            let clone =
                try clone
                ?? VirtualGateway(
                    topics, rules: site.rules, brokers: brokers, world.agenda, epoch: world.epoch, driftPPM: 0,
                    dice.split())
            if self.clone == nil { world.add(clone) }
            self.clone = clone
            try clone.powerOn(showing: world.wall) { $0.isSynchronized(true) }
        } catch {
            throw StageFailure("the second board doesn't start: \(error)")
        }
    }
}
