import CallCore
import Testing

@testable import GPIOLines

@Suite("Trying lines again")
struct RetryScheduleTests {
    private let first = PointID(unchecked: "a")
    private let second = PointID(unchecked: "b")

    private func at(_ milliseconds: Int64) -> Moment { Moment(nanoseconds: milliseconds * 1_000_000) }

    @Test("A line is tried after 1, 2, 4, 8 and then every 10 seconds")
    func doubling() {
        var schedule = RetrySchedule<PointID>()
        var now = at(0)
        var waits: [Int64] = []
        for _ in 0..<6 {
            schedule.failed(first, at: now)
            waits.append((schedule.next! - now).milliseconds)
            now = schedule.next!
            #expect(schedule.due(at: now) == [first])
        }
        #expect(waits == [1000, 2000, 4000, 8000, 10_000, 10_000])
    }

    @Test("Nothing is due before its time, and a schedule without trouble has no timer")
    func idle() {
        var schedule = RetrySchedule<PointID>()
        #expect(schedule.next == nil)
        schedule.failed(first, at: at(0))
        #expect(schedule.due(at: at(999)).isEmpty)
        schedule.forget(first)
        #expect(schedule.next == nil)
    }

    @Test("Lines that are due within a moment of each other are tried together")
    func together() {
        var schedule = RetrySchedule<PointID>()
        schedule.failed(second, at: at(0))
        schedule.failed(first, at: at(30))
        #expect(schedule.due(at: at(1000)) == [first, second])
        schedule.failed(first, at: at(1000))
        #expect(schedule.due(at: at(1001)) == [second])
    }

    @Test("A change of chips makes every line due at once, and waits start over")
    func hurry() {
        var schedule = RetrySchedule<PointID>()
        for time in [0, 1000, 3000] as [Int64] { schedule.failed(first, at: at(time)) }
        schedule.hurry(at: at(3500))
        #expect(schedule.due(at: at(3500)) == [first])
        schedule.failed(first, at: at(3500))
        #expect(schedule.next == at(4500))
    }
}
