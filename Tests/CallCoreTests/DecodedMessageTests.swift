import CallCore
import Testing

/// What rtl_433's messages amount to.
@Suite struct DecodedMessageTests {
    private static let kind = RadioDevice(
        name: "pendant", radioProtocol: .rtl433, bits: 48, identityBits: 48,
        meanings: [1: .press, 2: .lowBattery, 3: .tamper, 4: .alive], otherwise: .nothing,
        model: .init(
            name: "Acme-Pendant", idKey: "id",
            messages: [
                .init(key: "button", value: "1"), .init(key: "battery_ok", value: "0"),
                .init(key: "state", value: "open"), .init(key: "level", value: "1.5"),
            ]))
    private static func code(_ id: UInt64, _ message: Int) -> RadioCode {
        RadioCode(.rtl433, value: id, bits: 48, model: "Acme-Pendant", message: message)
    }
    private static let enrolled = [RadioTransmitter(device: kind, code: code(0xBEEF, 0))]

    private func told(_ values: [String: DecodedMessage.Value]) throws -> [Int] {
        let all = values.merging(["model": .text("Acme-Pendant"), "id": .text("beef")]) { $1 }
        let message = try #require(DecodedMessage(all))
        let codes = message.codes(Self.enrolled)
        #expect(codes.allSatisfy { $0.value == 0xBEEF && $0.model == "Acme-Pendant" })
        return codes.map(\.message)
    }

    @Test("Everything that its kind knows is told; a low battery beside whatever else is")
    func messages() throws {
        #expect(try told(["button": .number(1)]) == [1])
        #expect(try told(["button": .number(1), "battery_ok": .number(0)]) == [1, 2])
        #expect(try told(["battery_ok": .number(0)]) == [2, 0])
        #expect(try told(["battery_ok": .number(1), "button": .number(2)]) == [0])
        #expect(try told(["state": .text("open"), "level": .number(1.5)]) == [3, 4])
        #expect(Self.kind.meaning(of: Self.code(0xBEEF, 2)) == .lowBattery)
        #expect(Self.kind.meaning(of: Self.code(0xBEEF, 0)) == .nothing)
    }

    @Test("However many neighbours send, a first press is told; whoever was heard longest ago is over")
    func crowded() {
        var codes = DecodedCodes(ReceiverID("roof")!, quietGap: DecodedCodes.gapOfRTL433)
        for id in 1...40 { codes.take(Self.code(UInt64(id), 1), level: nil, at: ms(Double(id))) }
        let began = codes.takeReports().filter { $0.phase == .began }
        #expect(began.map(\.code.value) == Array(1...40))
        codes.pass(until: ms(5000))
        #expect(codes.takeReports().map(\.code.value) == Array(25...40))
    }

    @Test("Ids are numbers or hexadecimal text of up to 48 bits; without one nobody sent it")
    func ids() throws {
        func id(_ value: DecodedMessage.Value?) throws -> [UInt64] {
            var values: [String: DecodedMessage.Value] = ["model": .text("Other-Thing")]
            values["id"] = value
            return try #require(DecodedMessage(values)).codes(Self.enrolled).map(\.value)
        }
        #expect(try id(.number(1_234_567)) == [1_234_567])
        #expect(try id(.text("0F6C681")) == [0xF6C681])
        #expect(try id(.text("0xff")) == [0xff])
        for wrong: DecodedMessage.Value? in [
            nil, .text("P"), .text(""), .number(-1), .number(1.5), .number(0x1_0000_0000_0000), .number(.infinity),
        ] {
            #expect(try id(wrong) == [])
        }
    }

    @Test("A message without a model's name is none; the level is rounded to tenths")
    func shape() {
        #expect(DecodedMessage([:]) == nil)
        #expect(DecodedMessage(["model": .number(1)]) == nil)
        #expect(DecodedMessage(["model": .text("a b")]) == nil)
        #expect(DecodedMessage(["model": .text(String(repeating: "x", count: 65))]) == nil)
        #expect(DecodedMessage(["model": .text("X"), "rssi": .number(-7.26)])?.level == -73)
        #expect(DecodedMessage(["model": .text("X"), "rssi": .number(1e9)])?.level == nil)
    }

    @Test("More presses than people make are a flood, told once, and over when they end")
    func flooding() {
        var codes = DecodedCodes(ReceiverID("roof")!, quietGap: DecodedCodes.gapOfRTL433)
        var now = Moment(nanoseconds: 0)
        for number in 0..<119 {
            codes.take(Self.code(UInt64(number), 0), level: nil, at: now)
            now = now + .milliseconds(400)
        }
        #expect(codes.condition == .working)
        codes.take(Self.code(500, 0), level: nil, at: now)
        codes.pass(until: now)
        #expect(codes.condition == .flooding("120 presses within 60 s"))
        #expect(codes.takeReports().count { $0.phase == .began } == 120)
        while let next = codes.nextDeadline { codes.pass(until: next) }
        #expect(codes.condition == .working && codes.statistics.verdicts.presses == 120)
    }
}
