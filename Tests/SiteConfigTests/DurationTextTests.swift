import CallCore
import Testing

@testable import SiteConfig

@Suite struct DurationTextTests {
    @Test(
        "Durations are read with their unit",
        arguments: [
            ("0", Duration.zero), ("0ms", .zero), ("5ms", .milliseconds(5)), ("2s", .seconds(2)),
            ("5min", .seconds(300)), ("24h", .seconds(86_400)), ("1.5s", .milliseconds(1_500)),
            ("0.25h", .seconds(900)), ("5 min", .seconds(300)), ("1.000001s", .microseconds(1_000_001)),
            ("730d", .seconds(730 * 86_400)), ("1.5d", .seconds(129_600)),
        ])
    func reads(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(
        "Anything else is no duration",
        arguments: [
            "", "5", "ms", "s5", "5m", "5S", "-5s", "+5s", "1e3s", "5s ", " 5s", "5ss", ".5s", "5.s", "1.2.3s",
            "1.0000001s",
            "99999999999999999999s", "9999999999h", "999999d", "5D", "9223372036854775807ms", "５s", "5\u{A0}s", "5秒",
            "0x5s", "1,5s",
        ])
    func refuses(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(
        "A duration is written in its largest whole unit, as it can be read",
        arguments: ["0", "5ms", "500ms", "1500ms", "2s", "90s", "5min", "90min", "24h", "36h", "7d", "730d"])
    func writes(_ text: String) throws {
        #expect(DurationText.write(try #require(DurationText.parse(text))) == text)
    }
}

@Suite struct NearestKeyTests {
    @Test(
        "A slip is recognised, another word is not",
        arguments: [
            ("lable", "label"), ("minimum_width", "minimum-width"), ("HoldAfter", "hold-after"), ("pres", "press"),
            ("qiuet", "quiet"), ("colour", nil), ("x", nil), ("stuck-after-a-long-long-long-long-long-while", nil),
        ] as [(String, String?)])
    func nearestKey(_ word: String, _ key: String?) {
        #expect(nearest(to: word, of: PointKeys.all.map(\.name)) == key)
    }
}
