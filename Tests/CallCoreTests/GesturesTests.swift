import CallCore
import Testing

private func told(_ settings: Gestures.Settings, until end: Double, _ moves: [(down: Bool, at: Double)]) -> [String] {
    var gestures = Gestures(settings)
    var told: [Gestures.Gesture] = []
    for move in moves {
        told += move.down ? gestures.pressed(at: ms(move.at)) : gestures.released(at: ms(move.at))
    }
    while let deadline = gestures.deadline, deadline <= ms(end) { told += gestures.advance(to: deadline) }
    return told.map { "\($0.service)@\($0.at.nanoseconds / 1_000_000)" }
}

@Suite("Gestures") struct GesturesTests {
    let plain = Gestures.Settings(press: .meal)
    let rich = Gestures.Settings(press: .meal, hold: .emergency, double: .errand)

    @Test("A press that can be nothing else is told at once")
    func plainPress() {
        #expect(told(plain, until: 10, [(true, 5)]) == ["meal@5"])
    }

    @Test("An emergency never waits to see whether it becomes something else")
    func emergencyAtOnce() {
        let settings = Gestures.Settings(press: .emergency, hold: .meal, double: .errand)
        #expect(told(settings, until: 6, [(true, 5)]) == ["emergency@5"])
        #expect(
            told(settings, until: 900, [(true, 5), (false, 50), (true, 150)]) == [
                "emergency@5", "emergency@150", "errand@150",
            ])
        #expect(told(settings, until: 3000, [(true, 5)]) == ["emergency@5", "meal@5"])
    }

    @Test("A short press is told when no second one follows")
    func shortPress() {
        #expect(told(rich, until: 200, [(true, 5), (false, 80)]).isEmpty)
        #expect(told(rich, until: 1000, [(true, 5), (false, 80)]) == ["meal@5"])
    }

    @Test("A hold is told while the button is still down, with the time it began, and is no press too")
    func hold() {
        #expect(told(rich, until: 2005, [(true, 5)]) == ["emergency@5"])
        #expect(told(rich, until: 9000, [(true, 5), (false, 3000)]) == ["emergency@5"])
    }

    @Test("Two presses in time are a double press, told at the second")
    func double() {
        #expect(told(rich, until: 400, [(true, 5), (false, 80), (true, 300)]) == ["errand@5"])
        #expect(told(rich, until: 9000, [(true, 5), (false, 80), (true, 300), (false, 400)]) == ["errand@5"])
    }

    @Test("Two presses too far apart are two presses")
    func twoPresses() {
        #expect(
            told(rich, until: 9000, [(true, 5), (false, 80), (true, 700), (false, 780)]) == ["meal@5", "meal@700"])
    }
}
