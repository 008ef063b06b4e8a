internal import CallCore
internal import Glibc
internal import MQTTLink

/// A fleet's main thread: starts everything, lets residents press, listens as a display does, and counts.
final class FleetStage {
    /// What is asked of a fleet.
    struct Order {
        var perMinute: Int
        /// In so many gateways everybody presses within a second.
        var burst: Int
        /// All connections are cut every so often.
        var stormEvery: Duration?
        /// Nil: until somebody stops it.
        var seconds: Int?
        var hasDesk: Bool
    }

    let plan: FleetPlan
    private let order: Order
    let figures: FleetFigures
    private(set) var tally = FleetTally()
    private(set) var measures = FleetMeasures()
    private(set) var isStopped = false
    private let loops: [FleetLoop]
    /// Of these, the ones that were started.
    private var running: [FleetLoop] = []
    private let residents: FleetResidents
    private let heard = Happenings()
    private let desk: FleetDesk?
    private var link: SiteLink?
    private var isConnected = false
    /// Why the subscriber has no connection.
    private var away: String?
    private let signals = StopSignals()
    private let broker: FleetBroker?
    private var screen = Screen()
    private var lastLine = Moment.now

    /// After so long without anything new, nobody waits any more. On a machine that has too much to do, a gateway with
    /// hundreds of open emergencies offers those again and again before it comes to its meals.
    private static let patience = Duration.seconds(90)
    private static let connectsWithin = Duration.seconds(5)
    private static let burstAfter = Duration.seconds(5)
    private static let lookBack = Duration.milliseconds(500)
    private static let leavesWithin = Duration.seconds(60)

