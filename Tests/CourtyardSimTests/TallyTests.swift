import CallContract
import CallCore
import Testing

@testable import courtyard_sim

@Suite("The demo's tally")
struct TallyTests {
    private let topics = DemoCourtyard().topics
    private var tally = Tally()

    private static let begun = Moment(nanoseconds: 100_000_000_000)

    private func press(
        _ service: String = "emergency", at begun: Moment = begun, toldAtOnce: Bool = true
    ) -> MadePress {
        MadePress(
            point: "b1-u1-101-bed", service: service, begun: begun, complete: begun + .seconds(1),
            toldAtOnce: toldAtOnce)
    }

    private func stamp(_ moment: Moment) -> Stamp {
        Stamp(
            boot: "boot", moment: moment, wall: WallTime(milliseconds: 1_787_541_255_926),
            quality: ClockQuality(synchronized: true, uncertaintyMs: 2))
    }

    private func call(_ number: UInt64, _ service: String, _ state: CallState, _ stamp: Stamp) -> Call {
        Call(
            id: CallID("k3f9qz-\(number)")!, point: PointID("b1-u1-101-bed")!, label: "1号楼1单元101 床头",
            service: ServiceID(service)!, priority: 1, state: state, revision: 1, presses: 1, raised: stamp,
            escalation: 0, actor: nil, reason: nil, times: [:], actors: [:], pressTimes: [stamp.wall])
    }

    /// An event as the agent sends it; a press unless something else is asked for.
    private func event(
        _ sequence: UInt64, _ service: String = "emergency", _ type: CallEventType = .pressed, at moment: Moment
    ) -> [UInt8] {
        let journal = JournalID("k3f9qz")!
        let stamp = stamp(moment)
        let call = call(sequence, service, .raised, stamp)
        let event = CallEvent(
            journal: journal, sequence: sequence, type: type, occurred: stamp, call: call)
        return WireJSON.bytes(
            EventMessage(
                event, source: topics.source, boot: "boot",
                now: Now(moment: moment, wall: stamp.wall, quality: stamp.quality)))
    }

    private mutating func arrive(
        _ sequence: UInt64, _ service: String = "emergency", at moment: Moment,
        after latency: Duration = .milliseconds(6)
    ) {
        tally.take(
            "\(topics.base)/event/\(service)/pressed", event(sequence, service, at: moment), topics,
            at: moment + latency)
    }

    @Test("is faultless when every press arrives once")
    mutating func faultless() {
        tally.expect(press())
        #expect(!tally.isFaultless)
        arrive(1, at: Self.begun + .microseconds(200))
        #expect(tally.isFaultless)
        #expect((tally.made, tally.received, tally.doubled, tally.unasked) == (1, 1, 0, 0))
        #expect(tally.latencies.percentile(50) == .milliseconds(6))
        #expect(tally.recent.map(\.event.data.point) == ["b1-u1-101-bed"])
    }

    @Test("counts a press as missing once it is overdue, and at the end")
    mutating func missing() {
        tally.expect(press())
        let due = Self.begun + .seconds(1) + Tally.overdueAfter
        #expect(tally.missing(at: due) == 0)
        #expect(tally.missing(at: due + .nanoseconds(1)) == 1)
        #expect(tally.outstanding == [press()])
        #expect(!tally.isFaultless)
    }

    @Test("takes a second event for one press as doubled")
    mutating func doubled() {
        tally.expect(press())
        arrive(1, at: Self.begun)
        arrive(2, at: Self.begun + .milliseconds(40))
        #expect((tally.received, tally.doubled, tally.unasked) == (1, 1, 0))
        #expect(!tally.isFaultless)
    }

    @Test("drops an event whose id it has seen")
    mutating func sentAgain() {
        tally.expect(press())
        arrive(1, at: Self.begun)
        arrive(1, at: Self.begun)
        #expect((tally.received, tally.doubled, tally.sentAgain) == (1, 0, 1))
        #expect(tally.isFaultless)
    }

    @Test("takes a press for another service as missing, and as made by other hands")
    mutating func wrongService() {
        tally.expect(press("errand"))
        arrive(1, "meal", at: Self.begun)
        #expect((tally.received, tally.unasked, tally.outstanding.count) == (0, 1, 1))
        #expect(!tally.isFaultless)
    }

    @Test("does not let a later press stand in for a lost one")
    mutating func laterPress() {
        tally.expect(press())
        tally.expect(press(at: Self.begun + .seconds(10)))
        arrive(1, at: Self.begun + .seconds(10))
        #expect(tally.outstanding == [press()])
        arrive(2, at: Self.begun)  // late, with its own time
        #expect(tally.isFaultless)
    }

    @Test("takes a press that no resident made as made by other hands, which is nobody's fault")
    mutating func unasked() {
        tally.expect(press())
        arrive(1, at: Self.begun)
        arrive(2, at: Self.begun + .seconds(20))
        arrive(3, at: Self.begun - .seconds(20))
        #expect((tally.received, tally.doubled, tally.unasked) == (1, 0, 2))
        #expect(tally.isFaultless)
    }

    @Test("measures only presses that are told at once")
    mutating func latencyOfGestures() {
        tally.expect(press("meal", toldAtOnce: false))
        arrive(1, "meal", at: Self.begun, after: .milliseconds(700))
        #expect(tally.isComplete)
        #expect(tally.latencies.longest == nil)
    }

