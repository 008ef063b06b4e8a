import CallCore
import Testing

@testable import Journal

extension JournalTests {
    @Suite struct Answers {
        @Test(arguments: [true, false])
        func `answers come back as they were given, the oldest first`(closed: Bool) throws {
            let place = try Place()
            var journal: Journal? = try place.open().journal
            try journal?.commit(answers(1...3))
            var batch = press(1)
            batch.answers = (4...12).map(answer)
            try journal?.commit(batch)
            if closed { journal?.close() }
            journal = nil
            let contents = try place.open().contents
            #expect(contents.answers == (1...12).map(answer))
            #expect(contents.openCalls == [call(1)])
        }

        @Test func `an answer that is remembered is passed over and keeps its place`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(answers(1...3))
            var other = Journal.Batch()
            other.answers = [
                CommandAnswer(id: answer(2).id, command: "cancel", refusal: nil, call: nil), answer(4), answer(4),
            ]
            try journal.commit(other)
            try journal.commit(answers(1...1))
            journal.close()
            #expect(try place.open().contents.answers == (1...4).map(answer))
        }

        @Test func `only the last are remembered, in whatever batches they came`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let most = CommandAnswer.remembered
            try journal.commit(answers(1...most - 1))
            for number in most...most + 30 { try journal.commit(answers(number...number)) }
            #expect(try sql(place.path, "SELECT count(*) FROM answer") == ["\(most)"])
            try journal.commit(answers(most + 31...3 * most))
            journal.close()
            #expect(try place.open().contents.answers == (2 * most + 1...3 * most).map(answer))
            // One that was forgotten is new again.
            let later = try place.open().journal
            try later.commit(answers(1...1))
            later.close()
            #expect(try place.open().contents.answers.last == answer(1))
        }

        @Test func `an answer of a batch that was refused isn't there`() throws {
            let place = try Place()
            let journal = try place.open().journal
            var batch = press(1)
            batch.answers = [answer(1)]
            try journal.commit(batch)
            var wrong = Journal.Batch()
            wrong.answers = [answer(2)]
            wrong.events = [event(1, of: call(9))]
            _ = try journalError { try journal.commit(wrong) }
            try journal.commit(answers(3...3))
            journal.close()
            #expect(try place.open().contents.answers == [answer(1), answer(3)])
        }

        @Test func `a file that comes back without a promised answer isn't believed`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(answers(1...3))
            shell("mv \(place.path) \(place.path).moved")
            guard case .missing = try journalError({ try journal.commit(press(1)) }) else {
                Issue.record("not missed")
                return
            }
            shell("mv \(place.path).moved \(place.path)")
            try sql(place.path, "DELETE FROM answer WHERE number = 3")
            let error = try journalError { try journal.commit(press(1)) }
            #expect(error.needsOpeningAnew)
            #expect(error.description.contains("answer 3 to a command"))
        }

        @Test func `a half-written answer means that the file is damaged`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(answers(1...3))
            journal.close()
            try sql(place.path, "UPDATE answer SET state = 'lost' WHERE number = 3")
            #expect(try place.open().setAside?.reason.contains("call state") == true)
        }
    }
}
