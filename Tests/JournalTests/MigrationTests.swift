import CallCore
import Glibc
import Testing

@testable import Journal

extension JournalTests {
    @Suite struct Migration {
        @Test func `a file of version 1 keeps its open calls, its events and its numbers, and goes on`() throws {
            let place = try Place()
            try makeVersion1(at: place.path)
            let opening = try place.open()
            #expect(opening.setAside == nil)
            try expectContentsOfVersion1(opening)
            let journal = opening.journal
            let emergencies = try journal.events(journal: own, service: .emergency, from: 1, limit: 9)
            #expect(emergencies.map(\.type) == [.pressed, .raised, .pressed, .pressed])
            #expect(emergencies.map(\.call.isOnTheWay) == [false, false, false, false])
            let last = try #require(emergencies.last)
            #expect(
                last.occurred
                    == Stamp(
                        boot: boot, moment: stamp(2).moment, wall: stamp(2).wall,
                        quality: ClockQuality(synchronized: true, uncertaintyMs: 2)))
            #expect(last.call.presses == 3)
            // The event that a reopened outbox sends again must still be the one that stands there.
            var again = Journal.Batch()
            again.events = emergencies
            try journal.commit(again)

            var batch = press(3)
            batch.events = [event(5, of: call(3))]
            batch.answers = [answer(1)]
            try journal.commit(batch)
            journal.close()
            let contents = try place.open().contents
            #expect(contents.openCalls == [openCallsOfVersion1[0], call(3), openCallsOfVersion1[1]])
            #expect(contents.answers == [answer(1)])
            #expect(try sql(place.path, "PRAGMA integrity_check") == ["ok"])
        }

        @Test func `a file of version 2 keeps its calls and events, which nobody heard over the air`() throws {
            let place = try Place()
            try makeVersion1(at: place.path)
            let current = Schema.current
            let second = Schema(
                version: 2, create: "", views: [], steps: [1: Schema.stepFrom1], tableNames: current.tableNames)
            try second.migrate(Connection(path: place.path), from: 1)
            #expect(try sql(place.path, "PRAGMA user_version") == ["2"])
            let opening = try place.open()
            #expect(opening.setAside == nil)
            try expectContentsOfVersion1(opening)
            let events = try opening.journal.events(journal: own, service: .emergency, from: 1, limit: 9)
            #expect(events.map(\.call.reception) == [nil, nil, nil, nil])
            opening.journal.close()
            #expect(try sql(place.path, "PRAGMA user_version") == ["4"])
        }

        @Test func `a migrated file has the tables, columns and views of a new one`() throws {
            let old = try Place()
            let new = try Place()
            try makeVersion1(at: old.path)
            for place in [old, new] { try place.open().journal.close() }
            let layout = """
                SELECT m.type || ' ' || m.name || ' ' || coalesce(c.name || ' ' || c.type || ' ' || c."notnull" || c.pk, '')
                FROM sqlite_schema AS m LEFT JOIN pragma_table_info(m.name) AS c ORDER BY 1
                """
            let found = try sql(old.path, layout)
            #expect(found == (try sql(new.path, layout)))
            #expect(found.contains("table call waiting_ms INTEGER 00"))
            let views = "SELECT sql FROM sqlite_schema WHERE type IN ('view', 'index') ORDER BY name"
            #expect(try sql(old.path, views) == sql(new.path, views))
            #expect(try sql(old.path, "SELECT waiting = raised FROM open_calls") == ["1", "1"])
        }

