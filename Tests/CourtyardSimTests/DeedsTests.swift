import CallCore
import Testing

@testable import courtyard_sim

/// The same numbers for the same seed (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("What residents do")
struct DeedsTests {
    private static let points = DemoCourtyard().points

    /// What `count` residents do in turn, and when.
    private func deeds(_ count: Int, perMinute: Int, seed: UInt64) -> [(at: Moment, deed: Deed)] {
        var schedule = Schedule(Self.points, perMinute: perMinute, random: SplitMix(seed: seed))
        var now = Moment(nanoseconds: 0)
        var deeds: [(at: Moment, deed: Deed)] = []
        while deeds.count < count {
            now = now + schedule.gap()
            if let deed = schedule.deed(at: now) { deeds.append((at: now, deed: deed)) }
        }
        return deeds
    }

    @Test("comes at the rate asked for, on the average", arguments: [10, 40, 1200])
    func rate(perMinute: Int) {
        var schedule = Schedule(Self.points, perMinute: perMinute, random: SplitMix(seed: 7))
        let sum = (0..<20_000).reduce(Duration.zero) { sum, _ in sum + schedule.gap() }
        let mean = sum / 20_000 / (.seconds(60) / perMinute)
        #expect((0.97...1.03).contains(mean), "seed 7: \(mean) of the mean gap")
    }

    @Test(
        "the agent's own rules make of each deed the one press that is expected",
        arguments: 1...5 as ClosedRange<UInt64>)
    func oneGestureEach(seed: UInt64) {
        let byID = Dictionary(uniqueKeysWithValues: Self.points.map { ($0.id, $0) })
        for (begin, deed) in deeds(300, perMinute: 600, seed: seed) {
            let isBedside = byID[deed.point]!.isBedside
            var gestures = Gestures(
                isBedside ? .init() : .init(press: ServiceID("meal")!, hold: .emergency, double: ServiceID("errand")!))
            var told: [Gestures.Gesture] = []
            for edge in deed.edges {
                let at = begin + edge.after
                told += edge.contact.last! ? gestures.pressed(at: at) : gestures.released(at: at)
            }
            told += gestures.advance(to: begin + deed.lasts + Deed.rest)
            #expect(told.map(\.service.text) == [deed.service], "seed \(seed), \(deed)")
            #expect(told.first?.at == begin, "seed \(seed), \(deed)")
            #expect(deed.edges.last?.contact.last == false, "seed \(seed): it stays pressed: \(deed)")
        }
    }

    @Test("leaves a button alone for a while before it is used again")
    func rest() {
        let bedsides = Set(Self.points.filter(\.isBedside).map(\.id))
        var last: [String: Moment] = [:]
        for (begin, deed) in deeds(3000, perMinute: 1200, seed: 3) {
            let rest = bedsides.contains(deed.point) ? Deed.rest : Deed.kitchenRest
            if let last = last[deed.point] { #expect(begin - last >= rest, "seed 3: \(deed.point)") }
            last[deed.point] = begin + deed.lasts
        }
        #expect(last.count == Self.points.count, "seed 3: not every button was used")
    }

    @Test("is of every kind, and overlaps")
    func variety() {
        let all = deeds(1000, perMinute: 600, seed: 11)
        #expect(Set(all.map(\.deed.service)) == ["emergency", "meal", "errand"])
        #expect(all.contains { $0.deed.edges.contains { $0.contact.count > 1 } })
        #expect(zip(all, all.dropFirst()).contains { $1.at < $0.at + $0.deed.lasts })
    }

    @Test("an edge that is carried out late makes the rest of its press late, never shorter")
    func late() {
        var agenda = Agenda()
        let (at, deed) = deeds(1, perMinute: 60, seed: 7)[0]
        agenda.add(deed, at: at)
        let late = Duration.milliseconds(300)
        var times: [Moment] = []
        while let next = agenda.next {
            let now = times.isEmpty ? next + late : next
            _ = agenda.take(dueBy: now)
            times.append(now)
        }
        #expect(times == deed.edges.map { at + late + $0.after })
    }

    @Test("the agenda hands out the edges of overlapping deeds in the order of their time, and none early")
    func agenda() {
        var agenda = Agenda()
        let all = deeds(200, perMinute: 600, seed: 5)
        for (at, deed) in all { agenda.add(deed, at: at) }
        #expect(agenda.take(dueBy: all[0].at - .nanoseconds(1)) == nil)
        var taken: [Agenda.Entry] = []
        while let next = agenda.next { taken.append(agenda.take(dueBy: next)!) }
        #expect(zip(taken, taken.dropFirst()).allSatisfy { $0.at <= $1.at })
        #expect(taken.count == all.reduce(0) { $0 + $1.deed.edges.count })
        #expect(taken.compactMap(\.begins) == all.map(\.deed))
    }
}
