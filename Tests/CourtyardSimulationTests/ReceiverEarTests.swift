import CallCore
import CourtyardSimulation
import Testing

/// What a receiver's ear takes for silence, jamming and flooding, and what not.
@Suite struct ReceiverEarTests {
    private static let protocols = Set(RadioProtocol.keyed.filter(\.isOnByDefault))

    private struct Bench {
        var ear: ReceiverEar
        var now: Int64 = 0
        var conditions: [ReceiverCondition] = [.working]
        var presses = 0

        init(isSquelched: Bool = false) {
            let receiver = RadioReceiver(id: ReceiverID("hall")!, isSquelched: isSquelched)
            ear = ReceiverEar(receiver, protocols: protocols, at: Moment(nanoseconds: 0))
        }

        mutating func hear(_ edges: [Air.Edge]) {
            let start = now
            for edge in edges {
                now = start + edge.at
                ear.take(carrier: edge.carrier, at: Moment(nanoseconds: now))
                note()
            }
        }

        mutating func noise(_ kind: Noise, for seconds: Int64, _ dice: inout Dice) {
            let end = now + seconds * 1_000_000_000
            var carrier = true
            while now < end {
                ear.take(carrier: carrier, at: Moment(nanoseconds: now))
                note()
                now += kind.length(&dice)
                carrier.toggle()
            }
        }

        /// Nothing comes; the ear is asked only when it wants to be.
        mutating func wait(_ seconds: Int64) {
            let end = now + seconds * 1_000_000_000
            var turns = 0
            while let due = ear.nextDeadline, due.nanoseconds <= end {
                now = max(now, due.nanoseconds)
                ear.pass(until: Moment(nanoseconds: now))
                note()
                turns += 1
                precondition(turns < 1000, "the ear wants to be asked without end")
            }
            now = end
        }

        private mutating func note() {
            if ear.condition != conditions.last { conditions.append(ear.condition) }
            presses += ear.takeReports().filter { $0.phase == .began }.count
        }
    }

    private static let pendant = RadioCode(.ev1527, value: 0x13CD38, bits: 24)

    private func sent(held: Duration) -> [Air.Edge] {
        var (sent, dice) = (Transmissions(), Dice(3))
        _ = sent.press(Self.pendant, Keying(base: 350_000), after: .zero, held: held, fading: 0, &dice)
        var air = Air(Dice(4))
        air.hissAfter = nil
        return sent.edges(through: air)
    }

    @Test("No kind of noise is a fault of the receiver", arguments: [Noise.exponential, .uniform, .hiss])
    func noise(_ kind: Noise) {
        var (bench, dice) = (Bench(), Dice(7))
        bench.noise(kind, for: 120, &dice)
        #expect(bench.conditions == [.working] && bench.presses == 0, "\(bench.conditions)")
    }

    @Test("Without any noise for a minute it is silent, and with the first edge after that it is not")
    func silent() {
        var (bench, dice) = (Bench(), Dice(8))
        bench.noise(.hiss, for: 5, &dice)
        bench.wait(59)
        #expect(bench.conditions == [.working])
        bench.wait(3)
        #expect(bench.conditions == [.working, .silent])
        #expect(bench.ear.nextDeadline == nil, "there is nothing to wait for")
        bench.noise(.hiss, for: 5, &dice)
        #expect(bench.conditions == [.working, .silent, .working])
    }

    @Test("A squelched receiver may be silent for ever, and costs nothing then")
    func squelched() {
        var bench = Bench(isSquelched: true)
        bench.hear(sent(held: .milliseconds(200)))
        bench.wait(3600)
        #expect(bench.conditions == [.working] && bench.presses == 1)
        #expect(bench.ear.nextDeadline == nil)
    }

    @Test("A carrier that stands is jamming after half a minute, and over with the minute after it")
    func carrier() {
        var bench = Bench(isSquelched: true)
        bench.hear([Air.Edge(carrier: true, at: 0)])
        bench.wait(29)
        #expect(bench.conditions == [.working])
        bench.wait(3)
        #expect(bench.conditions.count == 2)
        bench.hear([Air.Edge(carrier: false, at: 1000)])
        bench.wait(120)
        #expect(bench.conditions.last == .working && bench.conditions.count == 3, "\(bench.conditions)")
    }

    @Test("A transmitter whose button is stuck is one press, and jams")
    func stuckTransmitter() {
        var bench = Bench(isSquelched: true)
        bench.hear(sent(held: .seconds(45)))
        #expect(bench.presses == 1)
        #expect(bench.conditions == [.working, .jammed("occupied for 30 s of 60 s")])
    }

    @Test("A hundred and twenty presses a minute are a flood; sixty are a busy courtyard")
    func flood() {
        var bench = Bench(isSquelched: true)
        let press = sent(held: .milliseconds(100))
        for _ in 0..<60 {
            bench.hear(press)
            bench.wait(1)
        }
        #expect(bench.conditions == [.working] && bench.presses == 60)
        var dice = Dice(9)
        for number: UInt64 in 0..<400 {
            var sent = Transmissions()
            let code = RadioCode(.ev1527, value: 0x100000 + number * 16, bits: 24)
            _ = sent.press(code, Keying(base: 250_000), after: .zero, held: .zero, fading: 0, &dice)
            var air = Air(dice.split())
            air.hissAfter = nil
            bench.hear(sent.edges(through: air))
        }
        #expect(bench.conditions.dropFirst().first == .flooding("120 presses within 60 s"), "\(bench.conditions)")
        bench.wait(120)
        #expect(bench.conditions.last == .working)
    }
}
