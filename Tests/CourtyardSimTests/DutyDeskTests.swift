import CallContract
import CallCore
import Foundation
import Testing

@testable import CourtyardSimulation
@testable import courtyard_sim

private let base = "courtyard/v1/willow-court/gw-1"
private let begin = Moment(nanoseconds: 1_000_000_000_000)

private func seconds(_ count: Double) -> Moment { begin + .milliseconds(Int(count * 1000)) }

/// A record as a gateway publishes it.
private func record(
    _ id: String = "k3f9qz-1", _ state: CallState = .raised, revision: Int = 1, presses: Int = 1,
    service: String = "emergency", actor: String? = nil, onTheWay: Bool = false, priority: Int = 1,
    point: String = "b1"
) -> [UInt8] {
    let raised = Stamp(
        boot: "boot", moment: begin, wall: WallTime(milliseconds: 1_787_541_255_926),
        quality: ClockQuality(synchronized: true, uncertaintyMs: 2))
    let call = Call(
        id: CallID(id)!, point: PointID(point)!, label: "1号楼1单元101 床头", service: ServiceID(service)!,
        priority: priority,
        state: state, revision: revision, presses: presses, raised: raised, escalation: 0, actor: actor, reason: nil,
        times: [.raised: raised.wall], actors: [:], pressTimes: [raised.wall], isOnTheWay: onTheWay)
    let now = Now(moment: begin, wall: raised.wall, quality: raised.quality)
    return WireJSON.bytes(CallMessage(call, orphaned: false, now: now))
}

private func topic(_ id: String = "k3f9qz-1", service: String = "emergency") -> String {
    "\(base)/call/\(service)/\(id)"
}

private func manner(ignores: Bool = false, refuses: Set<String> = [], sayReceivedAfter: Duration = .zero) -> DeskManner
{
    DeskManner(
        acceptAfter: .seconds(5)...(.seconds(5)), arriveAfter: .seconds(30)...(.seconds(30)),
        resolveAfter: .seconds(60)...(.seconds(60)), sayReceivedAfter: sayReceivedAfter, ignores: ignores,
        refuses: refuses)
}

@Suite("The simulated desk") struct DutyDeskTests {
    private var desk = DutyDesk(id: DeskID("desk-1")!, name: "王", manner: manner(), run: "run1", dice: Dice(1))

    /// The commands that are due, as their names.
    private mutating func due(_ moment: Moment) -> [String] { desk.due(at: moment).map(\.name.rawValue) }

    private mutating func see(
        _ payload: [UInt8], _ id: String = "k3f9qz-1", service: String = "emergency", at moment: Moment
    ) {
        desk.take(topic(id, service: service), payload, at: moment)
    }

    /// The gateway carries out or refuses the one command that is due.
    @discardableResult
    private mutating func answer(at moment: Moment, refusal: String? = nil) throws -> DeskCommand {
        let commands = desk.due(at: moment)
        try #require(commands.count == 1, "\(commands.map(\.name))")
        desk.take(
            "\(base)/reply/\(commands[0].id)",
            WireJSON.bytes(ReplyMessage(id: commands[0].id, command: commands[0].name.word, refusal: refusal)),
            at: moment)
        return commands[0]
    }

    @Test("shows what two gateways have heard as one call, and sends its commands to each of them")
    mutating func merged() throws {
        let other = "courtyard/v1/willow-court/gw-2/call/emergency/zzzzzz-4"
        see(record(), at: begin)
        desk.take(other, record("zzzzzz-4"), at: begin)
        see(record("k3f9qz-2", service: "meal"), "k3f9qz-2", service: "meal", at: begin)
        #expect(desk.merged.map(\.count).sorted() == [1, 2])
        let notes = desk.takeNotes().map { note in
            switch note {
            case .raised(let record): "raised \(record.data.call)"
            case .raisedToo(let record): "too \(record.data.call)"
            default: "another"
            }
        }
        #expect(notes == ["raised k3f9qz-1", "too zzzzzz-4", "raised k3f9qz-2"])
        #expect(desk.due(at: begin).map(\.base).sorted().map { $0.suffix(4) } == ["gw-1", "gw-1", "gw-2"])
        desk.take(other, [], at: begin)
        #expect(desk.merged.map(\.count) == [1, 1])
    }

