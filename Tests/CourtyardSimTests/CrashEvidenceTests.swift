import CallContract
import CallCore
import Testing

@testable import courtyard_sim

/// A crash run of one press, one kill and one command, told as its parties would tell it.
private struct Story {
    let topics = CrashCourtyard().topics
    var evidence: CrashEvidence
    static let begun = Moment(nanoseconds: 100_000_000_000)
    static let edge = begun + .microseconds(50)

    /// - Parameter isTold: the lamp lit up, the journal had it and the subscriber heard of it.
    init(lamp: Bool = true, kept: Bool = true, heard: Bool = true) {
        evidence = CrashEvidence(topics)
        evidence.press(
            CrashPress(
                point: "b1", service: "emergency", begun: Self.begun, confirmed: Self.begun + .microseconds(100),
                wasDark: true))
        if lamp { evidence.lamp(of: "b1", lit: Self.begun + .milliseconds(7)) }
        evidence.killed(at: Self.begun + .milliseconds(9), from: 0)
        if kept {
            evidence.read([row(1)], whole: false)
            evidence.noteKept(from: 0, among: [row(1)])
        }
        if heard { hear(row(1)) }
    }

    func row(
        _ sequence: UInt64, _ type: CallEventType = .pressed, at moment: Moment = edge, state: CallState = .raised
    ) -> CallEvent {
        let stamp = Stamp(
            boot: "boot", moment: moment, wall: WallTime(milliseconds: 1_787_541_255_926),
            quality: ClockQuality(synchronized: true, uncertaintyMs: 2))
        let call = Call(
            id: CallID("k3f9qz-1")!, point: PointID("b1")!, label: "b1 床头", service: .emergency, priority: 1,
            state: state, revision: state == .raised ? 1 : 2, presses: 1, raised: stamp, escalation: 0, actor: nil,
            reason: nil, times: [:], actors: [:], pressTimes: [])
        return CallEvent(
            journal: JournalID("k3f9qz")!, sequence: sequence, type: type, occurred: stamp, call: call)
    }

    mutating func hear(_ row: CallEvent, age: Duration = .zero) {
        let now = Now(moment: row.occurred.moment + age, wall: row.occurred.wall, quality: row.occurred.quality)
        let event = EventMessage(row, source: topics.source, boot: "boot", now: now)
        evidence.hear(topics.event(.emergency, row.type), WireJSON.bytes(event), at: Self.begun + .milliseconds(8))
    }

    mutating func hear(record call: Call) {
        evidence.hear(
            topics.call(call.service, call.id),
            WireJSON.bytes(CallMessage(call, orphaned: false, now: .never)), at: Self.begun)
    }

    mutating func hear(answer: ReplyMessage) {
        evidence.hear(topics.reply(answer.id), WireJSON.bytes(answer), at: Self.begun)
    }

    /// - Returns: what is complained of.
    mutating func judged(open: [Call] = [], lamps: [String: String] = [:]) -> [String] {
        evidence.judge(open: open, lamps: lamps)
        return evidence.wrongs
    }
}

@Suite("A crash run's evidence")
struct CrashEvidenceTests {
    @Test("a press that was shown, kept and heard is fine, however often it comes")
    func fine() {
        var story = Story()
        story.hear(story.row(1), age: .seconds(9))
        #expect(story.judged().isEmpty)
        #expect(story.evidence.sentAgain == 1)
        #expect(story.evidence.arrivedPresses == 1)
    }

    @Test("a press that was cut off before anybody was told is nobody's loss")
    func cutOff() {
        var story = Story(lamp: false, kept: false, heard: false)
        #expect(story.judged().isEmpty)
        #expect(!story.evidence.presses[0].isAccepted)
    }

    @Test("a press whose lamp had lit up must arrive, whatever the journal says")
    func lamp() {
        var story = Story(kept: false, heard: false)
        #expect(story.judged().contains { $0.contains("LOST, though its lamp had lit up") })
    }

    @Test("a press that the journal had must arrive, though its lamp was dark")
    func journal() {
        var story = Story(lamp: false, heard: false)
        let wrongs = story.judged()
        #expect(wrongs.contains { $0.contains("LOST, though the journal had it") })
        #expect(wrongs.contains { $0.contains("is in the journal and never came") })
    }

    @Test("a lamp that was lit before says nothing of a press")
    func litBefore() {
        var story = Story(lamp: false, kept: false, heard: false)
        story.evidence.press(
            CrashPress(point: "b1", service: "emergency", begun: Story.edge, confirmed: Story.edge, wasDark: false))
        story.evidence.lamp(of: "b1", lit: Story.edge)
        story.evidence.killed(at: Story.edge, from: 1)
        #expect(story.judged().isEmpty)
    }

    @Test("what was published and is not in the journal is found")
    func unjournalled() {
        var story = Story(kept: false)
        #expect(story.judged().contains { $0.contains("was published, and the journal has no such event") })
    }

