import CallCore
import CourtyardSimulation
import Testing

@Suite("Dice") struct DiceTests {
    @Test("waits are as long on average as they should be, and the same on every machine")
    func waits() {
        var dice = Dice(7)
        let waits = (0..<10_000).map { _ in dice.wait(mean: .seconds(10)) }
        let mean = waits.reduce(.zero, +) / waits.count
        #expect(mean > .seconds(9.7) && mean < .seconds(10.3))
        #expect(waits[0].nanoseconds == 4_940_172_597)
    }
}
