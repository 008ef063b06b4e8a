import CallCore

/// SplitMix64 (Steele, Lea, Flood 2014): the same day for the same seed, on every machine.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
    mutating func oneIn(_ chance: Int) -> Bool { below(chance) == 0 }

    static let points = [
        CallPoint(id: PointID("a-1")!, label: "a"), CallPoint(id: PointID("a-2")!, label: "b"),
        CallPoint(id: PointID("a-3")!, label: "c", gestures: .init(press: .meal)),
    ]

    /// A site of up to three call points and a reset button.
    mutating func rules() -> SiteRules {
        var door = CallPoint(id: PointID("door")!, label: "d", gestures: .init(press: .reset))
        door.resets = ["a-*"]
        let some = Self.points.filter { $0.id.text == "a-1" || !oneIn(5) }.map { point in
            var point = point
            point.hasLoop = oneIn(3)
            if oneIn(3) { point.gestures.double = point.gestures.press == .meal ? .errand : .reset }
            return point
        }
        let lamps = ["a-1", "a-*", "a-3"].enumerated().map {
            BoardOutput(id: OutputID("lamp-\($0)")!, kind: .lamp, points: [$1])
        }
        let siren = BoardOutput(id: OutputID("siren")!, kind: .relay)
        var rules = SiteRules(
            points: some + [door], outputs: oneIn(4) ? [] : lamps + [siren],
            acknowledgement: oneIn(4) ? .broker : .desk, dailyTestMinute: oneIn(3) ? nil : below(1440),
            nobodyListening: .init(outputs: oneIn(2) ? [siren.id] : [], usesNextBroker: oneIn(2)))
        rules.services[0].rules.escalateEvery = .seconds([10, 60, 600][below(3)])
        rules.services[0].rules.acceptWithin = .seconds([10, 60][below(2)])
        rules.services[0].rules.levels =
            oneIn(2) ? [] : [.init(), .init(outputs: [siren.id], usesNextBroker: true)]
        if oneIn(4) { rules.services[0].rules.resolution = .point }
        if oneIn(3) {
            rules.services[1].rules.hours = OpeningHours([.init(from: below(1440), to: 1 + below(1440))])
            rules.services[1].rules.outsideHours = oneIn(2) ? .wait : .refuse
        }
        return rules
    }

    /// An open call, or none at all, as another journal's record tells it: some of it may be garbage.
    mutating func record(_ number: UInt64, boots: Int, _ now: Now) -> Call {
        let point = Self.points[below(3)]
        let present = now.moment.nanoseconds
        let moments = [.min, -1, 0, present, present - 90_000_000_000, .max]
        let raised = Stamp(
            boot: "boot-\(below(boots))", moment: Moment(nanoseconds: moments[below(6)]),
            wall: WallTime(milliseconds: oneIn(4) ? -62_135_596_800_000 : now.wall.milliseconds - 1000),
            quality: ClockQuality(synchronized: oneIn(2), uncertaintyMs: 1))
        return Call(
            id: CallID(journal: JournalID("zzzzzz")!, number: number), point: point.id, label: "z",
            service: [.emergency, .meal, .test][below(3)], priority: 1 + below(9),
            state: CallState.allCases[below(CallState.allCases.count)], revision: oneIn(9) ? .max : 1 + below(9),
            presses: 1, raised: raised, escalation: below(3), actor: nil, reason: nil, times: [:], actors: [:],
            pressTimes: [])
    }
}
