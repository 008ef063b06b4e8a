import CallCore
import Testing

@testable import GPIOLines

@Suite("A pattern that is played")
struct PatternPlayerTests {
    private static let start = Moment(nanoseconds: 5_000_000_000)

    private func at(_ milliseconds: Int) -> Moment { Self.start + .milliseconds(milliseconds) }

    private func player(_ spans: Int..., repeats: Bool) -> PatternPlayer {
        PatternPlayer(OutputPattern(spans.map { .milliseconds($0) }, repeats: repeats), at: Self.start)
    }

    /// When the level changes, in milliseconds since the start, followed from change to change; at most `limit` of
    /// them. Every change is checked to be one.
    private func changes(of player: PatternPlayer, limit: Int = 20) -> [Int] {
        var found: [Int] = []
        var now = Self.start
        while found.count < limit, let next = player.nextChange(after: now) {
            let before = Moment(nanoseconds: next.nanoseconds - 1)
            #expect(next > now)
            #expect(player.level(at: now) == player.level(at: before), "nothing in between")
            #expect(player.level(at: next) != player.level(at: before))
            found.append(Int((next - Self.start).milliseconds))
            now = next
        }
        return found
    }

    @Test("Off and on never change", arguments: [OutputPattern.off, .on, OutputPattern([.seconds(3)], repeats: true)])
    func steady(pattern: OutputPattern) {
        let player = PatternPlayer(pattern, at: Self.start)
        for time in [0, 500, 1000, 100_000_000] {
            #expect(player.level(at: at(time)) == !pattern.spans.isEmpty)
            #expect(player.nextChange(after: at(time)) == nil)
        }
    }

    @Test("A blinking one is on, off, on, off for ever")
    func blinking() {
        let blinking = player(100, 400, repeats: true)
        #expect(blinking.level(at: at(0)))
        #expect(changes(of: blinking, limit: 5) == [100, 500, 600, 1000, 1100])
    }

    @Test("An odd number of spans that repeats joins the last and the first: each round begins on")
    func joined() {
        let joined = player(100, 200, 300, repeats: true)
        #expect(changes(of: joined, limit: 5) == [100, 300, 700, 900, 1300])
        #expect(joined.level(at: at(599)) && joined.level(at: at(600)) && !joined.level(at: at(700)))
    }

    @Test("One that plays once ends off, with or without an off span at its end")
    func once() {
        #expect(changes(of: player(100, repeats: false)) == [100])
        #expect(changes(of: player(200, 150, 200, repeats: false)) == [200, 350, 550])
        #expect(changes(of: player(200, 150, repeats: false)) == [200])
        #expect(!player(200, 150, 200, repeats: false).level(at: at(1_000_000)))
    }

    @Test("A late look finds the level of then, and changes stay where they were from the start")
    func noDrift() {
        let blinking = player(100, 400, repeats: true)
        let afterAYear = Moment(nanoseconds: Self.start.nanoseconds + 365 * 86_400 * 1_000_000_000 + 130_000_000)
        #expect(!blinking.level(at: afterAYear))
        #expect(blinking.nextChange(after: afterAYear)! - afterAYear == .milliseconds(370))
        #expect(player(100, repeats: false).nextChange(after: at(5000)) == nil)
    }

    @Test("Before its start it is as at its start")
    func early() {
        let blinking = player(100, 400, repeats: true)
        #expect(blinking.level(at: at(-70)))
        #expect(blinking.nextChange(after: at(-70)) == at(100))
    }

    @Test(
        "What can't be played is off and never wakes anybody",
        arguments: [
            [Duration.zero], [.milliseconds(100), .zero], [.milliseconds(-100)], [.nanoseconds(1), .nanoseconds(1)],
            [.milliseconds(9), .seconds(1)], [.seconds(Int64.max / 2), .seconds(1)],
            Array(repeating: .milliseconds(100), count: 257),
        ], [true, false])
    func absurd(spans: [Duration], repeats: Bool) {
        let player = PatternPlayer(OutputPattern(spans, repeats: repeats), at: Self.start)
        for time in [0, 50, 1000] {
            #expect(!player.level(at: at(time)))
            #expect(player.nextChange(after: at(time)) == nil)
        }
    }

    @Test("The bounds themselves can be played", arguments: [true, false])
    func bounds(repeats: Bool) {
        let longest = Array(repeating: Duration.seconds(86_400), count: 256)
        #expect(
            changes(of: PatternPlayer(OutputPattern(longest, repeats: repeats), at: Self.start), limit: 300).count > 250
        )
        #expect(changes(of: player(10, 10, repeats: true), limit: 3) == [10, 20, 30])
    }

    @Test("Every pattern of every kind of output can be played", arguments: BoardOutput.Kind.allCases, Signal.allCases)
    func ready(kind: BoardOutput.Kind, signal: Signal) {
        let pattern = kind.pattern(for: signal)
        let player = PatternPlayer(pattern, at: Self.start)
        #expect(pattern.isPlayable)
        #expect(player.level(at: Self.start) == !pattern.spans.isEmpty)
        #expect((player.nextChange(after: Self.start) == nil) == pattern.isSteady)
    }
}
