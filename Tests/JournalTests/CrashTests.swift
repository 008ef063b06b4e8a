import CallCore
import Glibc
import Journal
import Testing

extension JournalTests {
    @Suite struct Crash {
        @Test func `killed in the middle of its commits, twenty times, it has lost none that was reported`() throws {
            let place = try Place()
            var reached: UInt64 = 0
            for round in 1...20 {
                let reported = try killAfter(round * 3, place.path)
                try #require(reported > reached, "the writer never came to work")
                let opening = try place.open()
                #expect(opening.setAside == nil)
                let last = opening.contents.nextCall - 1
                // The one commit that was under way may be there or not.
                #expect((reported...reported + 1).contains(last), "round \(round)")
                #expect(opening.contents.openCalls == [call(last)])
                #expect(opening.contents.cursors.map(\.last) == [last])
                #expect(opening.contents.cursors.map(\.acknowledgedThrough) == [last - 1])
                let events = try opening.journal.events(
                    journal: own, service: .emergency, from: reached + 1, limit: 100_000)
                #expect(events == (reached + 1...last).map { kept(event($0, of: call($0))) })
                reached = last
                // Not closed: the next writer finds what this one had, log and all.
            }
            #expect(try place.open().journal.keptRange(journal: own, service: .emergency) == 1...reached)
            #expect(try sql(place.path, "PRAGMA integrity_check") == ["ok"])
        }

        /// Lets a writer commit, kills it, and answers the last number it reported.
        private func killAfter(_ commits: Int, _ path: String) throws -> UInt64 {
            let pipe = try #require(popen(writerCommand("endless", on: path), "r"))
            defer { pclose(pipe) }
            var process: pid_t = 0
            var last: UInt64 = 0
            var seen = 0
            while let line = readLine(of: pipe) {
                if process == 0 { process = try #require(pid_t(line)) }
                guard line.hasPrefix("writer: committed ") else { continue }
                last = try #require(UInt64(line.split(separator: " ")[2]))
                seen += 1
                if seen == commits { kill(process, SIGKILL) }
            }
            return last
        }

        private func readLine(of pipe: UnsafeMutablePointer<FILE>) -> String? {
            var line: [UInt8] = []
            while case let byte = getc(pipe), byte != EOF {
                if byte == 10 { return String(decoding: line, as: UTF8.self) }
                line.append(UInt8(byte))
            }
            return nil
        }

        @Test func `a commit is one flush, an empty one none`() throws {
            guard let flushes = try flushes(of: ["fsync", "fdatasync"]) else { return }
            let ones = try #require(flushes["one"])
            #expect(ones.count == 10)
            // A new log costs two more, once: its header and its name in the directory.
            #expect(ones[0] <= 3)
            #expect(ones.dropFirst().allSatisfy { $0 == 1 }, "\(ones)")
            #expect(flushes["hundred"] == [1])
            #expect(flushes["empty"] == [0])
        }

        /// How often a counting writer flushed before each of its words; nil where that can't be traced.
        private func flushes(of calls: [String]) throws -> [String: [Int]]? {
            guard straceWorks() else { return nil }
            let place = try Place()
            try place.open().journal.close()
            let trace = place.directory + "/trace"
            let tracer = "strace -f -o \(trace) -e trace=write,\(calls.joined(separator: ","))"
            let run = shell(writerCommand("counted", on: place.path, through: tracer))
            try #require(run.status == 0, "\(run.output)")
            var flushes: [String: [Int]] = [:]
            var count = 0
            for line in shell("cat \(trace)").output.split(separator: "\n") {
                if line.contains("sync(") { count += 1 }
                guard let word = line.split(separator: "writer: ").dropFirst().first?.prefix(while: { $0 != "\\" })
                else { continue }
                flushes[String(word), default: []].append(count)
                count = 0
            }
            return flushes
        }

        @Test func `after a failed flush the commit is not there, everything before is, and it goes on`() throws {
            guard let counts = try flushes(of: ["fdatasync"]) else { return }
            let place = try Place()
            try place.open().journal.close()
            // The flush of the sixth commit; SQLite flushes data with fdatasync.
            let sixth = try #require(counts["begin"]).reduce(0, +) + #require(counts["one"]).prefix(6).reduce(0, +)
            let tracer = "strace -f -o /dev/null -e trace=fdatasync -e inject=fdatasync:error=EIO:when=\(sixth)"
            let run = shell(writerCommand("failing", on: place.path, through: tracer))
            #expect(run.status == 0, "\(run.output)")
            for word in ["failed: disk I/O error", "recovered", "done"] {
                #expect(run.output.contains("writer: \(word)"), "\(run.output)")
            }
        }
    }
}
