import CallCore
import Testing

@testable import Journal

private let day: Int64 = 86_400_000
/// A clock that nobody has set.
private let unset = WallTime(milliseconds: 3_600_000)

/// `days` before `now`.
private func before(_ days: Int64) -> WallTime { WallTime(milliseconds: now.milliseconds - days * day) }

private func dated(_ wall: WallTime, synchronized: Bool = true) -> Stamp {
    Stamp(
        boot: boot, moment: Moment(nanoseconds: 1), wall: wall,
        quality: ClockQuality(synchronized: synchronized, uncertaintyMs: 1))
}

private func call(
    _ number: UInt64, _ raised: Stamp, closed: WallTime?, journal: JournalID = own, service: ServiceID = .emergency
) -> Call {
    var times = [CallState.raised: raised.wall]
    if let closed { times[.resolved] = closed }
    return Call(
        id: CallID(journal: journal, number: number), point: PointID(unchecked: "b1"), label: "b1", service: service,
        priority: 1, state: closed == nil ? .raised : .resolved, revision: 1, presses: 1, raised: raised, escalation: 0,
        actor: nil, reason: nil, times: times, actors: [:], pressTimes: [])
}

/// Commits events 1, 2, … of one series with these stamps.
private func commit(
    _ stamps: [Stamp], acknowledged: UInt64? = nil, service: ServiceID = .emergency, to journal: Journal
) throws {
    var batch = Journal.Batch()
    for (index, stamp) in stamps.enumerated() {
        let call = call(1, stamp, closed: nil, service: service)
        batch.events.append(
            CallEvent(journal: own, sequence: UInt64(index + 1), type: .pressed, occurred: stamp, call: call))
    }
    let through = acknowledged ?? UInt64(stamps.count)
    batch.acknowledged = [.init(journal: own, service: service, through: through)]
    try journal.commit(batch)
}

private func commit(_ calls: [Call], to journal: Journal) throws {
    var batch = Journal.Batch()
    batch.calls = calls
    try journal.commit(batch)
}

extension JournalTests {
    @Suite struct Retention {
        @Test func `old events go, the oldest first and no more than asked for, until none is left`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try commit((1...20).map { dated(before(20 - Int64($0))) }, to: journal)
            func kept() throws -> ClosedRange<UInt64>? {
                try journal.keptRange(journal: own, service: .emergency)
            }
            #expect(try journal.prune(olderThan: before(10), limit: 4) == 4)
            #expect(try kept() == 5...20)
            #expect(try journal.prune(olderThan: before(10), limit: 100) == 5)
            #expect(try kept() == 10...20)
            #expect(try journal.prune(olderThan: before(10), limit: 100) == 0)
            #expect(try journal.prune(olderThan: now, limit: 0) == 0)
            #expect(try journal.prune(olderThan: now, limit: -1) == 0)
            // Replaying from the beginning gives what is kept.
            let events = try journal.events(journal: own, service: .emergency, from: 1, limit: 99)
            #expect(events.map(\.sequence) == Array(10...20))
        }

