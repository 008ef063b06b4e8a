import Testing

@testable import CallCore

@Suite("Deadlines") struct DeadlinesTests {
    @Test("Keys come due in the order of their latest settings", arguments: 0..<50)
    func againstADictionary(seed: Int) {
        var random = SplitMix(seed: UInt64(seed))
        var deadlines = Deadlines<Int>()
        var model: [Int: Moment] = [:]
        for _ in 0..<2000 {
            let key = Int.random(in: 0..<40, using: &random)
            if Bool.random(using: &random) {
                let moment: Moment? =
                    Int.random(in: 0..<5, using: &random) == 0 ? nil : ms(Double.random(in: 0..<1000, using: &random))
                deadlines.set(key, to: moment)
                model[key] = moment
            } else if let due = model.values.min(), let taken = deadlines.take(dueBy: due) {
                #expect(model[taken] == due, "seed \(seed)")
                model[taken] = nil
            }
            #expect(deadlines.next == model.values.min(), "seed \(seed)")
        }
    }
}
