import CallCore
import CourtyardSimulation
import Testing

@Suite("Decoding radio") struct RadioDecodingTests {
    private static func code(_ radioProtocol: RadioProtocol, _ dice: inout Dice) -> RadioCode {
        let bits: [RadioProtocol: Int] = [.ev1527: 24, .smc5326: 25, .bell48: 48, .activlink: 48, .ht12e: 12]
        let count = bits[radioProtocol] ?? 32
        // Not all alike: a serial number of ones or zeros is nobody's.
        var value = dice.next() & (1 << UInt64(count) - 1) | 0x120
        // ActivLink's last bit makes the ones even.
        if radioProtocol == .activlink { value ^= UInt64(value.nonzeroBitCount & 1) }
        return RadioCode(radioProtocol, value: value, bits: count)
    }

    private func base(_ radioProtocol: RadioProtocol, _ dice: inout Dice) -> Keying {
        switch radioProtocol {
        case .activlink: Keying(base: Int64(150_000 + dice.below(30_000)))
        case .kaku: Keying(base: Int64(220_000 + dice.below(100_000)))
        case .keeloq: Keying(base: Int64(300_000 + dice.below(250_000)))
        case .ht12e: Keying(base: Int64(250_000 + dice.below(250_000)))
        default:
            Keying(
                base: Int64(170_000 + dice.below(400_000)), long: 2 + 2.4 * dice.fraction(),
                gap: 19 + 14 * dice.fraction())
        }
    }

