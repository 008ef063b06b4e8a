import CallCore
import Testing

@testable import Journal

/// A month of 30 days.
private let first = WallTime(milliseconds: Storyteller.start)
private let month = first..<WallTime(milliseconds: first.milliseconds + 30 * 86_400_000)

private func day(_ days: Double) -> WallTime {
    WallTime(milliseconds: first.milliseconds + Int64(days * 86_400_000))
}

private func seconds(_ seconds: Double) -> Duration { .milliseconds(Int64(seconds * 1000)) }

extension JournalTests {
    @Suite struct ResponseTime {
        @Test func `percentiles are by nearest rank`() {
            func spread(_ values: ClosedRange<Int>) -> ResponseTimes.Spread {
                .init(values.reversed().map { .seconds($0) })
            }
            let hundred = spread(1...100)
            #expect((hundred.p50, hundred.p90, hundred.p99) == (.seconds(50), .seconds(90), .seconds(99)))
            #expect(hundred.count == 100 && hundred.max == .seconds(100))
            let five = spread(1...5)
            #expect((five.p50, five.p90, five.p99, five.max) == (.seconds(3), .seconds(5), .seconds(5), .seconds(5)))
            #expect(spread(7...7).p50 == .seconds(7))
            #expect(spread(1...201).p99 == .seconds(199))
            #expect(ResponseTimes.Spread([]).count == 0)
        }

        @Test func `the steps of each service are counted from its presses`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let story = Storyteller(journal)
            try story.tell(
                .emergency, at: day(1), [(.delivered, 0.2), (.accepted, 60), (.arrived, 200), (.resolved, 900)],
                presses: 3)
            try story.tell(.emergency, at: day(2), [(.delivered, 0.4), (.accepted, 60.001), (.resolved, 100)])
            try story.tell(.emergency, at: day(3), [(.delivered, 0.1), (.accepted, 180)])
            try story.tell(.emergency, at: day(4), [(.delivered, 0.3), (.escalated, 60), (.accepted, 180.001)])
            try story.tell(.emergency, at: day(5))
            try story.tell(.meal, at: day(6), [(.delivered, 1), (.cancelled, 9)], reason: "wrong button")
            let times = try JournalReader(path: place.path).responseTimes(of: month)
            #expect(times.tests == nil)
            #expect(times.services.map(\.service) == [.emergency, .meal])
            let emergency = times.services[0]
            #expect((emergency.calls, emergency.presses) == (5, 7))
            #expect((emergency.acceptedPromptly, emergency.acceptedInTime) == (1, 3))
            #expect(emergency.delivered == .init([seconds(0.2), seconds(0.4), seconds(0.1), seconds(0.3)]))
            #expect(emergency.accepted == .init([seconds(60), seconds(60.001), seconds(180), seconds(180.001)]))
            #expect(emergency.arrived == .init([seconds(200)]))
            #expect(emergency.resolved == .init([seconds(900), seconds(100)]))
            #expect(emergency.open == 3)
            #expect(emergency.escalated == .init(calls: 1, times: 1))
            #expect(emergency.quality == .init())
            #expect(times.services[1].otherwiseCancelled == 1)
            #expect(times.services[1].open == 0)
        }

