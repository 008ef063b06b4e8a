import CallCore
import Testing

@testable import courtyard_sim

struct SignalReaderTests {
    /// Lets an output show signals one after the other, looks at the line as the stage does, and answers what was told
    /// of it, with the seconds.
    private func read(_ kind: BoardOutput.Kind, _ story: [(signal: Signal, lasts: Int)]) -> [(name: String, at: Double)]
    {
        let output = BoardOutput(id: OutputID("lamp")!, kind: kind)
        var reader = SignalReader(output, at: Moment(nanoseconds: 0))
        var found: [(name: String, at: Double)] = []
        var at = 0
        var next = 0
        for part in story {
            let begin = at
            let pattern = output.pattern(for: part.signal)
            while at < begin + part.lasts {
                if at >= next {
                    let moment = Moment(nanoseconds: Int64(at) * 1_000_000)
                    if let name = reader.take(level(pattern, at - begin), at: moment) {
                        found.append((name, Double(at) / 1000))
                    }
                    next = at + (reader.isSteady ? 50 : 10)
                }
                at += 1
            }
        }
        return found
    }

    private func level(_ pattern: OutputPattern, _ elapsed: Int) -> Bool {
        let spans = pattern.spans.map { Int($0.milliseconds) }
        guard let length = Optional(spans.reduce(0, +)), length > 0, pattern.repeats || elapsed < length else {
            return false
        }
        if spans.count == 1 && pattern.repeats { return true }
        var left = elapsed % length
        for (index, span) in spans.enumerated() {
            if left < span { return index % 2 == 0 }
            left -= span
        }
        return false
    }

    @Test func `a lamp's story is read from its rhythm`() {
        let found = read(
            .lamp,
            [
                (.idle, 3330), (.sent, 20), (.received, 5017), (.accepted, 20_003), (.onTheWay, 40_000),
                (.arrived, 30_000), (.idle, 60_000),
            ])
        #expect(found.map(\.name) == ["received", "accepted/escalated", "on-the-way", "idle/arrived"])
    }

    @Test(arguments: [3, 17, 31, 42])
    func `every signal of a lamp is told from the others that look different`(late: Int) {
        let looks = [
            (Signal.sent, "sent"), (.received, "received"), (.accepted, "accepted/escalated"),
            (.onTheWay, "on-the-way"), (.nobodyListening, "nobody-listening"), (.test, "test"),
        ]
        for (signal, name) in looks {
            let found = read(.lamp, [(.idle, 2000 + late), (signal, 9100), (.idle, 9000)])
            #expect(found.map(\.name) == [name, "idle/arrived"])
            #expect((found.first?.at ?? 99) < 7)
        }
    }

    @Test(arguments: [(Signal.refused, "refused"), (.identify, "identify")])
    func `what is shown once is over when it is dark again`(signal: Signal, name: String) {
        #expect(read(.lamp, [(.idle, 1013), (signal, 9000)]).map(\.name) == [name, "idle/arrived"])
    }

    @Test func `a relay is on or off`() {
        let found = read(.relay, [(.idle, 1000), (.escalated, 5000), (.received, 5000)])
        #expect(
            found.map { $0.name.hasPrefix("nobody-listening/escalated") || $0.name.hasPrefix("idle/") } == [true, true])
    }

    /// Lets an output show signals one after the other and looks as often as the kernel stage does.
    private func watch(
        _ kind: BoardOutput.Kind, _ story: [(signal: Signal, lasts: Int)], firstLook: Int
    ) -> [(name: String, at: Int)] {
        let output = BoardOutput(id: OutputID("lamp")!, kind: kind)
        func moment(_ at: Int) -> Moment { Moment(nanoseconds: Int64(at) * 1_000_000) }
        var lookout = Lookout(at: moment(firstLook))
        lookout.watch(output, at: moment(firstLook))
        var found: [(name: String, at: Int)] = []
        var begin = 0
        for part in story {
            let pattern = output.pattern(for: part.signal)
            while lookout.next < moment(begin + part.lasts) {
                let now = lookout.next
                let at = Int(now.nanoseconds / 1_000_000)
                for (_, name) in lookout.look(at: now, level: { _ in level(pattern, at - begin) }) {
                    found.append((name, at))
                }
            }
            begin += part.lasts
        }
        return found
    }

    /// What signals look like others, and which look like nothing.
    private func names(_ kind: BoardOutput.Kind, _ signal: Signal) -> String? {
        let pattern = kind.pattern(for: signal)
        if pattern.spans.isEmpty { return nil }
        return Signal.allCases.filter { kind.pattern(for: $0) == pattern }.map(\.rawValue).joined(separator: "/")
    }

    @Test(arguments: BoardOutput.Kind.allCases, Signal.allCases)
    func `after a quiet while no other signal is told first, whenever one happens to look`(
        kind: BoardOutput.Kind, signal: Signal
    ) throws {
        guard let name = names(kind, signal) else { return }
        let dark = Signal.allCases.filter { kind.pattern(for: $0).spans.isEmpty }.map(\.rawValue).joined(separator: "/")
        let pattern = kind.pattern(for: signal)
        let length = pattern.spans.reduce(0) { $0 + Int($1.milliseconds) }
        let shown = max(7000, 2 * length + 2000)
        // A single sound may fall between two looks, or look like another that is as short.
        let mayBeMissed = !pattern.repeats && length < 1000
        for phase in stride(from: 0, to: 190, by: 13) {
            let found = watch(kind, [(.idle, 12_000), (signal, shown), (.idle, shown)], firstLook: phase)
            let told = found.map(\.name)
            if mayBeMissed, told.isEmpty { continue }
            #expect(told == [name, dark], "first look at \(phase) ms")
            #expect((found.first?.at ?? 99_000) < 12_000 + shown, "first look at \(phase) ms")
        }
    }

    @Test(arguments: [Signal.sent, .received, .accepted, .onTheWay, .nobodyListening, .test])
    func `after a quiet while of one rhythm another is told, and none between`(before: Signal) throws {
        for after in [Signal.sent, .received, .accepted, .onTheWay, .nobodyListening, .test] where after != before {
            let expected = [names(.lamp, before)!, names(.lamp, after)!]
            for phase in stride(from: 0, to: 190, by: 29) {
                let story = [(Signal.idle, 1500), (before, 20_000 + 7 * phase), (after, 20_000)]
                let told = watch(.lamp, story, firstLook: phase).map(\.name)
                #expect(told == expected, "first look at \(phase) ms")
            }
        }
    }

    @Test func `now and then is enough to see that a rhythm goes on, and that it doesn't`() {
        let output = BoardOutput(id: OutputID("lamp")!, kind: .lamp)
        var reader = SignalReader(output, at: Moment(nanoseconds: 0))
        func moment(_ at: Int) -> Moment { Moment(nanoseconds: Int64(at) * 1_000_000) }
        let received = output.pattern(for: .received)
        for at in stride(from: 0, to: 5000, by: 10) { _ = reader.take(level(received, at), at: moment(at)) }
        for at in stride(from: 5000, to: 60_000, by: 190) {
            let isAsBefore = reader.glance(level(received, at), at: moment(at))
            #expect(isAsBefore)
        }
        let noticed = stride(from: 60_000, to: 70_000, by: 190).first { !reader.glance(true, at: moment($0)) }
        #expect((60_000...61_300).contains(noticed ?? 0))
    }
}
