import CallCore
import Foundation
import Testing

@testable import courtyard_gateway

/// The time zone belongs to the whole process, so these come one after the other.
@Suite("Local time", .serialized) struct LocalTimeTests {
    /// Puts TZ back as it was.
    private func inZone(_ zone: String, _ body: () throws -> Void) rethrows {
        let before = getenv("TZ").map { String(cString: $0) }
        setenv("TZ", zone, 1)
        defer {
            if let before { setenv("TZ", before, 1) } else { unsetenv("TZ") }
            tzset()
        }
        try body()
    }

    @Test(
        "is ahead of UTC east of Greenwich and behind it in the west",
        arguments: [
            ("CST-8", Duration.seconds(8 * 3600)), ("EST5", .seconds(-5 * 3600)), ("IST-5:30", .seconds(19_800)),
            ("UTC0", .zero), ("", .zero), ("Nowhere/Such", .zero),
        ])
    func offsets(zone: String, offset: Duration) {
        inZone(zone) { #expect(LocalTime().offset(at: 1_790_000_000) == offset) }
    }

    @Test("steps to and from summer time on the second")
    func summerTime() {
        // The European Union's rule: 2026-03-29 and 2026-10-25, both at 01:00 UTC.
        let (spring, autumn) = (1_774_746_000, 1_792_890_000)
        inZone("CET-1CEST,M3.5.0,M10.5.0/3") {
            let time = LocalTime()
            #expect([spring - 1, spring, spring + 59].map(time.offset) == [3600, 7200, 7200].map { .seconds($0) })
            #expect([autumn - 1, autumn].map(time.offset) == [7200, 3600].map { .seconds($0) })
            #expect(time.offset(at: spring - 1) == .seconds(3600), "a clock that is set back")
        }
    }

    @Test("follows another zone from the next minute on, and looks no more often than that")
    func anotherZone() {
        let minute = 1_790_000_040  // divisible by 60
        inZone("CST-8") {
            let time = LocalTime()
            #expect(time.offset(at: minute) == .seconds(28_800))
            inZone("UTC0") {
                #expect(time.offset(at: minute + 59) == .seconds(28_800))
                #expect(time.offset(at: minute + 60) == .zero)
            }
        }
    }

    @Test("is known to a board whose clock stands before 1970")
    func beforeTheEpoch() {
        inZone("CST-8") {
            let time = LocalTime()
            #expect([-1, -60, -61, 0].map(time.offset) == Array(repeating: .seconds(28_800), count: 4))
        }
    }

    @Test("comes with every reading of the board's clock")
    func clock() {
        inZone("CST-8") {
            // Another test may have asked in this minute, in the zone that held then.
            let offset = SystemClock().now().utcOffset
            var (seconds, fields) = (time(nil), tm())
            tzset()
            localtime_r(&seconds, &fields)
            #expect(fields.tm_gmtoff == 28_800)
            #expect(offset == .seconds(28_800) || offset == .zero)
        }
    }
}
