import CallCore
import Foundation
import Glibc
import Journal
import SimulatedDisk
import Testing

extension SimulatedDiskTests {
    @Suite struct DiskTests {
        /// What a cut in a stretch of commits leaves, by name.
        private func leftByCut(seed: UInt64) throws -> [String: [UInt8]] {
            let bench = try Bench(seed: seed)
            try bench.open()
            for _ in 1...3 { try bench.commit() }
            bench.journal?.checkpoint()
            bench.disk.cutPower(after: 17)
            for _ in 1...5 { try bench.commit() }
            bench.restorePower()
            return try bench.durableFiles()
        }

        @Test func `the same seed and the same calls give the same bytes, another seed gives others`() throws {
            let first = try leftByCut(seed: 7)
            #expect(first["gateway.db-wal"]?.isEmpty == false)
            #expect(try leftByCut(seed: 7) == first)
            let others = try (8..<20).map { try leftByCut(seed: $0) }
            #expect(Set(others).count > 6)
        }

        @Test func `what a cut leaves is torn in sectors, and sometimes all or nothing of it`() throws {
            var kinds: Set<String> = []
            // A log is a header of 32 bytes, and frames of 24 bytes and a page.
            let writeEnds = (0..<40).flatMap { [32 + $0 * 4120, 56 + $0 * 4120] }
            for seed in 0..<UInt64(60) {
                let bench = try Bench(seed: seed)
                try bench.open()
                try bench.commit()
                let log = bench.path + "-wal"
                let before = try bytes(of: log)
                // The last of the writes before the flush: all of them are open.
                var writes = bench.disk.counts.writes
                bench.disk.onFlush = { [disk = bench.disk] in
                    writes = disk.counts.writes - writes
                    disk.cutPower()
                }
                try bench.commit()
                #expect(writes > 4)
                let after = try bytes(of: log).prefix(before.count + 4 * 4120)
                bench.restorePower()
                let left = try bytes(of: log)
                #expect(left.starts(with: before), "something flushed is gone")
                kinds.insert(left == before ? "nothing" : left.starts(with: after) ? "all" : "torn")
                for start in stride(from: (before.count + 511) / 512 * 512, to: left.count - 511, by: 512) {
                    // Whole, not at all, or as one of the writes that meet in it left it.
                    let ends = [start, start + 512] + writeEnds.filter { $0 > start && $0 < start + 512 }
                    let states = ends.map { after[start..<$0] + [UInt8](repeating: 0, count: start + 512 - $0) }
                    #expect(states.contains(left[start..<start + 512]))
                }
            }
            #expect(kinds == ["nothing", "all", "torn"])
        }

        @Test func `what is done after the cut is nobody's`() throws {
            let bench = try Bench(seed: 1)
            try bench.open()
            try bench.commit()
            bench.disk.cutPower()
            let counts = bench.disk.counts
            let ghost = try #require(bench.journal)
            for number in 2...9 { try ghost.commit(press(UInt64(number))) }
            #expect(try ghost.keptRange(journal: own, service: .emergency) == 1...9)
            ghost.close()
            #expect(bench.disk.counts == counts)
            #expect(bench.disk.isPowerCut)
            bench.restorePower()
            #expect(!bench.disk.isPowerCut)
            try bench.open()
            #expect(try bench.journal?.keptRange(journal: own, service: .emergency) == 1...1)
        }

        @Test func `a cut that was announced and is called off doesn't come`() throws {
            let bench = try Bench(seed: 1)
            try bench.open()
            bench.disk.cutPower(after: 3)
            bench.disk.restorePower()
            for _ in 1...5 { try bench.commit() }
            #expect(bench.committed == 5)
        }

        @Test func `a commit is one flush, which is told`() throws {
            let bench = try Bench(seed: 1)
            try bench.open()
            try bench.commit()
            var told = 0
            bench.disk.onFlush = { told += 1 }
            let before = bench.disk.counts
            for _ in 1...10 { try bench.commit() }
            #expect(told == 10)
            #expect(bench.disk.counts.flushes - before.flushes == 10)
            #expect(bench.disk.counts.bytes - before.bytes > 10 * 4096)
            #expect(bench.disk.size > bench.disk.counts.bytes - before.bytes)
        }

        @Test func `on a full disk nothing grows, and room makes it well`() throws {
            let bench = try Bench(seed: 1)
            try bench.open()
            try bench.commit()
            bench.disk.trouble = .full
            let size = bench.disk.size
            #expect {
                try bench.journal?.commit(press(2))
            } throws: { error in
                guard case .full? = error as? JournalError else { return false }
                return true
            }
            #expect(bench.disk.size == size)
            bench.disk.trouble = nil
            #expect(try bench.commit())
        }

        @Test func `two disks and a directory that is none go their own ways`() throws {
            let benches = try [Bench(seed: 1), Bench(seed: 2)]
            for bench in benches { try bench.open() }
            var template = Array("/tmp/courtyard-disk-tests.XXXXXX".utf8CString)
            try #require(mkdtemp(&template) != nil)
            let plain = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            defer { try? FileManager.default.removeItem(atPath: plain) }
            let journal = try Journal.open(
                at: plain + "/gateway.db", now: now, allowVolatile: true, makeID: { own }
            ).journal
            benches[0].disk.cutPower()
            for _ in 1...3 {
                for bench in benches { try bench.commit() }
            }
            for number in 1...3 { try journal.commit(press(UInt64(number))) }
            for bench in benches { bench.restorePower() }
            for bench in benches { try bench.open() }
            #expect(benches.map(\.committed) == [0, 3])
            #expect(try journal.keptRange(journal: own, service: .emergency) == 1...3)
        }
    }
}

private func bytes(of path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

extension Bench {
    /// The contents of the files, but for the lock.
    fileprivate func durableFiles() throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for name in names where !name.hasSuffix(".lock") { found[name] = try bytes(of: "\(directory)/\(name)") }
        return found
    }
}
