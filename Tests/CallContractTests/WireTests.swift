import CallContract
import CallCore
import Foundation
import Testing

private func stamp(_ wall: Int64) -> Stamp {
    Stamp(
        boot: "boot-1", moment: Moment(nanoseconds: 812_345_678_901), wall: WallTime(milliseconds: wall),
        quality: ClockQuality(synchronized: true, uncertaintyMs: 2))
}

private let now = Now(
    moment: Moment(nanoseconds: 813_345_678_901), wall: WallTime(milliseconds: 1_787_541_256_926),
    quality: ClockQuality(synchronized: true, uncertaintyMs: 2))

private let call = Call(
    id: CallID("k3f9qz-123")!, point: PointID("b3-u2-401")!, label: "3号楼2单元401 \"床头\"\n",
    service: Service(id: .emergency, priority: 1),
    raised: stamp(1_787_541_255_926))

/// The JSON as an independent reader has it.
private func parsed(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
}

@Suite("Wire") struct WireTests {
    @Test("An event is a CloudEvent with every promised field, nulls spelled out")
    func event() throws {
        let event = CallEvent(
            journal: JournalID("k3f9qz")!, sequence: 7, type: .raised, occurred: call.raised, call: call)
        let json = try parsed(WireJSON.bytes(EventMessage(event, source: "/courtyard/s/g", boot: "boot-1", now: now)))
        #expect(json["specversion"] as? String == "1.0")
        #expect(json["id"] as? String == "k3f9qz-emergency-7")
        #expect(json["type"] as? String == "courtyard.call.raised")
        #expect(json["subject"] as? String == "b3-u2-401")
        #expect(json["sequence"] as? String == "7")
        #expect(json["time"] as? String == "2026-08-24T03:14:15.926Z")
        let data = try #require(json["data"] as? [String: Any])
        #expect(data["label"] as? String == call.label)
        #expect(data["actor"] is NSNull && data["reason"] is NSNull)
        #expect(data["ageMs"] as? Int == 1000 && data["late"] as? Bool == false)
        #expect(data["monotonicNs"] as? Int == 812_345_678_901)
        #expect(data["journaled"] == nil, "only there when it is false")
        let promised: Set = [
            "journal", "call", "point", "label", "service", "priority", "state", "revision", "presses", "raisedAt",
            "escalation", "actor", "reason", "clock", "boot", "monotonicNs", "late", "ageMs", "test",
        ]
        #expect(Set(data.keys) == promised)
    }

    @Test("In another boot the age counts on the wall clock")
    func otherBoot() throws {
        let event = CallEvent(
            journal: JournalID("k3f9qz")!, sequence: 7, type: .raised, occurred: stamp(1_787_541_246_926), call: call)
        let message = EventMessage(event, source: "", boot: "boot-2", now: now)
        #expect(message.data.ageMs == 10_000 && message.data.late)
    }

    @Test("A call's record reads back as the same call")
    func record() throws {
        let bytes = WireJSON.bytes(CallMessage(call, orphaned: false, now: now))
        #expect(try WireJSON.read(CallMessage.self, from: bytes).call == call)
        let json = try parsed(bytes)
        #expect(json["times"] is [String: String] && json["pressTimes"] is [String] && json["actors"] is [String: Any])
        #expect(json["orphaned"] == nil)
    }

    @Test("Unknown fields are ignored, and a missing null is a null")
    func tolerance() throws {
        var json = try parsed(WireJSON.bytes(CallMessage(call, orphaned: true, now: now)))
        json["actor"] = nil
        json["somethingNew"] = ["deep": [1, 2]]
        let read = try WireJSON.read(CallMessage.self, from: Array(JSONSerialization.data(withJSONObject: json)))
        #expect(read.call == call && read.orphaned == true)
    }

    @Test(
        "The writer agrees with an independent reader on awkward text",
        arguments: [
            "", "\"\\/\u{8}\u{c}\n\r\t", "\u{0}\u{1f}\u{7f}\u{2028}", "床头 🛏️ é", String(repeating: "x", count: 5000),
        ])
    func text(_ text: String) throws {
        let bytes = WireJSON.bytes(["k": [text, text]])
        #expect(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: [String]] == ["k": [text, text]])
    }

    @Test("Times read back to the millisecond, in every year that matters", arguments: 0..<200)
    func times(_ step: Int64) throws {
        let time = WallTime(milliseconds: step * 21_600_000_123 - 86_400_000)
        #expect(WallTime(time.description) == time)
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        let whole = Date(timeIntervalSince1970: (Double(time.milliseconds) / 1000).rounded(.down))
        #expect(time.description.prefix(19) == formatter.string(from: whole).prefix(19))
    }

    @Test(
        "What is no time is refused",
        arguments: [
            "", "2026", "2026-08-24 03:14:15Z", "2026-13-01T00:00:00Z", "2026-08-24T24:00:00Z",
            "2026-08-24T03:14:15+08:00",
            "2026-08-24T03:14:15.Z", "2026-08-24T03:14:15.x1Z", "二〇二六年",
        ])
    func noTime(_ text: String) { #expect(WallTime(text) == nil) }

    @Test("Topics are told apart, and foreign ones are none of ours")
    func topics() {
        let topics = Topics(site: SiteID("s")!, gateway: GatewayID("g")!)
        #expect(topics.subject(of: "courtyard/v1/s/g/status") == .status)
        #expect(topics.subject(of: "courtyard/v1/s/g/command/sync") == .command("sync"))
        #expect(topics.subject(of: topics.call(.meal, call.id)) == .call(.meal, id: "k3f9qz-123"))
        for foreign in [
            "", "courtyard/v1/s/g", "courtyard/v1/s/gg/status", "courtyard/v1/s/g/call/A/x",
            "courtyard/v1/s/g/command/a/b",
        ] {
            #expect(topics.subject(of: foreign) == nil)
        }
    }

    @Test(
        "Ids are what the contract allows and nothing else",
        arguments: ["", "A", "a b", "a/b", "é", "#", String(repeating: "a", count: 65)])
    func badName(_ text: String) { #expect(PointID(text) == nil) }
}
