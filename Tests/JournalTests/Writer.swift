import CallCore
import Glibc
import Testing

@testable import Journal

// Some tests need a process of their own, to be killed or traced. It is this same test program, told by the
// environment to run nothing but `Writer`, which says on its standard output how far it has come.

/// The command that starts a writer; its first line of output is its process id.
func writerCommand(_ work: String, on path: String, through tracer: String = "") -> String {
    var program = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &program, program.count)
    let name = String(decoding: program.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "echo $$; exec env JOURNAL_WRITER=\(work) JOURNAL_PATH=\(path) \(tracer) "
        + "\(name) --testing-library swift-testing --filter JournalTests.Writer 2>&1"
}

private func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

extension JournalTests {
    @Suite(.enabled(if: environment("JOURNAL_WRITER") != nil)) struct Writer {
        /// One write(2) a line, unbuffered: what has been said has been said.
        private func say(_ text: String) {
            let line = "writer: \(text)\n"
            _ = write(STDOUT_FILENO, line, line.utf8.count)
        }

        @Test func work() throws {
            let path = try #require(environment("JOURNAL_PATH"))
            let opening = try whenFree { try Journal.open(at: path, now: now, allowVolatile: true, makeID: { own }) }
            switch environment("JOURNAL_WRITER") {
            case "endless": try commitForEver(opening)
            case "counted": try commitCounted(opening.journal)
            case "pruning":
                while case let gone = try opening.journal.prune(olderThan: now, limit: 7), gone > 0 {
                    say("gone \(gone)")
                }
                say("pruned")
            case "migrating": say("migrated")
            case "failing": try commitWithOneFailedFlush(opening.journal)
            case let other: Issue.record("no such work: \(other ?? "")")
            }
        }

        /// Until it is killed.
        private func commitForEver(_ opening: Journal.Opening) throws {
            var number = opening.contents.nextCall
            while true {
                var batch = press(number)
                // The call before is closed, so that open calls don't pile up.
                if number > 1 { batch.calls.append(call(number - 1, state: .resolved)) }
                batch.acknowledged = [.init(journal: own, service: .emergency, through: number - 1)]
                try opening.journal.commit(batch)
                say("committed \(number)")
                number += 1
            }
        }

        /// Ten batches of one press, one of a hundred, ten empty ones; a word after each.
        private func commitCounted(_ journal: Journal) throws {
            say("begin")
            for number: UInt64 in 1...10 {
                try journal.commit(press(number))
                say("one")
            }
            try journal.commit(presses(11...110))
            say("hundred")
            for _ in 1...10 { try journal.commit(Journal.Batch()) }
            say("empty")
        }

        /// The tracer makes one flush fail: that of the sixth press.
        private func commitWithOneFailedFlush(_ journal: Journal) throws {
            for number: UInt64 in 1...5 { try journal.commit(answered(number)) }
            let before = try journal.keptRange(journal: own, service: .emergency)
            let error = try journalError { try journal.commit(answered(6)) }
            guard case .io(let failure) = error else { throw error }
            say("failed: \(failure.text)")
            #expect(journal.needsRecovery)
            // Another press under the same numbers, as if the sixth had never been.
            var other = Journal.Batch()
            let instead = call(6, service: .emergency, state: .raised, label: "another bed")
            other.calls = [instead]
            other.events = [event(6, of: instead, type: .raised)]
            other.answers = [answer(7)]
            try journal.recover()
            #expect(try journal.keptRange(journal: own, service: .emergency) == before)
            try journal.commit(other)
            say("recovered")
            let events = try journal.events(journal: own, service: .emergency, from: 6, limit: 9)
            #expect(events == other.events.map(kept))
            journal.close()
            let contents = try whenFree { try Journal.open(at: journal.path, now: now, allowVolatile: true) }.contents
            #expect(contents.openCalls == (1...5).map { call($0) } + [instead])
            #expect(contents.answers == (1...5).map(answer) + [answer(7)])
            say("done")
        }
    }
}

/// A press with the answer to a command.
private func answered(_ number: UInt64) -> Journal.Batch {
    var batch = press(number)
    batch.answers = [answer(Int(number))]
    return batch
}

/// Presses in one batch.
func presses(_ numbers: ClosedRange<UInt64>) -> Journal.Batch {
    var batch = Journal.Batch()
    for number in numbers {
        let press = press(number)
        batch.events += press.events
        batch.calls += press.calls
    }
    return batch
}
