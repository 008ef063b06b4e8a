import CallCore
import Testing

/// Milliseconds since a made-up boot.
func ms(_ milliseconds: Double) -> Moment { Moment(nanoseconds: Int64(milliseconds * 1_000_000)) }

/// Feeds edges ("made at 10, open at 90") and lets the time run on; what came of it.
private func outcomes(
    _ settings: Debouncer.Settings = .init(), until end: Double, _ edges: [(made: Bool, at: Double)]
) -> [Debouncer.Outcome] {
    var debouncer = Debouncer(settings)
    var told: [Debouncer.Outcome] = []
    for edge in edges { told += debouncer.edge(made: edge.made, at: ms(edge.at)) }
    while let deadline = debouncer.deadline, deadline <= ms(end) { told += debouncer.advance(to: deadline) }
    return told
}

@Suite("Debouncer") struct DebouncerTests {
    @Test("A clean press is told with the time of its first edge, and released when it opened")
    func cleanPress() {
        #expect(
            outcomes(until: 500, [(true, 10), (false, 90)]) == [.pressed(at: ms(10)), .released(at: ms(90))])
    }

    @Test("A press is raised exactly its minimum width after the first edge, however it bounces in between")
    func minimumWidth() {
        var debouncer = Debouncer(.init(minimumWidth: .milliseconds(5)))
        for (made, at) in [(true, 10.0), (false, 10.4), (true, 10.6), (false, 12.0), (true, 12.3)] {
            #expect(debouncer.edge(made: made, at: ms(at)).isEmpty)
        }
        #expect(debouncer.deadline == ms(15))
        #expect(debouncer.advance(to: ms(14.999)).isEmpty)
        #expect(debouncer.advance(to: ms(15)) == [.pressed(at: ms(10))])
    }

    @Test("A contact found open at the end of the width is raised when it is made again")
    func openAtTheEndOfTheWidth() {
        let told = outcomes(until: 100, [(true, 0), (false, 4.9), (true, 5.3)])
        #expect(told == [.pressed(at: ms(0))])
    }

    @Test("A spike is no press", arguments: [0.05, 1.0, 4.9])
    func spike(width: Double) {
        #expect(outcomes(until: 500, [(true, 10), (false, 10 + width)]).isEmpty)
    }

    @Test("Spikes of mains hum never add up to a press")
    func hum() {
        let edges = (0..<100).flatMap { [(true, Double($0) * 10), (false, Double($0) * 10 + 1)] }
        #expect(outcomes(until: 2000, edges).isEmpty)
    }

    @Test("Two spikes close together are no press")
    func twoSpikes() {
        #expect(outcomes(until: 100, [(true, 0), (false, 0.5), (true, 4.8), (false, 5.4)]).isEmpty)
    }

    @Test("With width 0 the edge itself is the press, even one too short for the kernel to see")
    func widthZero() {
        let settings = Debouncer.Settings(minimumWidth: .zero)
        var debouncer = Debouncer(settings)
        #expect(debouncer.edge(made: true, at: ms(7)) == [.pressed(at: ms(7))])
        #expect(outcomes(settings, until: 99, [(false, 3)]) == [.pressed(at: ms(3)), .released(at: ms(3))])
    }

    @Test("Bounce on release is part of the release")
    func releaseBounce() {
        let told = outcomes(
            until: 500, [(true, 0), (false, 100), (true, 103), (false, 104), (true, 110), (false, 112)])
        #expect(told == [.pressed(at: ms(0)), .released(at: ms(112))])
    }

    @Test("A second real press is never eaten, as soon as the contact was quiet for long enough")
    func secondPress() {
        let told = outcomes(until: 500, [(true, 0), (false, 30), (true, 55), (false, 80)])
        #expect(
            told == [.pressed(at: ms(0)), .released(at: ms(30)), .pressed(at: ms(55)), .released(at: ms(80))])
    }

    @Test("A level read after lost edges: a contact that was being made counts")
    func lostWhileMaking() {
        var debouncer = Debouncer(.init())
        _ = debouncer.edge(made: true, at: ms(10))
        #expect(debouncer.resume(made: false, at: ms(11)) == [.pressed(at: ms(10))])
        #expect(debouncer.advance(to: ms(36)) == [.released(at: ms(11))])
    }

    @Test("A level read after lost edges: pressed in between, released in between")
    func lostAroundPress() {
        var debouncer = Debouncer(.init(minimumWidth: .zero))
        #expect(debouncer.resume(made: true, at: ms(10)) == [.pressed(at: ms(10))])
        #expect(debouncer.resume(made: false, at: ms(50)).isEmpty)
        #expect(debouncer.advance(to: ms(75)) == [.released(at: ms(50))])
    }

    @Test("A level read after lost edges: bounce that filled the kernel's queue is no spike", arguments: [true, false])
    func lostAfterBounce(made: Bool) {
        var debouncer = Debouncer(.init())
        for (index, change) in [true, false, true, false].enumerated() {
            #expect(debouncer.edge(made: change, at: ms(10 + Double(index) / 5)).isEmpty)
        }
        #expect(debouncer.resume(made: made, at: ms(500)) == [.pressed(at: ms(10))])
        #expect(debouncer.isPressed)
        #expect(debouncer.advance(to: ms(525)) == (made ? [] : [.released(at: ms(500))]))
    }

    @Test("A level read as open after lost edges is no press, even with width 0")
    func lostAtRest() {
        var debouncer = Debouncer(.init(minimumWidth: .zero))
        #expect(debouncer.resume(made: false, at: ms(10)).isEmpty)
        #expect(debouncer.edge(made: true, at: ms(20)) == [.pressed(at: ms(20))])
    }

    @Test("Edges from before a level reading are part of the reading")
    func staleEdges() {
        var debouncer = Debouncer(.init(minimumWidth: .zero))
        #expect(debouncer.arm(made: false, at: ms(10)).isEmpty)
        #expect(debouncer.edge(made: true, at: ms(9)).isEmpty)
        #expect(debouncer.edge(made: true, at: ms(11)) == [.pressed(at: ms(11))])
    }

    @Test("A button held at start is a press")
    func heldAtStart() {
        var debouncer = Debouncer(.init())
        #expect(debouncer.arm(made: true, at: ms(10)).isEmpty)
        #expect(debouncer.advance(to: ms(15)) == [.pressed(at: ms(10))])
    }

    @Test("Whatever the bounce, one human press is one press, with its first edge's time", arguments: 0..<400)
    func randomBounce(seed: Int) {
        var random = SplitMix(seed: UInt64(seed))
        // Bounce lasts up to 4 ms at both ends of a press of 30 to 2,000 ms.
        let hold = Double.random(in: 30...2000, using: &random)
        var edges: [(made: Bool, at: Double)] = [(true, 100)]
        for (start, final) in [(100.0, true), (100 + hold, false)] {
            let times = (0..<2 * Int.random(in: 0...6, using: &random)).map { _ in
                start + Double.random(in: 0.01...4, using: &random)
            }.sorted()
            if !final { edges.append((false, start)) }
            var made = final
            for time in times {
                made.toggle()
                edges.append((made, time))
            }
        }
        let told = outcomes(until: 5000, edges)
        #expect(told.count == 2 && told.first == .pressed(at: ms(100)), "seed \(seed): \(told) of \(edges)")
    }
}

/// A small generator with a seed (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
