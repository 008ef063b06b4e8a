import Journal
import SimulatedDisk
import Testing

@Suite(.serialized) struct PowerCut {
    @Test func `the power fails at every operation of a stretch of commits`() throws {
        var operation = 0
        while try cut(at: operation + 1, seed: UInt64(operation)) { operation += 1 }
        #expect(operation > 50)
    }

    private func cut(at operation: Int, seed: UInt64) throws -> Bool {
        let bench = try Bench(seed: seed)
        try bench.open()
        for _ in 1...3 { try bench.commit() }
        bench.disk.cutPower(after: operation)
        for _ in 1...10 { try bench.commit() }
        let wasCut = bench.disk.isPowerCut
        bench.restorePower()
        try bench.open()
        for _ in 1...3 { try bench.commit() }
        return wasCut
    }
}
