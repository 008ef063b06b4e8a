import CallCore
import Glibc
import Testing

@testable import Journal

private let always = WallTime(milliseconds: 0)..<WallTime(milliseconds: .max)

extension JournalTests {
    @Suite struct Reader {
        private func calls(_ reader: JournalReader) throws -> Int {
            try reader.responseTimes(of: always).services.reduce(0) { $0 + $1.calls }
        }

        @Test func `beside a running agent it sees each commit, and holds none up`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(press(1))
            let reader = try JournalReader(path: place.path)
            #expect(reader.id == own)
            for number: UInt64 in 2...50 {
                try journal.commit(press(number))
                #expect(try calls(reader) == Int(number))
            }
            journal.checkpoint()
            #expect(journal.checkpointFailure == nil)
            journal.close()
            #expect(try calls(reader) == 50)
        }

        @Test func `it follows an agent that starts new series and comes from a new boot`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let reader = try JournalReader(path: place.path)
            #expect(try calls(reader) == 0)
            var batch = Journal.Batch()
            batch.events = [
                CallEvent(
                    journal: own, sequence: 1, type: .accepted, occurred: stamp(90, boot: "next"),
                    call: call(2, service: .meal))
            ]
            try journal.commit(batch)
            let meal = try reader.responseTimes(of: always).services[0]
            #expect(meal.calls == 1 && meal.accepted.count == 1 && meal.quality.byWallClock == 1)
        }

        @Test func `without an agent it leaves the directory as it was`() throws {
            let place = try Place()
            try fill(place)
            let names = place.names
            let before = try bytes(of: place.path)
            #expect(try calls(JournalReader(path: place.path)) == 20)
            #expect(place.names == names)
            #expect(try bytes(of: place.path) == before)
        }

        @Test func `after a power cut it reads the log too`() throws {
            let place = try Place()
            var journal: Journal? = try place.open().journal
            for number: UInt64 in 1...20 { try journal?.commit(press(number)) }
            journal = nil
            #expect(size(of: place.path + "-wal") > 0)
            #expect(try calls(JournalReader(path: place.path)) == 20)
            #expect(size(of: place.path + "-wal") > 0)
        }

        @Test func `an agent that comes in between is noticed`() throws {
            let place = try Place()
            try fill(place)
            let reader = try JournalReader(path: place.path)
            #expect(try calls(reader) == 20)
            let journal = try place.open().journal
            try journal.commit(press(21))
            #expect(try calls(reader) == 21)
            journal.close()
            #expect(try calls(reader) == 21)
        }

        @Test func `a journal on a read-only file system can be read`() throws {
            guard let disk = try Disk(.tmpfs, "2m") else { return }
            try fill(disk.place)
            #expect(disk.remount("ro").status == 0)
            #expect(try calls(JournalReader(path: disk.place.path)) == 20)
        }

        @Test func `a journal of version 1 is read as it is`() throws {
            let place = try Place()
            try makeVersion1(at: place.path)
            let before = try bytes(of: place.path)
            let times = try JournalReader(path: place.path).responseTimes(of: always)
            #expect(times.services.map(\.calls) == [1, 2])
            #expect(times.services.map(\.presses) == [3, 2])
            #expect(times.services[1].resolved == .init([.seconds(60)]))
            #expect(try bytes(of: place.path) == before)
        }

        @Test func `an empty journal has no calls and no oldest event`() throws {
            let place = try Place()
            try place.open().journal.close()
            let reader = try JournalReader(path: place.path)
            #expect(try reader.responseTimes(of: always) == ResponseTimes())
            #expect(try reader.oldestEvent() == nil)
        }

        @Test(arguments: ["a b?immutable=0", "100%", "#1", "楼"])
        func `a name that means something in a URI is only a name`(name: String) throws {
            let place = try Place()
            try fill(place)
            #expect(rename(place.path, "\(place.directory)/\(name)") == 0)
            #expect(try calls(JournalReader(path: "\(place.directory)/\(name)")) == 20)
            #expect(try calls(JournalReader(path: "/\(place.directory)/\(name)")) == 20)
        }

        @Test func `what can't be read is told by what it is`() throws {
            let place = try Place()
            func error(_ path: String = place.path) throws -> JournalError {
                try journalError { _ = try calls(JournalReader(path: path)) }
            }
            #expect(try error() == .noJournal(path: place.path))
            #expect(try error(place.path + "/deeper") == .noJournal(path: place.path + "/deeper"))
            #expect(try error(place.directory) == .notAJournal(path: place.directory, reason: "it is a directory"))
            #expect(creat(place.path, 0o600) >= 0)
            #expect(try error() == .notAJournal(path: place.path, reason: "it is empty"))
            try scribble(place.path, at: 0, Array("this is not a database, it never was one".utf8))
            guard case .notAJournal = try error() else { throw try error() }
            unlink(place.path)
            try sql(place.path, "CREATE TABLE contacts (name)")
            guard case .notAJournal = try error() else { throw try error() }
            unlink(place.path)
            try fill(place)
            try sql(place.path, "PRAGMA user_version = 99")
            #expect(try error() == .newerSchema(path: place.path, found: 99, known: 4))
            try sql(place.path, "PRAGMA user_version = 2; DROP VIEW recent; DROP VIEW history; DROP TABLE event")
            guard case .corrupt = try error() else { throw try error() }
        }

        @Test func `a damaged page is told, and nothing is set aside`() throws {
            let place = try Place()
            let journal = try place.open().journal
            for number: UInt64 in 1...300 { try journal.commit(press(number)) }
            journal.close()
            let page = try sql(place.path, "SELECT min(pageno) FROM dbstat WHERE name = 'event' AND pagetype = 'leaf'")
            let offset = (try #require(Int(page[0])) - 1) * 4096
            try scribble(place.path, at: offset, [UInt8](repeating: 0x55, count: 4096))
            let names = place.names
            guard case .corrupt = try journalError({ _ = try calls(JournalReader(path: place.path)) }) else {
                Issue.record("not told as damaged")
                return
            }
            #expect(place.names == names)
        }
    }
}
