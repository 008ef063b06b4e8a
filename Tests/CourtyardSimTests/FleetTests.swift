import CallContract
import CallCore
import MQTTLink
import Testing

@testable import courtyard_sim

@Suite("A fleet's tally")
struct FleetTallyTests {
    private var tally = FleetTally()
    private static let made = FleetTally.Press(
        gateway: FleetPlan.gateway(6), point: PointID("p-0001")!, at: Moment(nanoseconds: 100_000_000_000))

    private mutating func arrive(
        _ sequence: UInt64, gateway: Int = 6, at moment: Moment = made.at, after latency: Duration = .milliseconds(8)
    ) {
        let stamp = Stamp(
            boot: "b", moment: moment, wall: WallTime(milliseconds: 0),
            quality: ClockQuality(synchronized: true, uncertaintyMs: 0))
        let call = Call(
            id: CallID("k3f9qz-\(sequence)")!, point: Self.made.point, label: "1号 床头", service: .emergency, priority: 1,
            state: .raised, revision: 1, presses: 1, raised: stamp, escalation: 0, actor: nil, reason: nil, times: [:],
            actors: [:], pressTimes: [])
        let event = CallEvent(
            journal: JournalID("k3f9qz")!, sequence: sequence, type: .pressed, occurred: stamp, call: call)
        let topics = Topics(site: SiteID("fleet")!, gateway: FleetPlan.gateway(gateway))
        let message = EventMessage(event, source: topics.source, boot: "b", now: .never)
        tally.take(topics.event(.emergency, .pressed), WireJSON.bytes(message), at: moment + latency)
    }

    @Test("a press that arrives once is received, with its latency") mutating func once() {
        tally.expect(Self.made, .burst)
        #expect(!tally.isComplete)
        arrive(1)
        #expect(tally.isFaultless && tally.received == 1)
        #expect(tally.latencies == [.burst: [.milliseconds(8)]])
        #expect(tally.slowest?.press == Self.made)
    }

    @Test("the same id again is dropped; another id for the same press is a fault") mutating func doubled() {
        tally.expect(Self.made, .everyday)
        arrive(1)
        arrive(1)
        #expect(tally.sentAgain == 1 && tally.isFaultless)
        arrive(2)
        #expect(tally.doubled == 1 && !tally.isFaultless)
    }

    @Test("another gateway's press, or one of another nanosecond, is not this one") mutating func others() {
        tally.expect(Self.made, .everyday)
        arrive(1, gateway: 7)
        arrive(2, at: Self.made.at + .nanoseconds(1))
        #expect(tally.unasked == 2 && tally.received == 0)
        #expect(tally.missing == [Self.made])
    }

    @Test("what doesn't read as the contract says is a fault") mutating func unreadable() {
        tally.take("courtyard/v1/fleet/gw-0001/event/emergency/pressed", Array("{}".utf8), at: Self.made.at)
        #expect(tally.unreadable == 1 && !tally.isFaultless)
    }

    @Test("percentiles are the nearest ranks") func percentiles() throws {
        #expect(Percentiles([]) == nil)
        let ranks = try #require(Percentiles((1...200).map { .milliseconds($0) }))
        #expect(ranks.p50 == .milliseconds(100) && ranks.p95 == .milliseconds(190))
        #expect(ranks.p99 == .milliseconds(198) && ranks.longest == .milliseconds(200))
        #expect(ranks.text == "p50 100 ms, p95 190 ms, p99 198 ms, max 200 ms")
        #expect(Percentiles([.microseconds(7345)])?.text == "p50 7.3 ms, p95 7.3 ms, p99 7.3 ms, max 7.3 ms")
    }

    @Test("gateways and points have ids of four digits") func ids() {
        let plan = FleetPlan(
            site: SiteID("fleet")!, gateways: 1000, points: 194, broker: .init(host: "127.0.0.1"), directory: "x")
        #expect(FleetPlan.gateway(0).text == "gw-0001" && FleetPlan.gateway(999).text == "gw-1000")
        #expect(plan.rules.points.count == 194 && plan.rules.points[193].id.text == "p-0194")
        #expect(Set(plan.rules.points.map(\.gestures.press)) == [.emergency, .meal])
    }
}
