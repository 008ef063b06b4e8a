import CallCore
import Journal
import Testing

extension JournalTests {
    @Suite struct Keeping {
        @Test func `a new journal is empty`() throws {
            let place = try Place()
            let opening = try place.open()
            #expect(opening.setAside == nil)
            let contents = opening.contents
            #expect(contents.id == own)
            #expect(contents.nextCall == 1)
            #expect(contents.cursors == [])
            #expect(contents.openCalls == [])
            #expect(contents.connectionLimit == 0)
        }

        @Test(arguments: [true, false])
        func `reopening gives back what was committed`(closed: Bool) throws {
            let place = try Place()
            var batch = Journal.Batch()
            let meal = call(2, service: .meal, state: .raised, presses: 25)
            batch.events = [event(1, of: call(1)), event(2, of: call(1)), event(1, of: meal, journaled: false)]
            batch.calls = [call(1), meal]
            batch.acknowledged = [.init(journal: own, service: .emergency, through: 1)]
            batch.connectionLimit = 1000
            var journal: Journal? = try place.open().journal
            try journal?.commit(batch)
            if closed { journal?.close() }
            journal = nil  // not closed, it ends as in a crash

            let opening = try place.open()
            #expect(opening.setAside == nil)
            let contents = opening.contents
            #expect(contents.id == own)
            #expect(contents.nextCall == 3)
            #expect(contents.openCalls == [call(1), meal])
            #expect(contents.connectionLimit == 1000)
            #expect(contents.cursors.map(\.service) == [.emergency, .meal])
            #expect(contents.cursors.map(\.last) == [2, 1])
            #expect(contents.cursors.map(\.acknowledgedThrough) == [1, 0])
            let events = try opening.journal.events(journal: own, service: .emergency, from: 1, limit: 10)
            #expect(events == batch.events.prefix(2).map(kept))
            let meals = try opening.journal.events(journal: own, service: .meal, from: 0, limit: 10)
            #expect(meals == [kept(batch.events[2])])
        }

        @Test func `every type of event and every state comes back`() throws {
            let place = try Place()
            var batch = Journal.Batch()
            for (index, type) in CallEventType.allCases.enumerated() {
                let state = CallState.allCases[index % CallState.allCases.count]
                batch.events.append(event(UInt64(index + 1), of: call(UInt64(index + 1), state: state), type: type))
                batch.calls.append(call(UInt64(index + 1), state: state))
            }
            let journal = try place.open().journal
            try journal.commit(batch)
            #expect(try journal.events(journal: own, service: .emergency, from: 1, limit: 99) == batch.events.map(kept))
            journal.close()
            #expect(try place.open().contents.openCalls == batch.calls.filter { !$0.state.isClosed })
        }

        @Test func `texts come back as they were`() throws {
            let place = try Place()
            let long = String(repeating: "楼", count: 5000)
            let labels = ["", "'; DROP TABLE call; --", "a\0b", "🛎️ \u{202e}mirrored", long]
            var batch = Journal.Batch()
            for (index, label) in labels.enumerated() {
                let call = call(UInt64(index + 1), label: label)
                batch.calls.append(call)
                batch.events.append(event(UInt64(index + 1), of: call))
            }
            let journal = try place.open().journal
            try journal.commit(batch)
            let events = try journal.events(journal: own, service: .emergency, from: 1, limit: 99)
            #expect(events.map(\.call.label) == labels)
            journal.close()
            #expect(try place.open().contents.openCalls.map(\.label) == labels)
        }

        @Test func `events are read from a number on, in order, as many as wanted`() throws {
            let place = try Place()
            let journal = try place.open().journal
            var batch = Journal.Batch()
            batch.events = (1...50).map { event($0, of: call(1)) }
            try journal.commit(batch)
            func sequences(from: UInt64, limit: Int, of service: ServiceID = .emergency) throws -> [UInt64] {
                try journal.events(journal: own, service: service, from: from, limit: limit).map(\.sequence)
            }
            #expect(try sequences(from: 20, limit: 3) == [20, 21, 22])
            #expect(try sequences(from: 49, limit: 10) == [49, 50])
            #expect(try sequences(from: 51, limit: 10) == [])
            #expect(try sequences(from: .max, limit: 10) == [])
            #expect(try sequences(from: 1, limit: 0) == [])
            #expect(try sequences(from: 1, limit: -1) == [])
            #expect(try sequences(from: 1, limit: 10, of: .meal) == [])
            #expect(try journal.keptRange(journal: own, service: .emergency) == 1...50)
            #expect(try journal.keptRange(journal: own, service: .meal) == nil)
        }

        @Test func `a closed call stays closed, and an open one follows its changes`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try commit(to: journal, [call(1, state: .raised), call(2, state: .raised)])
            try commit(to: journal, [call(1, state: .arrived, presses: 7)])
            try commit(to: journal, [call(2, state: .cancelled)])
            try commit(to: journal, [call(2, state: .accepted)])
            journal.close()
            let contents = try place.open().contents
            #expect(contents.openCalls == [call(1, state: .arrived, presses: 7)])
            #expect(contents.nextCall == 3)
        }