    @Test("takes a call from the first record to its end, each step in its time and with the record's revision")
    mutating func wholeLife() throws {
        see(record(), at: begin)
        #expect(try answer(at: begin).name == .received)
        #expect(due(seconds(1)).isEmpty, "asked once")
        see(record("k3f9qz-1", .delivered, revision: 2), at: seconds(1))
        #expect(due(seconds(5.9)).isEmpty)
        let accept = try answer(at: seconds(6))
        #expect(accept.name == .accept && accept.revision == 2 && accept.topic == "\(base)/command/accept")
        see(record("k3f9qz-1", .accepted, revision: 3, actor: "desk-1/王"), at: seconds(7))
        let setOut = try answer(at: seconds(17))
        #expect(setOut.name == .setOut && setOut.topic == "\(base)/command/accept")
        see(record("k3f9qz-1", .accepted, revision: 4, actor: "desk-1/王", onTheWay: true), at: seconds(17))
        #expect(due(seconds(36.9)).isEmpty)
        #expect(try answer(at: seconds(37)).name == .arrive)
        see(record("k3f9qz-1", .arrived, revision: 5, actor: "desk-1/王"), at: seconds(40))
        #expect(due(seconds(99.9)).isEmpty)
        let resolve = try answer(at: seconds(100))
        #expect(resolve.name == .resolve && resolve.revision == 5)
        see([], at: seconds(101))
        #expect(desk.calls.isEmpty && due(seconds(1000)).isEmpty && desk.refusals == 0)
        see(record("k3f9qz-1", .arrived, revision: 5, actor: "desk-1/王"), at: seconds(102))
        #expect(desk.calls.isEmpty, "closed for ever")
    }

    @Test(
        "speaks as the contract's reader wants it",
        arguments: [DeskCommand.Name.received, .accept, .setOut, .arrive, .resolve, .cancel])
    func payloads(_ name: DeskCommand.Name) throws {
        let command = DeskCommand(
            name: name, id: "desk-1-run1-1", base: base, call: "k3f9qz-1", revision: 3, actor: "desk-1/王", sentAt: begin
        )
        let read = try CommandMessage(name: name.word, payload: command.payload)
        guard case .call(let request) = read.request else {
            Issue.record("\(read)")
            return
        }
        let id = CallID("k3f9qz-1")!
        let expected: CallCommand.Request =
            switch name {
            case .received: .received(id, revision: 3)
            case .accept: .accept(id, revision: 3, onTheWay: false)
            case .setOut: .accept(id, revision: 3, onTheWay: true)
            case .arrive: .arrive(id, revision: 3)
            case .resolve: .resolve(id, revision: 3, outcome: "done")
            case .cancel: .cancel(id, revision: 3, reason: "refused")
            }
        #expect(request == CallCommand(id: "desk-1-run1-1", actor: "desk-1/王", request: expected))
    }

    @Test("sends a command without an answer again under the same id, and never two at once")
    mutating func again() throws {
        see(record(), at: begin)
        let first = try #require(desk.due(at: begin).first)
        #expect(due(seconds(4.9)).isEmpty)
        let second = try #require(desk.due(at: seconds(5)).first)
        #expect(second.id == first.id && second.payload == first.payload)
        #expect(due(seconds(9.9)).isEmpty)
        #expect(try answer(at: seconds(10)).id == first.id)
    }