        @Test func `killed at each of its writes, a migration leaves the one version or the other, whole`() throws {
            guard straceWorks() else { return }
            var kills = 0
            var versions: Set<String> = []
            for write in 1...200 {
                let place = try Place()
                try makeVersion1(at: place.path)
                let inject = "strace -f -o /dev/null -e trace=pwrite64 -e inject=pwrite64:signal=KILL:when=\(write)"
                let run = shell(writerCommand("migrating", on: place.path, through: inject))
                let survived = run.output.contains("writer: migrated")
                if survived { #expect(run.status == 0, "\(run.output)") } else { kills += 1 }
                // Looked at as a person would, before anything of ours opens it.
                shell("cp -r \(place.directory) \(place.directory).seen")
                defer { shell("rm -rf \(place.directory).seen") }
                let seen = place.directory + ".seen/gateway.db"
                let version = try #require(try sql(seen, "PRAGMA user_version").first)
                versions.insert(version)
                #expect(try sql(seen, "PRAGMA integrity_check") == ["ok"], "write \(write)")
                #expect(try sql(seen, "SELECT count(*) FROM open_calls") == ["2"], "write \(write)")
                let isNew = try sql(seen, "SELECT count(*) FROM sqlite_schema WHERE name = 'answer'") == ["1"]
                #expect(isNew == (version == "4"), "write \(write)")
                let opening = try place.open()
                #expect(opening.setAside == nil, "write \(write)")
                try expectContentsOfVersion1(opening)
                if survived { break }
            }
            #expect(kills > 3, "the migration was never in the middle of its writing")
            #expect(versions == ["1", "4"])
        }

        private func expectContentsOfVersion1(_ opening: Journal.Opening) throws {
            let contents = opening.contents
            #expect(contents.id == own)
            #expect(contents.openCalls == openCallsOfVersion1)
            #expect(contents.answers == [])
            #expect(contents.nextCall == 3)
            #expect(contents.connectionLimit == 1000)
            #expect(contents.cursors.map(\.last) == [4, 3, 2])
            #expect(contents.cursors.map(\.acknowledgedThrough) == [3, 3, 2])
        }

        @Test func `a newer file is refused and stays as it is`() throws {
            let place = try Place()
            try fill(place)
            try sql(place.path, "PRAGMA user_version = 99")
            let before = try bytes(of: place.path)
            let error = try journalError { _ = try place.open() }
            #expect(error == .newerSchema(path: place.path, found: 99, known: 4))
            #expect(try bytes(of: place.path) == before)
            #expect(place.names.filter { $0.contains("corrupt") || $0.contains("foreign") } == [])
        }

        @Test func `several steps follow each other`() throws {
            let place = try Place()
            try makeVersion1(at: place.path)
            let third = later([
                4: "ALTER TABLE call ADD COLUMN note TEXT", 5: "CREATE TABLE visit (id INTEGER PRIMARY KEY)",
            ])
            let opening = try whenFree {
                try Journal.open(at: place.path, now: now, allowVolatile: true, schema: third)
            }
            #expect(opening.setAside == nil)
            #expect(opening.contents.openCalls.count == 2)
            var batch = press(3)
            batch.events = []
            try opening.journal.commit(batch)
            opening.journal.close()
            #expect(try sql(place.path, "PRAGMA user_version") == ["6"])
            #expect(try sql(place.path, "SELECT count(*) FROM call WHERE note IS NULL") == ["4"])
        }

        @Test func `a migration that fails leaves the old version, whole`() throws {
            let place = try Place()
            try makeVersion1(at: place.path)
            let views = "SELECT sql FROM sqlite_schema WHERE type = 'view' ORDER BY name"
            let before = try sql(place.path, views)
            let broken = later([4: "ALTER TABLE call ADD COLUMN note TEXT", 5: "CREATE TABLE call (x)"])
            _ = try journalError {
                _ = try Journal.open(at: place.path, now: now, allowVolatile: true, schema: broken)
            }
            #expect(try sql(place.path, "PRAGMA user_version") == ["1"])
            #expect(try sql(place.path, "SELECT count(*) FROM pragma_table_info('call') WHERE name = 'note'") == ["0"])
            #expect(try sql(place.path, views) == before)
            let opening = try place.open()
            #expect(opening.setAside == nil)
            try expectContentsOfVersion1(opening)
        }

        private func later(_ steps: [Int: String]) -> Schema {
            let current = Schema.current
            return Schema(
                version: current.version + steps.count, create: "", views: current.views,
                steps: current.steps.merging(steps) { $1 }, tableNames: current.tableNames)
        }
    }
}
