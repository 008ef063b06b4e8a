import CallCore
import Glibc
import Testing

/// Random days in a courtyard: presses, commands, desks, clocks, failing journals, restarts, reboots and reloads, and
/// after every step what must always be true. `COURTYARD_SEEDS` sets how many days; a failure names its seed.
@Suite("Exploration") struct ExplorationTests {
    @Test("Whatever comes in whatever order, no press is lost and no call forgotten")
    func explore() {
        let days = getenv("COURTYARD_SEEDS").flatMap { Int(String(cString: $0)) } ?? 60
        let first = getenv("COURTYARD_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1
        for seed in first..<(first + UInt64(days)) {
            var explorer = Explorer(seed: seed)
            for step in 0..<250 {
                explorer.step()
                guard let wrong = explorer.wrong else { continue }
                Issue.record("seed \(seed), step \(step) (\(explorer.last)): \(wrong)")
                return
            }
        }
    }
}