    @Test("forgets old presses of a button only once they have arrived")
    mutating func manyPresses() {
        for number in 0..<100 {
            let at = Self.begun + .seconds(10 * number)
            tally.expect(press(at: at))
            if number != 3 { arrive(UInt64(number + 1), at: at) }
        }
        #expect(tally.outstanding == [press(at: Self.begun + .seconds(30))])
        #expect(tally.recent.count == Tally.recentCount)
    }

    @Test("counts what it can't read")
    mutating func unreadable() {
        tally.take("\(topics.base)/event/emergency/pressed", Array("{}".utf8), topics, at: Self.begun)
        tally.take("\(topics.base)/status", [0xFF], topics, at: Self.begun)
        #expect(tally.unreadable == 2)
        #expect(!tally.isFaultless)
    }

    @Test("follows supervision and faults as they are set and cleared")
    mutating func retained() {
        let point = Array(
            #"{"point":"p1","label":"l","state":"ok","since":"2026-08-24T03:14:15.926Z","what":null}"#.utf8)
        let fault = Array(
            #"{"fault":"f","since":"2026-08-24T03:14:15.926Z","what":"w","remedy":"r","points":[]}"#.utf8)
        tally.take("\(topics.base)/point/p1", point, topics, at: Self.begun)
        tally.take("\(topics.base)/fault/f", fault, topics, at: Self.begun)
        #expect(tally.pointsWorking == 1)
        #expect(tally.faults.keys.sorted() == ["f"])
        tally.take("\(topics.base)/point/p1", [], topics, at: Self.begun)
        tally.take("\(topics.base)/fault/f", [], topics, at: Self.begun)
        #expect(tally.pointsWorking == 0)
        #expect(tally.faults.isEmpty)
        #expect(tally.unreadable == 0)
    }

    @Test("follows each call by its record, and counts events once each")
    mutating func calls() {
        let stamp = stamp(Self.begun)
        let now = Now(moment: Self.begun, wall: stamp.wall, quality: stamp.quality)
        func topic(_ number: Int) -> String { "\(topics.base)/call/meal/k3f9qz-\(number)" }
        for (number, state) in [(UInt64(1), CallState.raised), (2, .accepted), (3, .accepted)] {
            let record = WireJSON.bytes(CallMessage(call(number, "meal", state, stamp), orphaned: false, now: now))
            tally.take(topic(Int(number)), record, topics, at: Self.begun)
        }
        #expect(tally.openCalls("meal") == 3 && tally.openCalls("emergency") == 0)
        #expect(tally.openCalls("meal", in: .accepted) == 2 && tally.openCalls(in: .raised) == 1)
        tally.take(topic(3), [], topics, at: Self.begun)
        #expect(tally.openCalls(in: .accepted) == 1)
        #expect(tally.state(of: "k3f9qz-2") == "accepted" && tally.state(of: "k3f9qz-3") == "closed")
        for sequence: UInt64 in [7, 7, 8] {
            let accepted = event(sequence, "meal", .accepted, at: Self.begun)
            tally.take("\(topics.base)/event/meal/accepted", accepted, topics, at: Self.begun)
        }
        #expect(tally.events == ["accepted": 2] && tally.sentAgain == 1 && tally.unreadable == 0)
    }

    @Test("names percentiles by their nearest rank, and remembers the longest of all")
    func percentiles() {
        var latencies = Latencies()
        #expect(latencies.percentile(50) == nil)
        for number in 1...100 { latencies.add(.milliseconds(number)) }
        #expect(latencies.percentile(50) == .milliseconds(50))
        #expect(latencies.percentile(99) == .milliseconds(99))
        #expect(latencies.percentile(100) == .milliseconds(100))
        for _ in 0..<Latencies.kept { latencies.add(.milliseconds(1)) }
        #expect(latencies.percentile(100) == .milliseconds(1))
        #expect(latencies.longest == .milliseconds(100))
    }

    @Test("shows a picture that fits the terminal, every row within 80 columns")
    mutating func picture() {
        for number in 0..<40 {
            let at = Self.begun + .seconds(10 * number)
            tally.expect(press(at: at))
            arrive(UInt64(number + 1), at: at)
        }
        for height in [16, 24, 50] {
            let view = DemoView(
                tally: tally, port: 65_535, socket: "/tmp/courtyard-demo.XXXXXX/lines.sock", topics: topics,
                running: .seconds(3700), now: Self.begun + .seconds(500), refusals: 0)
            let rows = view.rows(height: height)
            #expect(rows.count <= max(height, 20))
            #expect(rows.allSatisfy { DisplayWidth.of($0.text) <= 80 }, "\(rows.map(\.text))")
            #expect(rows.contains { $0.text.contains("床头") })
        }
    }

    @Test(
        "writes figures plainly",
        arguments: [(5_940, "5.9 ms"), (999_999, "999.9 ms"), (2_019_000, "2.01 s"), (0, "0.0 ms")])
    func figures(microseconds: Int, text: String) {
        #expect(DemoView.text(.microseconds(microseconds)) == text)
    }

    @Test("writes how long it runs", arguments: [(7, "0:07"), (754, "12:34"), (3723, "1:02:03")])
    func clock(seconds: Int, text: String) {
        #expect(DemoView.clock(.seconds(seconds)) == text)
    }
}