        @Test func `a month has its first moment and not its last, and what happens to its calls later`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let story = Storyteller(journal)
            let last = WallTime(milliseconds: month.upperBound.milliseconds - 1)
            try story.tell(.emergency, at: WallTime(milliseconds: first.milliseconds - 1), [(.resolved, 60)])
            try story.tell(.emergency, at: first, [(.resolved, 61)])
            try story.tell(.emergency, at: last, [(.resolved, 62)])
            try story.tell(.emergency, at: month.upperBound, [(.resolved, 63)])
            let times = try JournalReader(path: place.path).responseTimes(of: month)
            #expect(times.services.map(\.calls) == [2])
            #expect(times.services[0].resolved == .init([seconds(61), seconds(62)]))
            #expect(try JournalReader(path: place.path).oldestEvent()?.milliseconds == first.milliseconds - 1)
        }

        @Test func `a reopened call is one call, and its first acceptance counts`() throws {
            let place = try Place()
            let journal = try place.open().journal
            try Storyteller(journal).tell(
                .emergency, at: day(1),
                [
                    (.delivered, 1), (.escalated, 60), (.escalated, 120), (.accepted, 130), (.reopened, 310),
                    (.delivered, 311), (.escalated, 370), (.accepted, 400), (.reopened, 600), (.accepted, 610),
                    (.arrived, 700), (.resolved, 800),
                ])
            let times = try JournalReader(path: place.path).responseTimes(of: month).services[0]
            #expect(times.calls == 1 && times.open == 0)
            #expect(times.escalated == .init(calls: 1, times: 3))
            #expect(times.reopened == .init(calls: 1, times: 2))
            #expect(times.delivered == .init([seconds(1)]))
            #expect(times.accepted == .init([seconds(130)]))
            #expect(times.arrived == .init([seconds(700)]))
        }

        @Test func `cancelled calls are told apart by their reason`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let story = Storyteller(journal)
            for reason in ["expired", "outside-hours", "expired", nil, "Expired?"] {
                try story.tell(.meal, at: day(1), [(.cancelled, 60)], reason: reason)
            }
            let times = try JournalReader(path: place.path).responseTimes(of: month).services[0]
            #expect((times.expired, times.outsideHours, times.otherwiseCancelled) == (2, 1, 2))
            #expect(times.calls == 5 && times.open == 0)
        }

        @Test func `tests stand apart with their round trips, the unanswered ones counted`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let story = Storyteller(journal)
            try story.tell(.test, at: day(1), [(.delivered, 0.1), (.tested, 0.2), (.resolved, 0.2)])
            try story.tell(.test, at: day(2), [(.tested, 0.3)])
            try story.tell(.test, at: day(3), [(.cancelled, 60)], reason: "expired")
            let times = try JournalReader(path: place.path).responseTimes(of: month)
            #expect(times.services == [])
            let tests = try #require(times.tests)
            #expect((tests.calls, tests.answered) == (3, 2))
            #expect(tests.roundTrip == .init([seconds(0.2), seconds(0.3)]))
        }

        @Test func `a clock that is set in between changes no duration within one boot`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let story = Storyteller(journal)
            let raised = Storyteller.stamp(day(1).milliseconds)
            for (type, after, offset) in [
                (CallEventType.raised, 0, 0), (.accepted, 30_000, -7_200_000), (.resolved, 90_000, 3_600_000),
            ] {
                let clock = Storyteller.Clock(synchronized: false, offset: Int64(offset))
                try story.tell(
                    type, of: 1, .emergency, raised: raised,
                    occurred: Storyteller.stamp(day(1).milliseconds + Int64(after), clock), revision: 1)
            }
            let times = try JournalReader(path: place.path).responseTimes(of: month).services[0]
            #expect(times.accepted == .init([seconds(30)]))
            #expect(times.resolved == .init([seconds(90)]))
            #expect(times.quality == .init())
        }

        @Test func `after a restart the wall clock is used if it was synchronised, else the step is left out`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let story = Storyteller(journal)
            let later = Storyteller.Clock(boot: "next-boot")
            let unsure = Storyteller.Clock(boot: "next-boot", synchronized: false)
            let back = Storyteller.Clock(boot: "next-boot", offset: -3_600_000)
            for (number, clock) in [(UInt64(1), later), (2, unsure), (3, back)] {
                let raised = Storyteller.stamp(day(1).milliseconds)
                let accepted = Storyteller.stamp(day(1).milliseconds + 40_000, clock)
                try story.tell(.raised, of: number, .emergency, raised: raised, occurred: raised, revision: 1)
                try story.tell(.accepted, of: number, .emergency, raised: raised, occurred: accepted, revision: 2)
            }
            let times = try JournalReader(path: place.path).responseTimes(of: month).services[0]
            #expect(times.accepted == .init([seconds(40)]))
            #expect(times.acceptedPromptly == 1)
            #expect(times.quality == .init(byWallClock: 1, leftOut: 2))
        }

        @Test func `a call whose events went on in a substitute journal is one call`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let story = Storyteller(journal)
            let raised = Storyteller.stamp(day(1).milliseconds)
            func at(_ seconds: Int64) -> Stamp { Storyteller.stamp(day(1).milliseconds + seconds * 1000) }
            let substitute = JournalID(unchecked: "zzzzzz")
            // The substitute's series may have begun earlier than the journal's own.
            try story.tell(
                .raised, of: 9, .emergency, raised: raised, occurred: at(0), revision: 1, journal: substitute)
            try story.tell(.raised, of: 1, .emergency, raised: raised, occurred: at(0), revision: 1)
            try story.tell(.accepted, of: 1, .emergency, raised: raised, occurred: at(50), revision: 4)
            try story.tell(
                .accepted, of: 1, .emergency, raised: raised, occurred: at(20), revision: 2, journal: substitute)
            try story.tell(.resolved, of: 1, .emergency, raised: raised, occurred: at(90), revision: 5)
            let times = try JournalReader(path: place.path).responseTimes(of: month).services[0]
            #expect(times.calls == 2 && times.open == 1)
            #expect(times.accepted == .init([seconds(20)]))
        }

        @Test func `a call raised before its clock was set belongs to the date that was found out`() throws {
            let place = try Place()
            let journal = try place.open().journal
            let story = Storyteller(journal)
            let unset = Storyteller.Clock(synchronized: false, offset: -Storyteller.start)
            let dayBefore = Storyteller.Clock(synchronized: false, offset: -86_400_000)
            // One dated 1970 at first, one dated in the month before, one dated in this month that is of the next.
            for (number, at, wrong) in [
                (UInt64(1), day(1), unset), (2, day(0.5), dayBefore), (3, day(30.5), dayBefore),
            ] {
                func stamp(_ seconds: Int64, _ clock: Storyteller.Clock = .init()) -> Stamp {
                    Storyteller.stamp(at.milliseconds + seconds * 1000, clock)
                }
                let guessed = stamp(0, wrong)
                for (revision, type) in [(1, CallEventType.pressed), (1, .raised), (2, .delivered)] {
                    try story.tell(
                        type, of: number, .emergency, raised: guessed, occurred: stamp(Int64(revision), wrong),
                        revision: revision)
                }
                try story.tell(
                    .accepted, of: number, .emergency, raised: stamp(0), occurred: stamp(30), revision: 4)
            }
            let reader = try JournalReader(path: place.path)
            let times = try reader.responseTimes(of: month).services[0]
            #expect(times.calls == 2)
            #expect(times.delivered == .init([seconds(2), seconds(2)]))
            #expect(times.accepted == .init([seconds(30), seconds(30)]))
            #expect(times.quality == .init())
            let next = month.upperBound..<day(60)
            #expect(try reader.responseTimes(of: next).services.map(\.calls) == [1])
            let epoch = WallTime(milliseconds: 0)..<WallTime(milliseconds: 86_400_000 * 31)
            #expect(try reader.responseTimes(of: epoch).services == [])
            #expect(try reader.responseTimes(of: day(-30)..<first).services == [])
        }
    }
}