    @Test(
        "Every protocol is heard through jitter and noise, as what it is and nothing else",
        arguments: RadioProtocol.keyed)
    func everyProtocol(_ radioProtocol: RadioProtocol) {
        var dice = Dice(UInt64(radioProtocol.rawValue.utf8.reduce(0) { $0 * 31 + Int($1) }))
        for round in 0..<100 {
            let (code, keying) = (Self.code(radioProtocol, &dice), base(radioProtocol, &dice))
            var air = Air(dice.split())
            air.jitter = keying.base / 12
            air.stretch = Int64(dice.below(Int(keying.base / 3))) - keying.base / 6
            // Twelve bits are told from noise by nobody: that one is heard in silence.
            if !radioProtocol.isOnByDefault { air.hissAfter = nil }
            air.pause(300_000_000)
            for _ in 0..<6 { air.send(keying.frame(code)) }
            air.pause(700_000_000)
            let heard = Heard(
                air.takeEdges(), protocols: Set(RadioProtocol.keyed.filter(\.isOnByDefault) + [radioProtocol]))
            #expect(
                heard.codes == [code], "round \(round), base \(keying.base), long \(keying.long), gap \(keying.gap)")
            #expect(heard.presses.count == 1 && heard.presses.first?.frames ?? 0 >= 4)
        }
    }

    @Test("Two frames are enough, one alone is none")
    func twoFrames() {
        let code = RadioCode(.ev1527, value: 0x13CD30, bits: 24)
        func heard(_ frames: Int) -> [Heard.Press] {
            var air = Air(Dice(4))
            air.pause(50_000_000)
            for _ in 0..<frames { air.send(Keying(base: 470_000).frame(code)) }
            air.pause(700_000_000)
            return Heard(air.takeEdges()).presses
        }
        #expect(heard(1).isEmpty)
        #expect(heard(2).map(\.code) == [code])
    }

    @Test("The last frame of an EV1527, which has no end, confirms the one before it; two such confirm nothing")
    func headless() {
        let code = RadioCode(.ev1527, value: 0x8F69AB, bits: 24)
        let frame = Keying(base: 300_000).frame(code)
        let lead: [Int64] = [300_000, 9_300_000]
        var air = Air(Dice(4))
        air.hissAfter = nil
        air.send(lead + frame + frame.dropLast(2))
        air.pause(700_000_000)
        #expect(Heard(air.takeEdges()).presses == [.init(code: code, frames: 2)])
        for _ in 0..<2 {
            air.send(lead + frame.dropLast(2))
            air.pause(100_000_000)
        }
        #expect(Heard(air.takeEdges()).presses.isEmpty)
    }

    @Test("A held button is one press; one after a quiet gap is another; another button's code is its own")
    func presses() {
        let (button, other) = (
            RadioCode(.ev1527, value: 0x7C5703, bits: 24), RadioCode(.ev1527, value: 0x7C570C, bits: 24)
        )
        let keying = Keying(base: 350_000)
        var air = Air(Dice(9))
        for _ in 0..<111 { air.send(keying.frame(button)) }
        air.pause(600_000_000)
        for _ in 0..<5 { air.send(keying.frame(button)) }
        for _ in 0..<5 { air.send(keying.frame(other)) }
        air.pause(600_000_000)
        let presses = Heard(air.takeEdges()).presses
        #expect(presses.map(\.code) == [button, button, other])
        #expect(presses.first?.frames ?? 0 > 100)
    }

    @Test("When a press begins is the first frame's first edge; when it ends the last one's last edge")
    func moments() {
        let code = RadioCode(.ev1527, value: 0x13CD30, bits: 24)
        let frame = Keying(base: 300_000).frame(code)
        let length = frame.reduce(0, +)
        var decoder = RadioDecoder(receiver: ReceiverID("hall")!)
        var at: Int64 = 5_000_000_000
        var told: [RadioReport] = []
        for part in (0..<4).flatMap({ _ in frame }).enumerated() {
            if decoder.take(carrier: part.offset % 2 == 0, at: Moment(nanoseconds: at)) {
                told += decoder.takeReports()
            }
            at += part.element
        }
        #expect(told.map(\.phase) == [.began])
        #expect(told.first?.at == Moment(nanoseconds: 5_000_000_000) && told.first?.frames == 2)
        var deadlines = 0
        while let due = decoder.nextDeadline {
            if decoder.pass(until: due) { told += decoder.takeReports() }
            deadlines += 1
        }
        #expect(deadlines == 2, "the frame's end, and the press's")
        #expect(told.last?.phase == .ended && told.last?.frames == 4)
        #expect(told.last?.at == Moment(nanoseconds: 5_000_000_000 + 4 * length - frame.last!))
    }

    @Test("A frame of more bits is never taken for 24 of them", arguments: [20, 22, 26, 28, 36, 40, 64])
    func otherLengths(_ bits: Int) {
        let code = RadioCode(.ev1527, value: 0x5A13_CD30_7C57_0355, bits: bits)
        var air = Air(Dice(UInt64(bits)))
        for _ in 0..<20 { air.send(Keying(base: 320_000).frame(code)) }
        air.pause(700_000_000)
        #expect(Heard(air.takeEdges()).presses.isEmpty)
    }

    @Test("Noise of every kind is nobody's code, however long", arguments: Noise.allCases)
    func noise(_ kind: Noise) {
        var dice = Dice(77)
        var decoder = RadioDecoder(receiver: ReceiverID("hall")!)
        var at: Int64 = 0
        let million = longRun(1_000_000, full: 20_000_000)
        for index in 0..<million {
            _ = decoder.take(carrier: index % 2 == 0, at: Moment(nanoseconds: at))
            at += kind.length(&dice)
        }
        #expect(decoder.takeReports().isEmpty, "\(decoder.verdicts)")
    }

    @Test("Two buttons at once give their own codes or none")
    func collisions() {
        var dice = Dice(5)
        for _ in 0..<50 {
            let codes = (0..<2).map { _ in Self.code(.ev1527, &dice) }
            let keyings = (0..<2).map { _ in base(.ev1527, &dice) }
            let heard = Heard(overlaid(codes, keyings, shift: Int64(dice.below(40_000_000))))
            #expect(heard.codes.isSubset(of: codes))
        }
    }

    /// Where either carrier is, the pin shows one.
    private func overlaid(_ codes: [RadioCode], _ keyings: [Keying], shift: Int64) -> [Air.Edge] {
        var changes: [(at: Int64, by: Int)] = []
        for (index, keying) in keyings.enumerated() {
            var at = Int64(index) * shift
            for (place, part) in (0..<12).flatMap({ _ in keying.frame(codes[index]) }).enumerated() {
                changes.append((at, place % 2 == 0 ? 1 : -1))
                at += part
            }
        }
        var carriers = 0
        var edges: [Air.Edge] = []
        for change in changes.sorted(by: { ($0.at, $0.by) < ($1.at, $1.by) }) {
            let before = carriers > 0
            carriers += change.by
            if (carriers > 0) != before { edges.append(Air.Edge(carrier: carriers > 0, at: change.at)) }
        }
        return edges
    }
}

/// The full form where `RADIO_LONG` is set, for `make soak`.
func longRun(_ short: Int, full: Int) -> Int { Recording.isLong ? full : short }