    @Test("gives every command an id of its own, short enough whatever the desk is called")
    mutating func ids() throws {
        desk = DutyDesk(
            id: DeskID(String(repeating: "d", count: 64))!, name: "王", manner: manner(),
            run: String(repeating: "r", count: 16), dice: Dice(1))
        var ids: Set<String> = []
        for number in 1...100 {
            let id = "k3f9qz-\(number)"
            see(record(id), id, at: begin)
            ids.insert(try answer(at: begin).id)
        }
        #expect(ids.count == 100 && ids.allSatisfy { FaultID($0) != nil })
    }

    @Test("leaves a call alone that somebody else has, and one whose acceptance was refused")
    mutating func others() throws {
        see(record("k3f9qz-1", .accepted, revision: 2, actor: "desk-2/李"), at: begin)
        #expect(due(seconds(1000)).isEmpty)
        see(record("k3f9qz-2", .delivered, revision: 2), "k3f9qz-2", at: begin)
        try answer(at: seconds(5), refusal: "state: accepted by desk-2/李")
        #expect(due(seconds(1000)).isEmpty && desk.refusals == 1)
    }

    @Test("asks again with the newer record when the resident has pressed again, and not before it has that")
    mutating func pressedAgain() throws {
        see(record("k3f9qz-1", .arrived, revision: 5, actor: "desk-1/王"), at: begin)
        let first = try answer(at: seconds(60), refusal: "revision: the resident has pressed again since 5")
        #expect(first.name == .resolve && due(seconds(70)).isEmpty, "that would be refused again")
        see(record("k3f9qz-1", .arrived, revision: 6, presses: 2, actor: "desk-1/王"), at: seconds(71))
        let second = try answer(at: seconds(71))
        #expect(second.name == .resolve && second.revision == 6 && second.id != first.id)
    }

    @Test("begins anew with a call that was reopened")
    mutating func reopened() throws {
        see(record(), at: begin)
        try answer(at: begin)
        try answer(at: seconds(5))
        see(record("k3f9qz-1", .accepted, revision: 3, actor: "desk-1/王"), at: seconds(6))
        see(record("k3f9qz-1", .raised, revision: 4), at: seconds(20))
        #expect(try answer(at: seconds(20)).name == .received)
        #expect(due(seconds(24.9)).isEmpty)
        #expect(try answer(at: seconds(25)).name == .accept)
    }

    @Test("takes an answer about a state that has gone for no answer about the one that came")
    mutating func lateAnswer() throws {
        see(record("k3f9qz-1", .delivered, revision: 2), at: begin)
        let accept = try #require(desk.due(at: seconds(5)).first)
        see(record("k3f9qz-1", .accepted, revision: 3, actor: "desk-1/王"), at: seconds(6))
        see(record("k3f9qz-1", .raised, revision: 4), at: seconds(200))
        let reply = ReplyMessage(id: accept.id, command: "accept")
        desk.take("\(base)/reply/\(accept.id)", WireJSON.bytes(reply), at: seconds(201))
        #expect(try answer(at: seconds(201)).name == .received)
        #expect(try answer(at: seconds(206)).name == .accept)
    }

    @Test("tells the answer to what ended a call, though it comes after the end")
    mutating func lastAnswer() throws {
        see(record("k3f9qz-1", .arrived, revision: 5, actor: "desk-1/王"), at: begin)
        let resolve = try #require(desk.due(at: seconds(60)).first)
        see([], at: seconds(61))
        for _ in 1...2 {
            let reply = ReplyMessage(id: resolve.id, command: "resolve", refusal: "state: resolved by desk-2/李")
            desk.take("\(base)/reply/\(resolve.id)", WireJSON.bytes(reply), at: seconds(61))
        }
        #expect(desk.takeNotes().count { if case .answered = $0 { true } else { false } } == 1)
        #expect(desk.refusals == 1)
    }

    @Test("answers a test with `received` and nothing more")
    mutating func test() throws {
        see(record("k3f9qz-1", service: "test"), service: "test", at: begin)
        #expect(try answer(at: begin).name == .received)
        #expect(due(seconds(1000)).isEmpty)
    }