        @Test func `the last event of a series stays, and so do those the broker hasn't acknowledged`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let old = dated(before(900))
            try commit([old, old, old, old], to: journal)
            try commit([old, old, old, old], acknowledged: 2, service: .meal, to: journal)
            #expect(try journal.prune(olderThan: now, limit: 100) == 5)
            #expect(try journal.keptRange(journal: own, service: .emergency) == 4...4)
            #expect(try journal.keptRange(journal: own, service: .meal) == 3...4)
            #expect(try journal.prune(olderThan: now, limit: 100) == 0)
            journal.close()
            let cursors = try place.open().contents.cursors
            #expect(cursors.map(\.last) == [4, 4])
            #expect(cursors.map(\.acknowledgedThrough) == [4, 2])
        }

        @Test func `closed calls go by their end; open ones and each journal's last number stay`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let other = JournalID(unchecked: "aaaaaa")
            let old = dated(before(900))
            try commit(
                [
                    call(1, old, closed: nil), call(2, old, closed: before(899)), call(3, old, closed: before(1)),
                    call(4, old, closed: before(899)), call(5, old, closed: before(898)),
                    call(.max, old, closed: before(899), journal: other),
                    call(7, old, closed: before(899), journal: other),
                    call(8, old, closed: before(899), journal: other),
                ], to: journal)
            // As bits the largest number is -1, the lowest: it isn't kept as the last one.
            #expect(try journal.prune(olderThan: before(730), limit: 100) == 4)
            #expect(try journal.prune(olderThan: before(730), limit: 100) == 0)
            let left = "SELECT journal || '-' || number FROM call ORDER BY 1"
            #expect(try sql(place.path, left) == ["aaaaaa-8", "k3f9qz-1", "k3f9qz-3", "k3f9qz-5"])
            journal.close()
            let contents = try place.open().contents
            #expect(contents.nextCall == 6)
            #expect(contents.openCalls == [call(1, old, closed: nil)])
        }

        @Test func `what is left over goes in the next steps, events and calls`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let old = dated(before(900))
            try commit((1...6).map { _ in old }, to: journal)
            try commit((1...6).map { _ in old }, service: .meal, to: journal)
            try commit((1...6).map { call($0, old, closed: before(900)) }, to: journal)
            var steps: [Int] = []
            while case let gone = try journal.prune(olderThan: before(1), limit: 4), gone > 0 { steps.append(gone) }
            #expect(steps == [4, 4, 4, 3])
        }

        @Test func `dates of a clock that nobody set count for nothing; order does`() {
            func end(_ dates: [(WallTime, Bool)]) -> Int64? {
                var ageing = Ageing(cutoff: before(730))
                for (index, (wall, synchronized)) in dates.enumerated() {
                    guard ageing.see(Int64(index + 1), wall, synchronized: synchronized) else { break }
                }
                return ageing.end
            }
            let old = before(900)
            let young = before(10)
            #expect(end([(old, true), (old, true), (young, true), (old, true)]) == 2)
            // 1970 alone is no age; before something old it is.
            #expect(end([(unset, false), (unset, false)]) == nil)
            #expect(end([(old, true), (unset, false), (young, true)]) == 1)
            #expect(end([(unset, false), (unset, false), (old, true), (unset, false)]) == 3)
            // A clock that was ahead while nobody had set it.
            #expect(end([(young, false), (old, true), (young, true)]) == 2)
            #expect(end([(young, false), (old, false)]) == nil)
            // A courtyard whose clock runs well, though nobody ever synchronises it.
            #expect(end([(old, false), (old, false), (young, false), (young, false)]) == 2)
            #expect(end([(old, true), (old, false), (unset, false), (old, false), (young, false)]) == 4)
        }

        @Test func `a fresh event of a clock not yet set isn't taken for an old one`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let wrong = dated(unset, synchronized: false)
            try commit([dated(before(900)), wrong, wrong, dated(before(1)), dated(now)], to: journal)
            try commit(
                [call(1, wrong, closed: unset), call(2, dated(before(1)), closed: now), call(3, wrong, closed: nil)],
                to: journal)
            #expect(try journal.prune(olderThan: before(730), limit: 100) == 1)
            #expect(try journal.keptRange(journal: own, service: .emergency) == 2...5)
            #expect(try sql(place.path, "SELECT count(*) FROM call") == ["3"])
        }

        @Test func `someone else's lock stops it, and it goes on afterwards`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try commit((1...9).map { _ in dated(before(900)) }, to: journal)
            try sqlWhileLocked(place.path) {
                guard case .busy = try journalError({ _ = try journal.prune(olderThan: now, limit: 4) }) else {
                    Issue.record("not told as busy")
                    return
                }
            }
            #expect(try journal.prune(olderThan: now, limit: 100) == 8)
        }

        @Test func `a file that went and came back still has all that was promised after pruning`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try commit((1...9).map { _ in dated(before(900)) }, to: journal)
            try commit((1...5).map { call($0, dated(before(900)), closed: before(900)) }, to: journal)
            #expect(try journal.prune(olderThan: now, limit: 100) == 12)
            shell("mv \(place.path) \(place.path).moved")
            guard case .missing = try journalError({ _ = try journal.prune(olderThan: now, limit: 4) }) else {
                Issue.record("not missed")
                return
            }
            shell("mv \(place.path).moved \(place.path)")
            var batch = Journal.Batch()
            batch.events = [event(10, of: call(6, dated(now), closed: nil))]
            batch.calls = [call(6, dated(now), closed: nil)]
            try journal.commit(batch)
            #expect(try journal.keptRange(journal: own, service: .emergency) == 9...10)
        }

        @Test func `killed at any of its writes, it leaves series without gaps and everything that must stay`() throws {
            guard straceWorks() else { return }
            let old = dated(before(900))
            for write in 1...200 {
                let place = try Place()
                let journal = try place.open().journal
                try commit((1...20).map { _ in old }, to: journal)
                try commit((1...20).map { call($0, old, closed: $0 % 5 == 0 ? nil : before(900)) }, to: journal)
                journal.close()
                let inject = "strace -f -o /dev/null -e trace=pwrite64 -e inject=pwrite64:signal=KILL:when=\(write)"
                let run = shell(writerCommand("pruning", on: place.path, through: inject))
                let survived = run.output.contains("writer: pruned")
                let said = run.output.split(separator: "\n").compactMap { line in
                    line.hasPrefix("writer: gone ") ? Int(line.dropFirst(13)) : nil
                }
                let opening = try place.open()
                #expect(opening.setAside == nil)
                let kept = try #require(try opening.journal.keptRange(journal: own, service: .emergency))
                let events = try opening.journal.events(journal: own, service: .emergency, from: 1, limit: 99)
                #expect(events.map(\.sequence) == Array(kept), "write \(write)")
                #expect(kept.upperBound == 20)
                #expect(opening.contents.nextCall == 21)
                #expect(opening.contents.openCalls.map(\.id.number) == [5, 10, 15, 20], "write \(write)")
                let calls = try #require(Int(try sql(place.path, "SELECT count(*) FROM call")[0]))
                let gone = 20 - events.count + 20 - calls
                // The one step that was under way may be there or not.
                #expect([0, 7].contains(gone - said.reduce(0, +)) || gone == 35, "write \(write): \(gone), \(said)")
                while try opening.journal.prune(olderThan: now, limit: 7) > 0 {}
                #expect(try sql(place.path, "SELECT count(*) FROM call") == ["4"])
                #expect(try sql(place.path, "PRAGMA integrity_check") == ["ok"])
                guard !survived else {
                    #expect(said == [7, 7, 7, 7, 7])
                    #expect(write > 10, "it was never in the middle of its writing")
                    return
                }
            }
            Issue.record("it never came to its end")
        }
    }
}
