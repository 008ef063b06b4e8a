internal import CallCore
internal import GatewayAgent
internal import LinuxSupport
internal import Synchronization

/// One thread that turns many gateways, each when something has come for it or when it wants to.
final class FleetLoop: Sendable {
    private let plan: FleetPlan
    private let figures: FleetFigures
    private let indices: [Int]
    private let inboxes: [Inbox]
    private let rung = Mutex<Set<Int>>([])
    private let isStopping = Atomic(false)
    private let wakeUp = WakeUp()
    private let ended = DriverThread.Gate()

    /// As much as a program's main thread has: an agent is made for one.
    private static let stackBytes = 8 << 20

    /// - Parameter indices: of the fleet's gateways, those that this loop turns.
    init(_ plan: FleetPlan, _ indices: [Int], _ figures: FleetFigures) {
        self.plan = plan
        self.indices = indices
        self.figures = figures
        inboxes = indices.map { _ in Inbox() }
    }

    func start() throws {
        try DriverThread.detach(named: "fleet-loop", stackBytes: Self.stackBytes) { [self] in
            run()
            ended.open()
        }
    }

    /// Something happens at a contact of one of this loop's gateways.
    /// - Parameter place: which one of this loop.
    func put(_ reports: [LineReport], at place: Int) {
        inboxes[place].put(reports)
        ring(place)
    }

    /// All gateways leave in order.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        wakeUp.wake()
    }

    func join(within limit: Duration) -> Bool { ended.pass(within: limit) }

    private func ring(_ place: Int) {
        let isFirst = rung.withLock { rung in
            rung.insert(place)
            return rung.count == 1
        }
        if isFirst { wakeUp.wake() }
    }

    private func run() {
        var gateways: [FleetGateway] = []
        while !isStopping.load(ordering: .relaxed) {
            if gateways.count < indices.count, !add(to: &gateways) { return }
            let places = rung.withLock { rung in
                defer { rung = [] }
                return rung
            }
            let now = Moment.now
            for (place, gateway) in gateways.enumerated()
            where places.contains(place) || gateway.deadline.map({ $0 <= now }) ?? false {
                let hadSettled = gateway.hasSettled
                gateway.turn()
                if gateway.hasSettled, !hadSettled { figures.settled() }
            }
            if gateways.count == indices.count { sleep(until: gateways.compactMap(\.deadline).min()) }
        }
        for gateway in gateways { gateway.stop() }
    }

    private func add(to gateways: inout [FleetGateway]) -> Bool {
        let place = gateways.count
        let index = indices[place]
        do {
            let gateway = try FleetGateway(plan, index, inbox: inboxes[place]) { [self] input in
                figures.hear(input, of: index)
                ring(place)
            }
            gateways.append(gateway)
            figures.started()
            return true
        } catch {
            figures.failed("\(FleetPlan.gateway(index)): \(error)")
            return false
        }
    }

    private func sleep(until deadline: Moment?) {
        let left = deadline.map { max(.zero, $0 - .now) }
        wakeUp.sleep(until: left.map { SuspendingClock().now + $0 })
    }
}

/// What the fleet's gateways have come to, told by their threads.
final class FleetFigures: Sendable {
    struct State {
        var started = 0
        var settled = 0
        var connected = 0
        /// How long gateways were without a connection that they had had before.
        var reconnects: [Duration] = []
        var losses = 0
        /// For what connections were lost, and how often.
        var reasons: [String: Int] = [:]
        fileprivate var awaySince: [Int: Moment] = [:]
        fileprivate var isConnected: [Bool]
        /// The last reason for which a connection was lost or not made.
        var lastReason: String?
        /// Why a gateway could not be started at all.
        var failure: String?
    }

    private let state: Mutex<State>

    init(gateways: Int) { state = Mutex(State(isConnected: Array(repeating: false, count: gateways))) }

    var now: State { state.withLock { $0 } }

    func started() { state.withLock { $0.started += 1 } }
    func settled() { state.withLock { $0.settled += 1 } }
    func failed(_ reason: String) { state.withLock { $0.failure = $0.failure ?? reason } }

    func hear(_ input: LinkInput, of index: Int) {
        switch input {
        case .connected:
            state.withLock { state in
                state.connected += 1
                state.isConnected[index] = true
                if let since = state.awaySince.removeValue(forKey: index) {
                    state.reconnects.append(Moment.now - since)
                }
            }
        case .away(let reason, _, _):
            state.withLock { state in
                state.lastReason = reason
                guard state.isConnected[index] else { return }
                state.isConnected[index] = false
                state.connected -= 1
                state.losses += 1
                state.reasons[reason, default: 0] += 1
                state.awaySince[index] = .now
            }
        case .acknowledged, .received, .left, .subscriptionRefused: break
        }
    }
}
