import CallCore
import Glibc
import Journal
import Testing

// The figures that the journal is held to, printed as they come. Times are compared with a plain append and flush on
// the same disk in the same minute, never with a fixed number.
extension JournalTests {
    @Suite struct Figures {
        @Test(arguments: [1, 100])
        func `a commit takes little longer than appending and flushing the same bytes`(events: Int) throws {
            let place = try Place()
            let journal = try place.open().journal
            let plain = open(place.directory + "/plain", O_WRONLY | O_CREAT | O_APPEND, 0o600)
            defer { close(plain) }
            let row = [UInt8](repeating: 0x61, count: events * Self.bytesPerPress)
            var committing: [Int64] = []
            var appending: [Int64] = []
            var written: Int64 = 0
            var number: UInt64 = 0
            for _ in 0..<(events == 1 ? 500 : 100) {
                let batch = presses(number + 1...number + UInt64(events))
                number += UInt64(events)
                let before = size(of: place.path + "-wal")
                committing.append(try nanoseconds { try journal.commit(batch) })
                written += Int64(max(0, size(of: place.path + "-wal") - before))
                appending.append(
                    nanoseconds {
                        _ = write(plain, row, row.count)
                        fdatasync(plain)
                    })
                if journal.isCheckpointDue { journal.checkpoint() }
            }
            let commit = median(committing)
            let append = median(appending)
            print(
                "journal: \(events) event(s) a commit: \(commit / 1000) µs, plain append and flush \(append / 1000) µs,",
                "ratio \(Double(commit * 100 / append) / 100)")
            #expect(commit < append * (events == 1 ? 4 : 20))
        }

        @Test func `with a million events it is small and opens at once`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let total: UInt64 = 1_000_000
            // Three services in turn, as they come; a call has five events.
            let services: [ServiceID] = [.emergency, .meal, .errand]
            let filling = try nanoseconds {
                var number: UInt64 = 0
                var batch = Journal.Batch()
                while number < total / 5 {
                    number += 1
                    let service = services[Int(number % 3)]
                    let call = call(number, service: service, state: number > total / 5 - 10 ? .raised : .resolved)
                    batch.calls.append(call)
                    let first = (number - 1) / 3 * 5
                    batch.events += (1...5).map { event(first + $0, of: call) }
                    if number % 500 == 0 {
                        try journal.commit(batch)
                        batch = Journal.Batch()
                        if journal.isCheckpointDue { journal.checkpoint() }
                    }
                }
            }
            let calls = try sql(place.path, "SELECT sum(pgsize) FROM dbstat WHERE name = 'call'")
            let events = try sql(place.path, "SELECT sum(pgsize) FROM dbstat WHERE name = 'event'")
            journal.close()
            let file = size(of: place.path)
            shell("sync; echo 1 > /proc/sys/vm/drop_caches")
            var opened: Journal.Opening?
            let opening = try nanoseconds { opened = try place.open() }
            let contents = try #require(opened).contents
            print(
                "journal: \(total) events filled in \(filling / 1_000_000) ms,", "\(file / 1_000_000) MB,",
                "\(try #require(Int(events[0])) / Int(total)) bytes an event,",
                "\(try #require(Int(calls[0])) * 5 / Int(total)) bytes a call, opened in \(opening / 1_000_000) ms")
            #expect(contents.openCalls.count == 10)
            #expect(contents.nextCall == total / 5 + 1)
            #expect(contents.cursors.reduce(0) { $0 + $1.last } >= total)
            #expect(opening < 250_000_000)
            #expect(file / Int(total) < 320)
        }

        /// What one press adds to the database: its event and its call.
        private static let bytesPerPress = 500

        private func nanoseconds(_ work: () throws -> Void) rethrows -> Int64 {
            let clock = SuspendingClock()
            let start = clock.now
            try work()
            return (clock.now - start).nanoseconds
        }

        private func median(_ times: [Int64]) -> Int64 { times.sorted()[times.count / 2] }
    }
}