    /// - Parameter broker: the fleet's own, if it has one.
    init(_ plan: FleetPlan, _ order: Order, broker: FleetBroker?) {
        self.plan = plan
        self.order = order
        self.broker = broker
        figures = FleetFigures(gateways: plan.gateways)
        let threads = max(1, min(16, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), plan.gateways))
        let figures = figures
        loops = (0..<threads).map { first in
            FleetLoop(plan, Array(stride(from: first, to: plan.gateways, by: threads)), figures)
        }
        residents = FleetResidents(plan, loops, perMinute: order.perMinute)
        desk = order.hasDesk ? FleetDesk(plan.topics(0)) : nil
    }

    // MARK: Its order of events

    func run(_ configuration: (String) -> MQTTLink.Configuration) throws {
        try connect(configuration)
        let storm = Storm(port: plan.broker.port)
        let bare = ProcessLimits.residentBytes(of: getpid()) ?? 0
        try startGateways()
        measures.bytesPerGateway = ((ProcessLimits.residentBytes(of: getpid()) ?? 0) - bare) / plan.gateways
        measures.brokerBytes = broker.flatMap { ProcessLimits.residentBytes(of: $0.child.pid) }
        guard !isStopped else { return }
        do {
            defer { residents.stop() }
            try press(storm)
        }
        try finish()
    }

    private func connect(_ configuration: (String) -> MQTTLink.Configuration) throws {
        let name = "courtyard-fleet-\(getpid())"
        var subscriber = configuration(name)
        subscriber.subscriptions = ["courtyard/v1/\(plan.site)/+/event/+/pressed"]
        link = try SiteLink(subscriber, heard)
        try desk?.connect(configuration("\(name)-desk"))
        let isThere = try wait(for: Self.connectsWithin) { isConnected && desk?.isConnected ?? true }
        guard isThere || isStopped else {
            throw SimulatorError(
                "no connection to the broker at \(plan.broker.host):\(plan.broker.port)\((away ?? desk?.away).map { ": \($0)" } ?? "")"
            )
        }
    }

    private func startGateways() throws {
        let begun = Moment.now
        for loop in loops {
            try loop.start()
            running.append(loop)
        }
        var (last, lastChange) = (-1, Moment.now)
        _ = try wait(for: nil) {
            let state = figures.now
            if let failure = state.failure { throw SimulatorError(failure) }
            if state.started + state.settled != last { (last, lastChange) = (state.started + state.settled, .now) }
            guard lastChange + Self.patience > .now else {
                throw SimulatorError(
                    "only \(state.settled) of \(plan.gateways) gateways have told the broker everything, and nothing "
                        + "changes any more\(state.lastReason.map { ": \($0)" } ?? "")")
            }
            return state.settled == plan.gateways
        }
        measures.startTook = .now - begun
    }

    private func press(_ storm: Storm) throws {
        screen.say(
            "\(plan.gateways) gateways with \(plan.rules.points.count) call points each are connected and have told "
                + "everything, after \(measures.startTook.milliseconds) ms; residents press")
        residents.start()
        let begun = Moment.now
        let cpuBefore = ProcessLimits.cpuTime
        var burstAt = order.burst > 0 ? begun + Self.burstAfter : nil
        var stormAt = order.stormEvery.map { begun + $0 }
        _ = try wait(for: order.seconds.map { .seconds($0) }) {
            if let due = burstAt, due <= .now {
                burstAt = nil
                residents.burst(in: order.burst)
                screen.say("everybody in \(order.burst) gateways presses")
            }
            if let due = stormAt, due <= .now, let every = order.stormEvery {
                stormAt = .now + every
                measures.storms += 1
                screen.say("\(storm.strike()) connections cut")
            }
            return false
        }
        measures.pressedFor = .now - begun
        measures.cores =
            Double((ProcessLimits.cpuTime - cpuBefore).nanoseconds) / Double(measures.pressedFor.nanoseconds)
    }

    /// What is still on its way may arrive. Another Ctrl-C ends the wait.
    private func finish() throws {
        isStopped = false
        var (last, lastChange) = (tally.received, Moment.now)
        _ = try wait(for: nil) {
            if tally.received != last { (last, lastChange) = (tally.received, .now) }
            return tally.isComplete || lastChange + Self.patience < .now
        }
        _ = try wait(for: Self.lookBack) { false }
        measures.brokerBytes = broker.flatMap { ProcessLimits.residentBytes(of: $0.child.pid) }
    }

    /// Gateways, subscriber and desk leave in order; a broker that isn't the fleet's own keeps nothing of it.
    func close(_ configuration: (String) -> MQTTLink.Configuration) {
        for loop in running { loop.stop() }
        for loop in running { _ = loop.join(within: Self.leavesWithin) }
        link?.stop()
        desk?.stop()
        broker?.child.stop()
        guard broker == nil, figures.now.settled > 0 else { return }
        var sweep = FleetSweep(plan)
        do {
            try sweep.run(configuration("courtyard-fleet-\(getpid())-sweep"), signals)
            screen.say("\(sweep.taken) retained topics taken back")
        } catch {
            complain("retained topics below courtyard/v1/\(plan.site)/ could not be taken back: \(error)")
        }
    }

    // MARK: The loop

    /// Takes in what is heard until `done`, the time is up (nil: never), or somebody stops the fleet.
    private func wait(for limit: Duration?, until done: () throws -> Bool) throws -> Bool {
        let end = limit.map { Moment.now + $0 }
        while true {
            try takeIn()
            try broker?.check()
            if try done() { return true }
            if isStopped || screen.isGone || end.map({ $0 <= .now }) ?? false { return false }
            tellLive()
            let tick = Moment.now + .milliseconds(50)
            if signals.wait(for: heard, until: end.map { min($0, tick) } ?? tick) { isStopped = true }
        }
    }

    private func takeIn() throws {
        // Messages first, and then the presses that they may tell of, which were noted before they were made.
        let happenings = heard.take()
        for (press, occasion) in residents.take() { tally.expect(press, occasion) }
        for happening in happenings {
            switch happening {
            case .received(let message, let at): tally.take(message.topic, message.payload, at: at)
            case .connected: isConnected = true
            case .disconnected(let words): (isConnected, away) = (false, words)
            case .refused(let words): throw SimulatorError(words)
            case .pressed, .residentsRest, .residentsFailed: break
            }
        }
        try desk?.turn()
    }

    private func tellLive() {
        guard screen.isLive, lastLine + .seconds(1) <= .now else { return }
        lastLine = .now
        let state = figures.now
        let latency = Percentiles(tally.latencies.values.flatMap { $0.suffix(1000) })
        screen.say(
            "\(DeskView.clock().prefix(8))  started \(state.started), connected \(state.connected), told all "
                + "\(state.settled) of \(plan.gateways)   presses \(tally.made), received \(tally.received)"
                + (latency.map { "   \($0.text)" } ?? ""))
    }

    func say(_ text: String) { screen.say(text) }
}
