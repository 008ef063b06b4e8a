internal import CallCore
internal import CourtyardSimulation
internal import LinuxSupport
internal import Synchronization

/// Everybody who presses in a fleet's courtyards, on one thread.
final class FleetResidents: Sendable {
    private struct Finger {
        let gateway: Int
        let point: PointID
        let letsGoAt: Moment
    }

    private let plan: FleetPlan
    private let loops: [FleetLoop]
    private let perMinute: Int
    private let pressed = Mutex<[(press: FleetTally.Press, occasion: FleetTally.Occasion)]>([])
    /// Gateways in which everybody is to press now.
    private let burst = Atomic(0)
    private let isStopping = Atomic(false)
    private let ended = DriverThread.Gate()
    private let wakeUp = WakeUp()

    private static let holds = Duration.milliseconds(200)
    /// A button is left alone for longer than it takes for three presses to be a call for help (docs/site-file.md).
    private static let rests = Duration.seconds(11)
    private static let burstTakes = Duration.seconds(1)

    init(_ plan: FleetPlan, _ loops: [FleetLoop], perMinute: Int) {
        self.plan = plan
        self.loops = loops
        self.perMinute = perMinute
    }

    /// Begins to press.
    func start() { DriverThread(named: "residents") { [self] in run() }.start() }

    /// Everybody in this many gateways presses within a second.
    func burst(in gateways: Int) {
        burst.store(gateways, ordering: .relaxed)
        wakeUp.wake()
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        wakeUp.wake()
        _ = ended.pass(within: .seconds(10))
    }

    /// The presses made since the last time.
    func take() -> [(press: FleetTally.Press, occasion: FleetTally.Occasion)] {
        pressed.withLock { pressed in
            defer { pressed = [] }
            return pressed
        }
    }

    private func run() {
        var dice = Dice.fresh
        var fingers: ArraySlice<Finger> = []
        var restsUntil: [Int: Moment] = [:]
        let meanGap = perMinute == 0 ? nil : Duration.seconds(60) / perMinute
        var next = meanGap.map { Moment.now + dice.wait(mean: $0) }
        /// What a burst has still to press, the last first, and when the next of it is due.
        var rush: [(gateway: Int, point: Int)] = []
        var (rushNext, rushGap) = (Moment.now, Duration.zero)
        while true {
            let now = Moment.now
            let mayPress = !isStopping.load(ordering: .relaxed)
            while let first = fingers.first, first.letsGoAt <= now {
                fingers = fingers.dropFirst()
                put(first.point, made: false, in: first.gateway, at: now)
            }
            if !mayPress, fingers.isEmpty { return ended.open() }
            let crowd = burst.exchange(0, ordering: .relaxed)
            if crowd > 0 {
                rush = (0..<crowd).flatMap { gateway in plan.rules.points.indices.map { (gateway, $0) } }
                    .shuffled(using: &dice)
                (rushNext, rushGap) = (now, Self.burstTakes / max(1, rush.count))
            }
            while mayPress, let who = rush.last, rushNext <= now {
                rush.removeLast()
                rushNext = rushNext + rushGap
                press(who, .burst, &restsUntil, &fingers)
            }
            if mayPress, let due = next, due <= now, let meanGap {
                let who = (dice.below(plan.gateways), dice.below(plan.rules.points.count))
                press(who, .everyday, &restsUntil, &fingers)
                next = due + dice.wait(mean: meanGap)
            }
            let due = [fingers.first?.letsGoAt, mayPress ? next : nil, mayPress && !rush.isEmpty ? rushNext : nil]
            wait(until: due.compactMap { $0 }.min())
        }
    }

    private func press(
        _ who: (gateway: Int, point: Int), _ occasion: FleetTally.Occasion, _ restsUntil: inout [Int: Moment],
        _ fingers: inout ArraySlice<Finger>
    ) {
        let key = who.gateway * plan.rules.points.count + who.point
        let now = Moment.now
        guard restsUntil[key].map({ $0 <= now }) ?? true else { return }
        restsUntil[key] = now + Self.rests
        let point = plan.rules.points[who.point].id
        let press = FleetTally.Press(gateway: FleetPlan.gateway(who.gateway), point: point, at: now)
        pressed.withLock { $0.append((press, occasion)) }
        put(point, made: true, in: who.gateway, at: now)
        fingers.append(Finger(gateway: who.gateway, point: point, letsGoAt: now + Self.holds))
    }

    /// Gateways are dealt to the loops in turn.
    private func put(_ point: PointID, made: Bool, in gateway: Int, at moment: Moment) {
        loops[gateway % loops.count].put([.edge(point, made: made, at: moment)], at: gateway / loops.count)
    }

    private func wait(until due: Moment?) {
        wakeUp.sleep(until: due.map { SuspendingClock().now + max(.zero, $0 - .now) })
    }
}
