import Testing

@testable import courtyard_sim

@Suite("A duration as it is typed")
struct SpanTests {
    @Test(
        "is a whole number and its unit",
        arguments: [
            ("200ms", Duration.milliseconds(200)), ("3s", .seconds(3)), ("1min", .seconds(60)), ("0s", .zero),
            ("999999ms", .milliseconds(999_999)),
        ])
    func reads(text: String, duration: Duration) {
        #expect(Span(argument: text)?.duration == duration)
    }

    @Test(
        "is nothing else",
        arguments: ["", "5", "ms", "-5ms", "1.5s", "5 s", "5S", "5h", "1000000ms", "٣s", "二s", "99999999999999999999s"])
    func refuses(text: String) {
        #expect(Span(argument: text) == nil)
    }

    @Test("is shown as it would be typed", arguments: ["0ms", "200ms", "1500ms", "3s", "90s", "2min"])
    func shows(text: String) {
        #expect(Span(argument: text)?.defaultValueDescription == text)
    }
}

@Suite("The hint at other call points")
struct HintTests {
    @Test("names those that begin most like the one asked for")
    func likeness() {
        let points = ["b1-u1-101", "b3-u2-401", "b3-u2-402", "b3-u1-101"]
        #expect(LinesClient.hint("b3-u2-403", among: points) == "It has 4, such as b3-u2-401, b3-u2-402.")
    }

    @Test("says where to look when there is none")
    func none() {
        #expect(LinesClient.hint("b3", among: []).contains("points"))
    }
}