    @Test("says nothing when it ignores, cancels what it refuses, and may accept before it says `received`")
    mutating func manners() throws {
        desk = DutyDesk(id: DeskID("desk-1")!, name: "王", manner: manner(ignores: true), run: "r", dice: Dice(1))
        see(record(), at: begin)
        #expect(due(seconds(1000)).isEmpty && desk.calls.count == 1)
        desk = DutyDesk(id: DeskID("desk-1")!, name: "王", manner: manner(refuses: ["errand"]), run: "r", dice: Dice(1))
        see(record("k3f9qz-1", .delivered, service: "errand"), service: "errand", at: begin)
        #expect(try answer(at: seconds(5)).name == .cancel)
        desk = DutyDesk(
            id: DeskID("desk-1")!, name: "王", manner: manner(sayReceivedAfter: .seconds(30)), run: "r", dice: Dice(1))
        see(record(), at: begin)
        #expect(try answer(at: seconds(5)).name == .accept)
    }

    @Test(
        "takes no older record, counts what is offered again, and forgets at a new connection what it is not told anew")
    mutating func records() throws {
        see(record("k3f9qz-1", .delivered, revision: 3), at: begin)
        see(record("k3f9qz-1", .raised, revision: 2), at: begin)
        #expect(desk.calls["k3f9qz-1"]?.record.data.revision == 3)
        see(record("k3f9qz-2"), "k3f9qz-2", at: begin)
        see(record("k3f9qz-2"), "k3f9qz-2", at: seconds(2))
        #expect(desk.takeNotes().count { if case .offeredAgain = $0 { true } else { false } } == 1)
        desk.connected()
        see(record("k3f9qz-2"), "k3f9qz-2", at: seconds(3))
        #expect(desk.calls.keys.sorted() == ["k3f9qz-2"])
    }

    @Test(
        "says of what is no record or reply that it is none, and lives on",
        arguments: ["", "{", "null", "[]", "{}", "\u{0}", #"{"id":"desk-1-run1-1"}"#, #"{"call":"k3f9qz-1"}"#])
    mutating func garbage(_ text: String) {
        for topic in [topic(), "\(base)/reply/desk-1-run1-1", "\(base)/reply/", "courtyard/v1", "", "x/y/z/a/call/b/c"]
        {
            desk.take(topic, Array(text.utf8), at: begin)
        }
        #expect(desk.calls.isEmpty && due(seconds(1000)).isEmpty)
        see(record("k3f9qz-9"), at: begin)  // another id inside
        #expect(desk.calls.isEmpty)
    }

    @Test("shows a picture that fits: the most urgent first, no test, nothing a terminal would obey")
    mutating func picture() {
        for number in 1...40 {
            let id = "k3f9qz-\(number)"
            let more = record(
                id, actor: "desk-2/\u{1B}[2J李", priority: number == 30 ? 1 : 3, point: "b\(number)")
            see(more, id, at: begin)
        }
        see(record("k3f9qz-99", service: "test"), "k3f9qz-99", service: "test", at: begin)
        for height in [10, 24, 50] {
            let view = DeskView(
                site: SiteID("willow-court")!, desk: desk, presence: DeskMessage(state: .listening, name: "值班室"),
                broker: "127.0.0.1:1883", away: nil, isConnected: true, gateways: ["gw-1": .ready], faults: [],
                running: .seconds(7), now: begin)
            let rows = view.rows(height: height, log: (1...30).map { "line \($0)" })
            #expect(rows.count <= height)
            #expect(rows.contains { $0.text.contains("床头") } && rows.contains { $0.text == "line 30" })
            #expect(!rows.contains { $0.text.contains("test") })
            #expect(
                rows.dropFirst(5).first?.pieces.contains { $0.style == .red && $0.text.hasPrefix("emergency") } == true)
            #expect(rows.allSatisfy { !$0.drawn(width: 80, colours: false).contains("\u{1B}") })
        }
    }
}
