import CallCore
import Glibc
import Journal
import Testing

extension JournalTests {
    @Suite struct DiskTrouble {
        @Test(arguments: [(Disk.Kind.tmpfs, "512k"), (.ext4, "2m")])
        func `a full disk refuses, reads on, and works again by itself once there is room`(
            kind: Disk.Kind, size: String
        ) throws {
            guard let disk = try Disk(kind, size) else { return }
            let ballast = disk.place.directory + "/ballast"
            shell("head -c 60000 /dev/zero > \(ballast)")
            var journal: Journal? = try disk.place.open().journal
            var number: UInt64 = 0
            var failure: JournalError?
            while failure == nil && number < 20_000 {
                do { try journal?.commit(press(number + 1)) } catch { failure = error }
                if failure == nil { number += 1 }
            }
            guard case .full(let full) = failure else { throw try #require(failure) }
            #expect(full.path == disk.place.path)
            #expect(try journalError { try journal?.commit(press(number + 1)) }.isFull)
            #expect(try journal?.keptRange(journal: own, service: .emergency) == 1...number)
            #expect(try journal?.events(journal: own, service: .emergency, from: number, limit: 9).count == 1)

            shell("rm \(ballast)")
            try journal?.commit(press(number + 1))
            #expect(journal?.needsRecovery == false)
            journal = nil
            let contents = try disk.place.open().contents
            #expect(contents.openCalls == (1...number + 1).map { call($0) })
            #expect(contents.cursors.map(\.last) == [number + 1])
        }

        @Test func `on a full disk nothing is made and nothing set aside`() throws {
            guard let disk = try Disk(.tmpfs, "512k") else { return }
            let place = disk.place
            let ballast = place.directory + "/ballast"
            shell("cat /dev/zero > \(ballast)")
            #expect(try journalError { _ = try place.open() }.isFull)
            shell("rm \(ballast); echo 'not a journal' > \(place.path); cat /dev/zero > \(ballast)")
            #expect(try journalError { _ = try place.open() }.isFull)
            #expect(try bytes(of: place.path) == Array("not a journal\n".utf8))
            shell("rm \(ballast)")
            let opening = try place.open()
            #expect(opening.setAside != nil)
            try opening.journal.commit(press(1))
        }

        @Test func `a log that finds no room in the database stays, and is folded in later`() throws {
            guard let disk = try Disk(.ext4, "16m") else { return }
            let ballast = disk.place.directory + "/ballast"
            let journal = try disk.place.open().journal
            var number: UInt64 = 0
            while !journal.isCheckpointDue && number < 6000 {
                number += 1
                try journal.commit(press(number))
            }
            shell("cat /dev/zero > \(ballast)")
            journal.checkpoint()
            #expect(try #require(journal.checkpointFailure).isFull)
            #expect(try journal.keptRange(journal: own, service: .emergency) == 1...number)
            shell("rm \(ballast)")
            journal.checkpoint()
            #expect(journal.checkpointFailure == nil)
            try journal.commit(press(number + 1))
            #expect(try sql(disk.place.path, "SELECT count(*) FROM event") == ["\(number + 1)"])
        }

        @Test func `a read-only file system is told as such, at opening`() throws {
            guard let disk = try Disk(.tmpfs, "1m") else { return }
            let journal = try disk.place.open().journal
            try journal.commit(press(1))
            journal.close()
            #expect(disk.remount("ro").status == 0)
            #expect(try journalError { _ = try disk.place.open() }.isReadOnly)
            #expect(disk.remount("rw").status == 0)
            #expect(try disk.place.open().contents.openCalls == [call(1)])
        }

        @Test func `a disk that the kernel gives up in mid-run refuses, and nothing committed is lost`() throws {
            guard let disk = try Disk(.ext4, "8m") else { return }
            var journal: Journal? = try disk.place.open().journal
            for number: UInt64 in 1...5 { try journal?.commit(press(number)) }
            let aborted = disk.remount("abort")  // what errors=remount-ro does after a write error
            guard aborted.status == 0 else { return print("skipped: can't abort ext4 here: \(aborted.output)") }
            let failure = try journalError { try journal?.commit(press(6)) }
            #expect(failure.isReadOnly || failure.isIO, "\(failure)")
            #expect(try journalError { try journal?.commit(press(6)) } != .noDirectory(path: ""))
            journal = nil
            let mounted = disk.mountAgain()
            #expect(mounted.status == 0, "\(mounted.output)")
            let opening = try disk.place.open()
            #expect(opening.setAside == nil)
            #expect(opening.contents.openCalls == (1...5).map { call($0) })
            try opening.journal.commit(press(6))
        }

        @Test(arguments: ["rm", "mv"])
        func `a file that is taken away in mid-run is missed`(how: String) throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(press(1))
            shell("\(how) \(place.path) \(how == "mv" ? place.path + ".moved" : "")")
            let error = try journalError { try journal.commit(press(2)) }
            guard case .missing = error else { throw error }
            #expect(error.needsOpeningAnew)
            journal.close()
            let opening = try place.open(distrust: error.description)
            try opening.journal.commit(press(1))
        }

        @Test(arguments: [true, false])
        func `a file that comes back is only believed if it has all that was committed`(complete: Bool) throws {
            let place = try Place()
            let journal = try place.open().journal
            for number: UInt64 in 1...5 { try journal.commit(press(number)) }
            shell("mv \(place.path) \(place.path).moved")
            guard case .missing = try journalError({ try journal.commit(press(6)) }) else {
                Issue.record("not missed")
                return
            }
            shell("mv \(place.path).moved \(place.path)")
            if complete {
                try journal.commit(press(6))
                #expect(try journal.keptRange(journal: own, service: .emergency) == 1...6)
            } else {
                try sql(place.path, "DELETE FROM event WHERE sequence = 5")
                let error = try journalError { try journal.commit(press(6)) }
                #expect(error.needsOpeningAnew)
                #expect(error.description.contains("k3f9qz-emergency-5"))
            }
        }

        @Test func `every error names the file and the remedy`() throws {
            let failure = JournalError.Failure(operation: "committing", path: "/j", code: 1, text: "said so")
            let all: [JournalError] = [
                .full(failure), .readOnly(failure), .busy(failure), .io(failure), .corrupt(failure), .missing(failure),
                .refused(failure), .inUse(path: "/j", holder: 7), .newerSchema(path: "/j", found: 2, known: 1),
                .noDirectory(path: "/j"), .volatileFileSystem(path: "/j", kind: .overlay),
                .conflict(path: "/j", event: "a-meal-1"), .noJournal(path: "/j"),
                .notAJournal(path: "/j", reason: "it is empty"), .unreadable(failure),
            ]
            for error in all {
                #expect(error.description.contains("/j"))
                #expect(error.description.hasSuffix("."))
            }
            #expect(all.filter(\.needsOpeningAnew) == [.corrupt(failure), .missing(failure)])
        }
    }
}

extension JournalError {
    var isFull: Bool { if case .full = self { true } else { false } }
    var isReadOnly: Bool { if case .readOnly = self { true } else { false } }
    var isIO: Bool { if case .io = self { true } else { false } }
}
