import Foundation
import Journal
import SimulatedDisk
import Testing

/// One after the other: the salts of SQLite's logs come from one generator for the process.
@Suite(.serialized) enum SimulatedDiskTests {}

extension SimulatedDiskTests {
    /// The journal, as it ships, on a disk whose power is cut at each of its operations in turn.
    @Suite struct PowerCutTests {
        /// How often each cut is drawn, and how many lives are led: `make soak` asks for more.
        static let rounds = Int(ProcessInfo.processInfo.environment["COURTYARD_POWER_CUTS"] ?? "3")!

        /// Cuts the power at the first operation of `work`, at the second, and so on until `work` is through before the cut,
        /// each on a journal of its own that `prepare` has been at. What was promised must be found every time.
        private func cutEverywhere(
            atLeast: Int, prepare: (Bench) throws -> Void = { _ in }, work: (Bench) throws -> Void
        ) throws {
            for round in 0..<Self.rounds {
                var operation = 0
                var isCut = true
                while isCut {
                    operation += 1
                    let seed = UInt64(round * 10_000 + operation)
                    do {
                        isCut = try cut(at: operation, seed: seed, prepare, work)
                    } catch {
                        throw Unexpected("cut at operation \(operation) with seed \(seed): \(error)")
                    }
                }
                #expect(operation > atLeast, "the work has too few operations for this test to say much")
            }
        }

        private func cut(
            at operation: Int, seed: UInt64, _ prepare: (Bench) throws -> Void, _ work: (Bench) throws -> Void
        ) throws -> Bool {
            let bench = try Bench(seed: seed)
            try prepare(bench)
            bench.disk.cutPower(after: operation)
            do { try work(bench) } catch  where bench.disk.isPowerCut {}  // a ghost may meet anything
            let isCut = bench.disk.isPowerCut
            bench.restorePower()
            try bench.open()
            try bench.proveUsable()
            return isCut
        }

        @Test func `in its commits`() throws {
            try cutEverywhere(atLeast: 80) { bench in
                try bench.open()
                for _ in 1...3 { try bench.commit() }
            } work: { bench in
                for _ in 1...10 { try bench.commit() }
            }
        }

        @Test func `in its checkpoints, and in the commits that write over the log after one`() throws {
            try cutEverywhere(atLeast: 100) { bench in
                try bench.open()
                for _ in 1...6 { try bench.commit() }
            } work: { bench in
                for _ in 1...3 {
                    bench.journal?.checkpoint()
                    for _ in 1...3 { try bench.commit() }
                }
            }
        }

        @Test func `while it is made and opened for the first time`() throws {
            try cutEverywhere(atLeast: 10) { bench in
                try bench.open()
                try bench.commit()
            }
        }

        @Test func `while it is opened after a cut`() throws {
            try cutEverywhere(atLeast: 3) { bench in
                try bench.open()
                bench.disk.cutPower(after: 30)
                for _ in 1...4 { try bench.commit() }
                bench.restorePower()
            } work: { bench in
                try bench.open()
                try bench.commit()
            }
        }

        @Test func `in closing`() throws {
            try cutEverywhere(atLeast: 3) { bench in
                try bench.open()
                for _ in 1...4 { try bench.commit() }
            } work: { bench in
                bench.journal?.close()
                bench.drop()
            }
        }

        @Test(arguments: [SimulatedDisk.Trouble.flushesFail, .writesFail, .full])
        func `in the recovery from trouble`(trouble: SimulatedDisk.Trouble) throws {
            try cutEverywhere(atLeast: 10) { bench in
                try bench.open()
                for _ in 1...4 { try bench.commit() }
            } work: { bench in
                bench.disk.trouble = trouble
                for _ in 1...2 {
                    guard try !bench.commit() || bench.disk.isPowerCut else {
                        throw Unexpected("trouble made no trouble")
                    }
                }
                bench.disk.trouble = nil
                for _ in 1...2 { try bench.commit() }
            }
        }

        @Test func `after a flush that failed for a program which ended then`() throws {
            for seed in 0..<UInt64(20) {
                let bench = try Bench(seed: seed)
                try bench.open()
                try bench.commit()
                bench.disk.trouble = .flushesFail
                #expect(try !bench.commit())
                bench.drop()
                bench.disk.trouble = nil
                try bench.open()
                for _ in 1...3 { try bench.commit() }
                bench.disk.cutPower()
                bench.restorePower()
                try bench.open()
            }
        }

        @Test func `in whole lives of a journal, with crashes, trouble and several cuts`() throws {
            for seed in 0..<UInt64(Self.rounds * 50) {
                do { try Life(seed: seed).lead() } catch { throw Unexpected("life with seed \(seed): \(error)") }
            }
        }

        @Test func `a disk that lies about its flushes is found out`() throws {
            let found = (0..<10).count { seed in
                do {
                    try Life(seed: UInt64(seed), lies: true).lead()
                    return false
                } catch {
                    return true
                }
            }
            #expect(found >= 5)
        }
    }
}

/// A journal that is committed to, folded in, dropped, and cut from power, as a seed has it.
private struct Life {
    let seed: UInt64
    var lies = false

    func lead() throws {
        var dice = Dice(seed)
        let bench = try Bench(seed: seed)
        bench.disk.lies = lies
        for _ in 1...6 {
            if dice.below(4) > 0 { bench.disk.cutPower(after: 1 + dice.below(80)) }
            do {
                for _ in 0..<dice.below(12) { try step(bench, &dice) }
            } catch  where bench.disk.isPowerCut {}
            if dice.below(4) == 0 { bench.disk.cutPower() }
            bench.restorePower()
            bench.disk.trouble = nil
            try bench.open()
            try bench.proveUsable()
        }
    }

    private func step(_ bench: Bench, _ dice: inout Dice) throws {
        if bench.journal == nil {
            do {
                try bench.open()
            } catch  where bench.disk.trouble != nil {
                return bench.disk.trouble = nil
            }
        }
        switch dice.below(12) {
        case 0: bench.journal?.checkpoint()
        case 1: bench.drop()
        case 2: bench.disk.trouble = .flushesFail
        case 3: bench.disk.trouble = [.writesFail, .full][dice.below(2)]
        default:
            try bench.commit()
            bench.disk.trouble = nil
        }
    }
}

/// Numbers that a seed decides.
private struct Dice {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 2_862_933_555_777_941_757 &+ 1 }

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}
