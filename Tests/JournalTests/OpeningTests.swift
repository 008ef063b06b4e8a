import CallCore
import Glibc
import Testing

@testable import Journal

extension JournalTests {
    @Suite struct Opening {
        @Test func `a directory that doesn't exist is named`() throws {
            let error = try journalError { _ = try Journal.open(at: "/nowhere/at-all/gateway.db", now: now) }
            #expect(error == .noDirectory(path: "/nowhere/at-all"))
            #expect(error.description.contains("/nowhere/at-all"))
        }

        @Test func `the file is for its owner and group only`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(press(1))
            for name in ["", "-wal", "-shm", ".lock"] {
                var answer = stat()
                #expect(stat(place.path + name, &answer) == 0)
                #expect(answer.st_mode & 0o777 == 0o640, "\(name)")
            }
        }

        @Test func `a directory that the agent may not write in is told as a matter of permission`() throws {
            let place = try Place()
            guard getuid() == 0 else { return print("skipped: making a directory unwritable for oneself needs root") }
            // Root may write anywhere; an immutable directory (chattr) holds for root too.
            let made = shell("chattr +i \(place.directory)")
            guard made.status == 0 else { return print("skipped: no chattr here: \(made.output)") }
            defer { shell("chattr -i \(place.directory)") }
            let error = try journalError { _ = try place.open() }
            guard case .readOnly(let failure) = error else { throw error }
            #expect(failure.path == place.path + ".lock")
        }

        @Test func `a second agent is refused, whoever has the journal`() throws {
            let place = try Place()
            var first: Journal? = try place.open().journal
            let error = try journalError { _ = try Journal.open(at: place.path, now: now, allowVolatile: true) }
            #expect(error == .inUse(path: place.path, holder: getpid()))
            try first?.commit(press(1))
            first?.close()
            first = try place.open().journal
            #expect(try first?.keptRange(journal: own, service: .emergency) == 1...1)
        }

        @Test func `a file system in memory is refused unless it is allowed`() throws {
            guard let disk = try Disk(.tmpfs, "1m") else { return }
            let path = disk.place.path
            #expect(try fileSystemKind(of: path) == .memory)
            let error = try journalError { _ = try Journal.open(at: path, now: now) }
            #expect(error == .volatileFileSystem(path: path, kind: .memory))
            #expect(!exists(path))
            _ = try disk.place.open()
        }

        @Test func `an overlay is refused`() throws {
            let place = try Place()
            let layers = "lowerdir=\(place.directory)/l,upperdir=\(place.directory)/u,workdir=\(place.directory)/w"
            let mount = shell("cd \(place.directory) && mkdir l u w m && mount -t overlay overlay -o \(layers) m")
            guard mount.status == 0 else { return print("skipped: no overlay here: \(mount.output)") }
            defer { shell("umount \(place.directory)/m") }
            let error = try journalError {
                _ = try Journal.open(at: place.directory + "/m/gateway.db", now: now)
            }
            #expect(error == .volatileFileSystem(path: place.directory + "/m/gateway.db", kind: .overlay))
        }

        @Test func `a disk is known by its name`() throws {
            guard let disk = try Disk(.ext4, "4m") else { return }
            #expect(try fileSystemKind(of: disk.place.path).description == "ext4")
            #expect(try fileSystemKind(of: disk.place.path).survivesRestart)
            #expect(FileSystemKind(magic: 0x1234_5678).description == "a file system of type 0x12345678")
        }

        @Test func `the settings that durability rests on are in force`() throws {
            let place = try Place()
            let store = try {
                try place.open().journal.close()
                return try Store(opening: place.path, schema: .current)
            }()
            let settings = ["journal_mode": "wal", "synchronous": "2", "mmap_size": "0", "cache_size": "-256"]
            for (name, value) in settings {
                #expect(try store.connection.text("PRAGMA \(name)", for: "asking") == value, "\(name)")
            }
            #expect(try sql(place.path, "PRAGMA user_version") == ["4"])
            #expect(try sql(place.path, "PRAGMA application_id") == ["\(0x4359_4757)"])
        }

        // MARK: Files that can't be used

        struct Damage: CustomTestStringConvertible {
            let testDescription: String
            let word: String
            let apply: @Sendable (Place) throws -> Void
        }

        static let damages = [
            Damage(testDescription: "text instead of a database", word: "corrupt") { place in
                try scribble(place.path, at: 0, Array("this is not a database, it never was one".utf8))
            },
            Damage(testDescription: "a header with nonsense in it", word: "corrupt") { place in
                try scribble(place.path, at: 16, [0xff, 0xff, 9, 9, 9])
            },
            Damage(testDescription: "a schema page of zeros", word: "corrupt") { place in
                try scribble(place.path, at: 100, [UInt8](repeating: 0, count: 3996))
            },
            Damage(testDescription: "a file cut in half", word: "corrupt") { place in
                #expect(truncate(place.path, size(of: place.path) / 2) == 0)
            },
            Damage(testDescription: "a file cut to a part of a page", word: "corrupt") { place in
                #expect(truncate(place.path, 1234) == 0)
            },
            Damage(testDescription: "a missing table", word: "corrupt") { place in
                try sql(place.path, "DROP VIEW open_calls; DROP TABLE call")
            },
            Damage(testDescription: "a missing column", word: "corrupt") { place in
                try sql(place.path, "DROP VIEW recent; DROP VIEW history; ALTER TABLE event DROP COLUMN reason")
            },
            Damage(testDescription: "no id of its own", word: "corrupt") { place in
                try sql(place.path, "DELETE FROM journal")
            },
            Damage(testDescription: "a call in a state that doesn't exist", word: "corrupt") { place in
                try sql(place.path, "UPDATE call SET state = 'lost' WHERE number = 7")
            },
            Damage(testDescription: "another program's database", word: "foreign") { place in
                try sql(place.path, "PRAGMA application_id = 1; CREATE TABLE contacts (name)")
            },
            Damage(testDescription: "a database that names no program", word: "foreign") { place in
                #expect(unlink(place.path) == 0)
                try sql(place.path, "CREATE TABLE contacts (name)")
            },
        ]