        @Test func `calls and events of other journals keep their ids`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let other = JournalID(unchecked: "aaaaaa")
            let adopted = call(.max, journal: other)
            var batch = Journal.Batch()
            batch.calls = [adopted]
            batch.events = [event(7, of: adopted, journal: other)]
            batch.acknowledged = [
                .init(journal: other, service: .emergency, through: 7),
                .init(journal: other, service: .errand, through: 3),
            ]
            try journal.commit(batch)
            let events = try journal.events(journal: other, service: .emergency, from: 1, limit: 9)
            #expect(events == batch.events.map(kept))
            #expect(try journal.keptRange(journal: other, service: .emergency) == 7...7)
            #expect(try journal.keptRange(journal: own, service: .emergency) == nil)
            journal.close()
            let contents = try place.open().contents
            #expect(contents.openCalls == [adopted])
            #expect(contents.nextCall == 1)
            #expect(contents.cursors.map(\.journal) == [other, other])
            #expect(contents.cursors.map(\.last) == [7, 3])
        }

        @Test func `acknowledgements never go back`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(press(1))
            for through: UInt64 in [1, 0] {
                var batch = Journal.Batch()
                batch.acknowledged = [.init(journal: own, service: .emergency, through: through)]
                try journal.commit(batch)
            }
            journal.close()
            #expect(try place.open().contents.cursors.map(\.acknowledgedThrough) == [1])
        }

        @Test func `the same event again is passed over, another under its number is refused with its batch`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(press(1))
            try journal.commit(press(1))
            var wrong = press(2)
            wrong.events.append(event(1, of: call(9)))
            let error = try journalError { try journal.commit(wrong) }
            #expect(error == .conflict(path: place.path, event: "k3f9qz-emergency-1"))
            #expect(try journal.keptRange(journal: own, service: .emergency) == 1...1)
            try journal.commit(press(2))
            #expect(try journal.keptRange(journal: own, service: .emergency) == 1...2)
        }

        @Test func `an empty batch writes nothing`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(press(1))
            let before = try bytes(of: place.path + "-wal")
            try journal.commit(Journal.Batch())
            #expect(try bytes(of: place.path + "-wal") == before)
        }

        @Test func `people can read it while the agent has it open`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(press(1))
            try journal.commit(press(2, service: .meal))
            #expect(try sql(place.path, "SELECT call FROM open_calls") == ["k3f9qz-1", "k3f9qz-2"])
            #expect(try sql(place.path, "SELECT event FROM recent") == ["k3f9qz-meal-2", "k3f9qz-emergency-1"])
            let times = try sql(place.path, "SELECT at FROM history UNION SELECT raised FROM open_calls")
            #expect(times.allSatisfy { $0.count == 23 && $0.hasPrefix("2026-11-2") }, "\(times)")
            try journal.commit(press(3))
            #expect(try sql(place.path, "PRAGMA integrity_check") == ["ok"])
        }

        @Test func `someone else's lock is waited for, then told, and then over`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try journal.commit(press(1))
            try sqlWhileLocked(place.path) {
                guard case .busy = try journalError({ try journal.commit(press(2)) }) else {
                    Issue.record("not told as busy")
                    return
                }
            }
            try journal.commit(press(2))
            #expect(try journal.keptRange(journal: own, service: .emergency) == 1...2)
        }

        @Test func `the log is folded in when asked, and by itself when it grows too long`() throws {
            let place = try Place()
            let journal = try place.open().journal
            var sequence: UInt64 = 0
            func commitUntil(_ done: () -> Bool) throws {
                while !done() && sequence < 6000 {
                    sequence += 1
                    try journal.commit(press(sequence))
                }
            }
            try commitUntil { journal.isCheckpointDue }
            let long = size(of: place.path + "-wal")
            #expect(long > Journal.checkpointPages * 4096)
            journal.checkpoint()
            #expect(journal.checkpointFailure == nil)
            sequence += 1
            try journal.commit(press(sequence))
            #expect(!journal.isCheckpointDue)
            try commitUntil { journal.isCheckpointDue }
            try commitUntil { !journal.isCheckpointDue }  // nobody asks
            #expect(size(of: place.path + "-wal") < (Journal.logPagesLimit + 100) * 4200)
            journal.close()
            #expect(!exists(place.path + "-wal"))
            #expect(try place.open().contents.cursors.map(\.last) == [sequence])
        }

        @Test func `a new journal's id is six letters and digits, never the same`() {
            let ids = Set((0..<1000).map { _ in randomJournalID() })
            #expect(ids.count == 1000)
            #expect(ids.allSatisfy { $0.text.count == 6 && JournalID($0.text) != nil && !$0.text.contains("-") })
        }

        private func commit(to journal: Journal, _ calls: [Call]) throws {
            var batch = Journal.Batch()
            batch.calls = calls
            try journal.commit(batch)
        }
    }
}
