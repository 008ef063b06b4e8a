import CallContract
import CallCore
import Foundation
import Testing

private func stamp(boot: String = "boot-1", _ milliseconds: Int64) -> Stamp {
    Stamp(
        boot: boot, moment: Moment(nanoseconds: milliseconds * 1_000_000), wall: WallTime(milliseconds: milliseconds),
        quality: ClockQuality(synchronized: true, uncertaintyMs: 2))
}

private let now = Now(
    moment: Moment(nanoseconds: 20_000_000_000), wall: WallTime(milliseconds: 20_000),
    quality: ClockQuality(synchronized: true, uncertaintyMs: 2))

private func call(_ service: ServiceID, raised: Stamp, onTheWay: Bool = false) -> Call {
    Call(
        id: CallID("k3f9qz-1")!, point: PointID("b1")!, label: "b1", service: service, priority: 1, state: .accepted,
        revision: 4, presses: 1, raised: raised, escalation: 0, actor: "desk-1/王", reason: nil,
        times: [.raised: raised.wall], actors: [.accepted: "desk-1/王"], pressTimes: [raised.wall],
        isOnTheWay: onTheWay)
}

private func data(_ type: CallEventType, _ call: Call, occurred: Stamp) throws -> [String: Any] {
    let event = CallEvent(journal: JournalID("k3f9qz")!, sequence: 1, type: type, occurred: occurred, call: call)
    let bytes = WireJSON.bytes(EventMessage(event, source: "/courtyard/s/g", boot: "boot-1", now: now))
    let json = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    return try #require(json["data"] as? [String: Any])
}

@Suite("What following a call adds to the wire") struct LifecycleWireTests {
    @Test("onTheWay is there, and true, only when someone has set out; and reads back")
    func onTheWay() throws {
        let raised = stamp(1000)
        #expect(try data(.accepted, call(.emergency, raised: raised), occurred: raised)["onTheWay"] == nil)
        let underway = call(.emergency, raised: raised, onTheWay: true)
        #expect(try data(.accepted, underway, occurred: raised)["onTheWay"] as? Bool == true)
        for call in [underway, call(.emergency, raised: raised)] {
            let bytes = WireJSON.bytes(CallMessage(call, orphaned: false, now: now))
            #expect(try WireJSON.read(CallMessage.self, from: bytes).call?.isOnTheWay == call.isOnTheWay)
        }
    }

    @Test("roundTripMs stands in `tested` alone, measured on the monotonic clock within one boot")
    func roundTrip() throws {
        let test = call(.test, raised: stamp(1000))
        let later = Stamp(
            boot: "boot-1", moment: Moment(nanoseconds: 1_012_345_678), wall: WallTime(milliseconds: 0),
            quality: test.raised.quality)
        #expect(try data(.tested, test, occurred: later)["roundTripMs"] as? Double == 12.3)
        #expect(try data(.tested, test, occurred: test.raised)["roundTripMs"] as? Double == 0)
        #expect(try data(.resolved, test, occurred: later)["roundTripMs"] == nil)
        #expect(try data(.tested, test, occurred: stamp(boot: "boot-2", 1012))["roundTripMs"] == nil)
    }

    @Test("A reply tells how the call stands, if the command concerned one")
    func reply() throws {
        func json(_ answer: CommandAnswer) throws -> NSDictionary {
            let bytes = WireJSON.bytes(ReplyMessage(answer))
            return try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]) as NSDictionary
        }
        let standing = CommandAnswer.Standing(
            id: CallID("k3f9qz-1")!, state: .accepted, revision: 4, actor: "desk-2/李")
        let refused = CommandAnswer(
            id: "c1", command: "accept", refusal: "state: accepted by desk-2/李", call: standing)
        #expect(
            try json(refused) == [
                "id": "c1", "command": "accept", "accepted": false, "reason": "state: accepted by desk-2/李",
                "call": "k3f9qz-1", "state": "accepted", "revision": 4, "actor": "desk-2/李",
            ])
        let nobody = CommandAnswer.Standing(id: CallID("k3f9qz-1")!, state: .delivered, revision: 2, actor: nil)
        #expect(
            try json(CommandAnswer(id: "c2", command: "received", refusal: nil, call: nobody)) == [
                "id": "c2", "command": "received", "accepted": true, "reason": NSNull(), "call": "k3f9qz-1",
                "state": "delivered", "revision": 2,
            ])
        #expect(
            try json(CommandAnswer(id: "c3", command: "arrive", refusal: "call: unknown", call: nil)) == [
                "id": "c3", "command": "arrive", "accepted": false, "reason": "call: unknown",
            ])
    }

    @Test("A desk's status reads with and without a name, and unknown states are none")
    func desk() throws {
        func read(_ json: String) throws -> DeskMessage { try WireJSON.read(DeskMessage.self, from: Array(json.utf8)) }
        #expect(
            try read(#"{"state":"listening","name":"值班室","more":1}"#) == DeskMessage(state: .listening, name: "值班室"))
        #expect(try read(#"{"state":"closed"}"#) == DeskMessage(state: .closed))
        for json in [#"{"state":"LISTENING"}"#, #"{"name":"x"}"#, "{}", "7", "", #"{"state":"idle","name":7}"#] {
            #expect(throws: (any Error).self) { try read(json) }
        }
        #expect(WireJSON.bytes(DeskMessage(state: .idle)) == Array(#"{"state":"idle","name":null}"#.utf8))
    }
}
