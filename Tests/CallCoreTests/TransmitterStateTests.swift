import CallCore
import Testing

/// What a restart must not forget of a transmitter.
@Suite struct TransmitterStateTests {
    private static let hall = RadioPointTests.hall
    private static let pendant = RadioPointTests.pendant
    private static let day: Double = 86_400_000

    /// A run of the gateway, and what its journal has of transmitters.
    private struct Run {
        var world: Followed
        private(set) var journal: [PointID: TransmitterState]
        private(set) var writes = 0

        /// - Parameter off: for how long it was off before, in milliseconds.
        init(after run: Run? = nil, off: Double = 0, point: CallPoint = pendant, lastEvent: WallTime? = nil) {
            journal = run?.journal ?? [:]
            let rules = SiteRules(
                points: [point], receivers: [RadioReceiver(id: hall)], dailyTestMinute: nil)
            world = Followed(
                boot: "boot-2", from: (run?.world.time ?? 0) + off, rules, transmitters: Array(journal.values),
                lastEvent: lastEvent)
            world.tell(.receiver(ReceiverReport(hall, .working)))
        }

        mutating func wait(_ duration: Duration) { keep(world.wait(duration)) }

        /// It says this, once.
        mutating func says(_ button: UInt64) {
            let code = RadioCode(.ev1527, value: 0x13CD30 | button, bits: 24)
            for phase in [RadioReport.Phase.began, .ended] {
                keep(
                    world.tell(
                        .radio(RadioReport(receiver: hall, code: code, phase: phase, at: ms(world.time), frames: 2))))
                wait(.milliseconds(500))
            }
        }

        private mutating func keep(_ actions: [Action]) {
            for case .remember(let state) in actions {
                journal[state.point] = state
                writes += 1
            }
        }

        var status: PointStatus.Radio? { world.courtyard.point(pendant.id)?.radio }
        var condition: PointCondition? { world.courtyard.point(pendant.id)?.condition }
    }

    @Test("A low battery and an opened case are known after a restart, and for how many days")
    func flags() {
        var run = Run()
        run.says(7)
        run.says(0xB)
        run.wait(.seconds(3 * 86_400))
        var next = Run(after: run, off: Self.day, lastEvent: run.world.now.wall)
        #expect(next.status?.isBatteryLow == true && next.status?.isTampered == true)
        #expect(
            next.status?.lastHeard == run.status?.lastHeard && next.status?.reception == Reception(receiver: Self.hall))
        #expect(next.world.courtyard.fault(.batteryLow)?.what.contains("for 3 days") == true)
        #expect(next.world.courtyard.fault(.tampered) != nil)
        // Over as ever: it is heard, two days after it said so last.
        next.says(0xE)
        #expect(next.status?.isBatteryLow == false && next.status?.isTampered == false)
        let last = Run(after: next, off: 1000)
        #expect(last.status?.isBatteryLow == false && last.status?.isTampered == false)
    }

    @Test("One that dies while the gateway restarts every day is found missing all the same")
    func restarts() {
        var run = Run()
        run.says(0xE)
        var days = 0
        while run.condition != .silent, days < 9 {
            run = Run(after: run, off: 60_000, lastEvent: run.world.now.wall)
            run.wait(.seconds(86_000))
            days += 1
        }
        #expect(days == 3, "two days it may be silent, and these are a little shorter")
        // And stays missing until it is heard.
        run = Run(after: run, off: 60_000)
        #expect(run.condition == .silent)
        #expect(run.world.courtyard.fault(.pointMissing) != nil)
        run.says(0xE)
        #expect(run.condition == .working && Run(after: run).condition != .silent)
    }

    @Test("Nobody is missing for the time in which the gateway was off, or for a clock that was wrong")
    func off() {
        var run = Run()
        run.says(0xE)
        var next = Run(after: run, off: 30 * Self.day, lastEvent: run.world.now.wall)
        next.wait(.seconds(47 * 3600))
        #expect(next.condition == .working)
        var wrong = Run(after: run, off: 30 * Self.day, lastEvent: WallTime(milliseconds: .max))
        wrong.wait(.seconds(11 * 3600))
        #expect(wrong.condition == .working, "half an interval it has in any case")
        wrong.wait(.seconds(2 * 3600))
        #expect(wrong.condition == .silent)
        let early = Run(after: run, off: 1000, lastEvent: WallTime(milliseconds: .min))
        #expect(early.condition == .working)
    }

    @Test("Heard soon after each start, it is never missing, however often the gateway starts")
    func often() {
        var run = Run()
        run.says(0xE)
        for _ in 0..<200 {
            run = Run(after: run, off: 1000, lastEvent: run.world.now.wall)
            run.wait(.seconds(600))
            run.says(0xE)
            run.wait(.seconds(1800))
            #expect(run.condition == .working)
        }
        run = Run(after: run, off: 1000, lastEvent: run.world.now.wall)
        run.wait(.seconds(47 * 3600))
        #expect(run.condition == .working, "the last time it was heard is in the journal")
    }

    @Test("A kind that is no longer supervised is no longer missing")
    func unsupervised() {
        var run = Run()
        run.says(0xE)
        run.wait(.seconds(3 * 86_400))
        #expect(run.condition == .silent)
        var point = Self.pendant
        point.radio = RadioTransmitter(
            device: RadioDevice(name: "mute", radioProtocol: .ev1527, bits: 24, identityBits: 20),
            code: Self.pendant.radio!.code)
        #expect(Run(after: run, point: point).condition == .working)
    }

    @Test("Another transmitter at the point begins anew")
    func another() {
        var run = Run()
        run.says(7)
        var point = Self.pendant
        point.radio = RadioTransmitter(
            device: RadioPointTests.device, code: RadioCode(.ev1527, value: 0x7A1E51, bits: 24))
        let next = Run(after: run, point: point)
        #expect(next.status?.isBatteryLow == false && next.status?.lastHeard == nil)
    }

    @Test("That it was heard is written once an hour at most; what it says of itself at once")
    func writes() {
        var run = Run()
        for _ in 0..<10 { run.says(8) }
        #expect(run.writes == 1)
        run.says(7)
        #expect(run.writes == 2)
        run.wait(.seconds(3600))
        run.says(8)
        run.says(8)
        #expect(run.writes == 3)
    }
}
