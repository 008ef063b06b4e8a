import CallCore
import Testing

@testable import SiteConfig

/// Lines that can't be found, and labels that can't be read.
@Suite struct LineProblemTests {
    @Test(
        "A line that can't be found is refused",
        arguments: [
            ("{}", #"line.offset: found nothing"#),
            ("{chip: c}", "line.offset: found nothing"),
            ("{offset: 3}", "line.chip: found nothing"),
            ("{chip: c, offset: 512}", #"line.offset: found "512""#),
            ("{chip: c, offset: -1}", #"line.offset: found "-1""#),
            ("{chip: c, offset: 017}", #"line.offset: found "017""#),
            ("{chip: c, offset: 0x11}", #"line.offset: found "0x11""#),
            ("{chip: /dev/gpiochip0, offset: 1}", #"line.chip: found "/dev/gpiochip0""#),
            ("{name: abcdefghijklmnopqrstuvwxyz123456}", #"line.name: found "abcdefghijklmnopqrstuvwxyz123456""#),
            ("17", #"line: found "17""#),
            ("[c, 17]", "line: found a list"),
        ])
    func badLine(_ line: String, _ message: String) {
        let found = briefly(messages(head + "points:\n- {id: a, label: A, line: \(line)}"))
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix(": points[0].\(message)") == true, "\(found)")
    }

    @Test("A line is checked on simulated hardware too, but may be left out")
    func simulated() {
        let simulated = head + "hardware: simulated\n"
        #expect(messages(simulated + "points: [{id: a, label: A, line: {chip: c}}]").count == 1)
        #expect(messages(simulated + "points: [{id: a, label: A}]").isEmpty)
    }

    @Test(
        "A label has words for people, and nothing that hides or turns them",
        arguments: ["\"\"", "\" \"", "\"a\\tb\"", "\"a\\u202Eb\"", "\"a\\uFFFDb\"", "|\n   two\n   lines"])
    func badLabel(_ label: String) {
        #expect(briefly(messages(head + "hardware: simulated\npoints:\n- id: a\n  label: \(label)\n")).count == 1)
    }

    @Test("A label may have 200 characters, not 201")
    func longLabel() {
        func count(_ length: Int) -> Int {
            let label = String(repeating: "楼", count: length)
            return messages(head + "hardware: simulated\npoints: [{id: a, label: \(label)}]").count
        }
        #expect(count(200) == 0)
        #expect(count(201) == 1)
    }
}