        @Test(arguments: damages)
        func `an unusable file is set aside whole and a new one started`(damage: Damage) throws {
            let place = try Place()
            try fill(place)
            try damage.apply(place)
            let before = try bytes(of: place.path)
            let fresh = JournalID(unchecked: "fresh1")
            let opening = try whenFree {
                try Journal.open(at: place.path, now: now, allowVolatile: true, makeID: { fresh })
            }
            let setAside = try #require(opening.setAside)
            #expect(setAside.paths.first == "\(place.path).\(damage.word)-20261123T143000Z")
            #expect(!setAside.reason.isEmpty)
            #expect(try bytes(of: setAside.paths[0]) == before)
            #expect(opening.contents == .empty(fresh))
            try opening.journal.commit(press(1, journal: fresh))
            opening.journal.close()
            #expect(try place.open().setAside == nil)
        }

        @Test func `nothing that was set aside before is overwritten`() throws {
            let place = try Place()
            for _ in 1...3 {
                try place.open().journal.close()
                try scribble(place.path, at: 0, [1, 2, 3])
            }
            #expect(try place.open().setAside?.paths == [place.path + ".corrupt-20261123T143000Z-3"])
            #expect(place.names.filter { $0.contains("corrupt") }.count == 3)
        }

        @Test func `a log that lost its database is kept, not deleted`() throws {
            let place = try Place()
            try killed(place)
            let log = try bytes(of: place.path + "-wal")
            #expect(unlink(place.path) == 0)
            let setAside = try #require(try place.open().setAside)
            #expect(try bytes(of: setAside.paths[0]) == log)
            #expect(setAside.paths[0].hasSuffix("Z-wal"))
        }

        @Test func `an empty file is as good as none`() throws {
            let place = try Place()
            #expect(creat(place.path, 0o600) >= 0)
            let opening = try place.open()
            #expect(opening.setAside == nil)
            try opening.journal.commit(press(1))
        }

        @Test func `half a new journal left by a power cut doesn't matter`() throws {
            let place = try Place()
            for name in [".new", ".new-wal", ".new-journal"] {
                #expect(creat(place.path + name, 0o600) >= 0)
                try scribble(place.path + name, at: 0, [UInt8](repeating: 7, count: 5000))
            }
            try place.open().journal.commit(press(1))
            #expect(place.names.filter { $0.contains(".new") } == [])
        }

        @Test func `damage that a commit met is set aside with its reason, though opening wouldn't see it`() throws {
            let place = try Place()
            try killed(place)
            let setAside = try #require(try place.open(distrust: "storing an event: malformed").setAside)
            #expect(setAside.reason == "storing an event: malformed")
            #expect(setAside.paths.map { $0.hasSuffix("-wal") }.contains(true))
            // The copy still opens as a pair, with everything in it.
            #expect(try sql(setAside.paths[0], "SELECT count(*) FROM event") == ["20"])
        }

        // MARK: After a power cut

        @Test func `the whole commits of a torn log are kept`() throws {
            let place = try Place()
            try killed(place)
            let log = place.path + "-wal"
            #expect(truncate(log, size(of: log) - 2000) == 0)
            let opening = try place.open()
            #expect(opening.setAside == nil)
            #expect(opening.contents.cursors.map(\.last) == [19])
            #expect(opening.contents.openCalls.count == 19)
            try opening.journal.commit(press(20))
        }

        @Test func `nonsense at the end of a log is passed over`() throws {
            let place = try Place()
            try killed(place)
            let log = place.path + "-wal"
            try scribble(log, at: size(of: log), [UInt8](repeating: 0xa5, count: 9000))
            #expect(try place.open().contents.cursors.map(\.last) == [20])
        }

        @Test func `after an unclean end a damaged page is found although nothing at the start needs it`() throws {
            let place = try Place()
            let journal = try place.open().journal
            for number: UInt64 in 1...300 { try journal.commit(press(number)) }
            journal.close()
            // The first page of events, far from the end of the series.
            let page = try sql(place.path, "SELECT min(pageno) FROM dbstat WHERE name = 'event' AND pagetype = 'leaf'")
            try killed(place, from: 301)
            let offset = (try #require(Int(page[0])) - 1) * 4096
            try scribble(place.path, at: offset, [UInt8](repeating: 0x55, count: 4096))
            let reason = try place.open().setAside?.reason
            #expect(reason?.hasPrefix("checking it after an unclean end") == true, "\(reason ?? "found sound")")
        }

        /// A journal with 20 more presses in its log, and a log that nobody folded in.
        private func killed(_ place: Place, from first: UInt64 = 1) throws {
            let journal = try place.open().journal
            for number in first..<first + 20 { try journal.commit(press(number)) }
        }
    }
}
