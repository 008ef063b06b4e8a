import CallCore
import Glibc
import Testing

@testable import Journal

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
            var number: UInt64 = 0
            for _ in 0..<(events == 1 ? 500 : 100) {
                let batch = presses(number + 1...number + UInt64(events))
                number += UInt64(events)
                committing.append(try nanoseconds { try journal.commit(batch) })
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
            #expect(commit < append * (events == 1 ? 5 : 20))
        }

        @Test func `remembering an answer, and forgetting the oldest, adds little to a commit`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(answers(1...CommandAnswer.remembered))
            var plain: [Int64] = []
            var answering: [Int64] = []
            for number: UInt64 in 1...300 {
                plain.append(try nanoseconds { try journal.commit(press(2 * number)) })
                var batch = press(2 * number + 1)
                batch.answers = [answer(CommandAnswer.remembered + Int(number))]
                answering.append(try nanoseconds { try journal.commit(batch) })
                if journal.isCheckpointDue { journal.checkpoint() }
            }
            print("journal: a commit \(median(plain) / 1000) µs, with an answer \(median(answering) / 1000) µs")
            #expect(median(answering) < median(plain) * 3)
        }

        @Test func `with a million events it is small and opens at once`() throws {
            let place = try Place()
            let rounds = 66_667  // of three calls with five events each
            try fill(place, rounds: rounds)
            let events = rounds * 15
            let eventBytes = try sql(place.path, "SELECT sum(pgsize) FROM dbstat WHERE name = 'event'")
            let callBytes = try sql(place.path, "SELECT sum(pgsize) FROM dbstat WHERE name = 'call'")
            let file = size(of: place.path)

            try report(place)
            shell("sync; echo 1 > /proc/sys/vm/drop_caches")
            var opening: Journal.Opening?
            let clean = try nanoseconds { opening = try place.open() }
            let next = try #require(opening).contents.nextCall
            var batch = Journal.Batch()
            batch.calls = [call(next)]
            batch.events = [event(UInt64(rounds * 5 + 1), of: call(next))]
            try #require(opening).journal.commit(batch)
            opening = nil  // not closed
            let unclean = try nanoseconds { opening = try place.open() }
            print(
                "journal: \(events) events: \(file / 1_000_000) MB,",
                "\(try #require(Int(eventBytes[0])) / events) bytes an event,",
                "\(try #require(Int(callBytes[0])) / rounds / 3) bytes a call;",
                "opened in \(clean / 1000) µs, after an unclean end in \(unclean / 1000) µs")
            let contents = try #require(opening).contents
            #expect(contents.nextCall == UInt64(rounds * 3 + 2))
            #expect(contents.openCalls == [call(next)])
            #expect(contents.cursors.reduce(0) { $0 + $1.last } >= UInt64(events))
            #expect(max(clean, unclean) < 250_000_000)
            try prune(try #require(opening).journal, place)
            #expect(file / events < 250)
        }

        /// Response times of a day and of a month of a courtyard with 4,300 calls a day, from cold and warm disks.
        private func report(_ place: Place) throws {
            let reader = try JournalReader(path: place.path)
            func period(_ days: Int64) -> Range<WallTime> {
                let start = now.milliseconds + 86_400_000
                return WallTime(milliseconds: start)..<WallTime(milliseconds: start + days * 86_400_000)
            }
            shell("sync; echo 1 > /proc/sys/vm/drop_caches")
            var times = ResponseTimes()
            let cold = try nanoseconds { times = try reader.responseTimes(of: period(1)) }
            #expect(times.services.map(\.calls) == [1440, 1440, 1440])
            let warm = try nanoseconds { times = try reader.responseTimes(of: period(1)) }
            let month = try nanoseconds { times = try reader.responseTimes(of: period(30)) }
            #expect(times.services.map(\.calls) == [43_200, 43_200, 43_200])
            print(
                "journal: response times of 4,320 calls among a million events: \(cold / 1_000_000) ms cold,",
                "\(warm / 1_000_000) ms warm; of 129,600 calls: \(month / 1_000_000) ms")
            #expect(max(cold, warm, month) < 20_000_000_000)
        }

        /// Half of them are old; a step that takes 500 rows away holds the loop up no longer than a burst of presses does.
        private func prune(_ journal: Journal, _ place: Place) throws {
            let middle = WallTime(milliseconds: now.milliseconds + 33_333 * 60_000)
            var gone = 0
            let idle = try nanoseconds { gone = try journal.prune(olderThan: now, limit: 500) }
            #expect(gone == 0)
            var batch = Journal.Batch()
            batch.acknowledged = [.init(journal: own, service: .emergency, through: 300_000)]
            try journal.commit(batch)
            var steps: [Int64] = []
            for _ in 1...200 {
                steps.append(try nanoseconds { gone += try journal.prune(olderThan: middle, limit: 500) })
                if journal.isCheckpointDue { journal.checkpoint() }
            }
            print(
                "journal: nothing to prune: \(idle / 1000) µs; 500 rows: \(median(steps) / 1000) µs,",
                "at most \((steps.max() ?? 0) / 1000) µs")
            #expect(gone == 100_000)
            #expect(try journal.keptRange(journal: own, service: .emergency)?.lowerBound == 100_001)
            #expect(median(steps) < 50_000_000)
        }

        /// Three calls of three services, and then the same again and again, in the order in which they would come.
        private func fill(_ place: Place, rounds: Int) throws {
            let journal = try place.open().journal
            var batch = Journal.Batch()
            for (index, service) in [ServiceID.emergency, .meal, .errand].enumerated() {
                let call = call(UInt64(index + 1), service: service, state: .resolved)
                batch.calls.append(call)
                for (index, type) in [CallEventType.pressed, .raised, .delivered, .accepted, .resolved].enumerated() {
                    batch.events.append(event(UInt64(index + 1), of: call, type: type))
                }
            }
            try journal.commit(batch)
            journal.close()
            func copy(_ table: String, _ columns: [String], _ changed: [String: String]) throws {
                let values = columns.map { changed[$0] ?? $0 }.joined(separator: ", ")
                try sql(
                    place.path,
                    """
                    PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA temp_store = MEMORY;
                    WITH RECURSIVE round (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM round WHERE i < \(rounds - 1))
                    INSERT INTO \(table) (\(columns.joined(separator: ", ")))
                    SELECT \(values) FROM round CROSS JOIN \(table)
                    """)
            }
            let moved = ["occurred_ms": "occurred_ms + i * 60000", "raised_ms": "raised_ms + i * 60000"]
            try copy("call", Columns.call, moved.merging(["number": "number + 3 * i"]) { $1 })
            let numbers = ["sequence": "sequence + 5 * i", "call": "'k3f9qz-' || (stream + 3 * i)"]
            try copy("event", Columns.event, moved.merging(numbers) { $1 })
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