    @Test("a press told twice, at another time, or as another service is found")
    func toldWrongly() {
        var twice = Story()
        twice.evidence.read([twice.row(2)], whole: false)
        twice.hear(twice.row(2))
        #expect(twice.judged().contains { $0.contains("told 2 times") })
        var early = Story(lamp: false, kept: false, heard: false)
        let row = early.row(1, at: Story.begun - .microseconds(1))
        early.evidence.read([row], whole: false)
        early.hear(row)
        #expect(early.judged().contains { $0.contains("nobody pressed then") })
    }

    @Test("one id with two contents, a row that changes, and one that goes are found")
    func changed() {
        var story = Story()
        story.hear(story.row(1, at: Story.edge + .microseconds(1)))
        #expect(story.evidence.wrongs.contains { $0.contains("came twice, and not the same") })
        story.evidence.read([story.row(1, .raised)], whole: false)
        #expect(story.evidence.wrongs.contains { $0.contains("has changed") })
        story.evidence.read([], whole: true)
        #expect(story.evidence.wrongs.contains { $0.contains("has lost k3f9qz-emergency-1") })
    }

    @Test("a gap is found, and named for a replay")
    func gap() {
        var story = Story()
        story.evidence.read([story.row(3, .delivered)], whole: false)
        story.hear(story.row(3, .delivered))
        #expect(story.evidence.firstGaps == ["emergency": 2])
        #expect(story.judged().contains { $0.contains("emergency has no number 2") })
    }

    @Test("records must be those of the open calls, as they are")
    func records() {
        let call = Story().row(1).call
        var missing = Story()
        #expect(missing.judged(open: [call]).contains { $0.contains("has no record at the broker") })
        var stale = Story()
        stale.hear(record: stale.row(1, .accepted, state: .accepted).call)
        #expect(stale.judged(open: [call]).contains { $0.contains("accepted, revision 2") })
        var closed = Story()
        closed.hear(record: call)
        #expect(closed.judged().contains { $0.contains("still stands at the broker") })
        var right = Story()
        right.hear(record: call)
        #expect(right.judged(open: [call]).isEmpty)
    }

    @Test("a command has one answer, and what was accepted has happened")
    func answers() {
        var answer = ReplyMessage(id: "c-1", command: "accept")
        (answer.call, answer.state, answer.revision) = ("k3f9qz-1", "accepted", 2)
        var idle = Story()
        idle.hear(answer: answer)
        #expect(idle.judged().contains { $0.contains("was accepted and has not happened") })
        var twofold = Story()
        twofold.hear(answer: answer)
        twofold.hear(answer: ReplyMessage(id: "c-1", command: "accept", refusal: "call: closed"))
        #expect(twofold.judged().contains { $0.contains("was answered in 2 ways") })
        var done = Story()
        let row = done.row(2, .accepted, state: .accepted)
        done.evidence.read([row], whole: false)
        done.hear(row)
        done.hear(answer: answer)
        done.hear(answer: answer)
        #expect(done.judged().isEmpty)
    }

    @Test("lamps show the open calls and nothing else")
    func lamps() {
        var story = Story()
        #expect(story.judged(lamps: ["b1": "sent"]).contains { $0.contains("no call is open there") })
        var call = Story()
        call.hear(record: call.row(1).call)
        #expect(call.judged(open: [call.row(1).call], lamps: ["b1": "idle"]).contains { $0.contains("lamp of b1") })
    }

    @Test("more of the same is counted, and not printed")
    func bounded() {
        var story = Story()
        for _ in 0..<1000 { story.evidence.complain(.gap, "a gap") }
        #expect(story.evidence.wrongs.count == 6)
        #expect(story.evidence.wrongs[0] == "gaps: 1000")
    }
}

@Suite("A crash run's plan")
struct CrashPlanTests {
    private func rounds(_ seed: UInt64, _ count: Int, killsBrokers: Bool = true) -> [CrashRound] {
        var plan = CrashPlan(seed: seed, killsBrokers: killsBrokers)
        return (0..<count).map { _ in plan.next(checkpointIsNear: false) }
    }

    @Test("is the same for the same seed, and another one for another")
    func repeatable() {
        let words = { (rounds: [CrashRound]) in rounds.map { "\($0)" } }
        #expect(words(rounds(7, 50)) == words(rounds(7, 50)))
        #expect(words(rounds(7, 50)) != words(rounds(8, 50)))
    }

    @Test("kills at every kind of moment, and brokers only when asked to")
    func kinds() {
        let moments = rounds(1, 300).map { "\($0.moment)".prefix { $0 != "(" } }
        #expect(Set(moments) == ["starting", "press", "lamp", "arrival", "command", "answer"])
        #expect(rounds(1, 300).contains { $0.brokerAway != nil })
        #expect(rounds(1, 300, killsBrokers: false).allSatisfy { $0.brokerAway == nil })
        var plan = CrashPlan(seed: 1, killsBrokers: false)
        let near = (0..<30).map { _ in plan.next(checkpointIsNear: true).moment }
        #expect(near.contains { "\($0)".hasPrefix("checkpoint") })
    }
}
