import CallCore
import Testing

@testable import SiteConfig

/// Site files that somebody broke, by accident or on purpose: always a message, soon, and never a crash.
@Suite struct HostileInputTests {
    @Test(
        "What is no YAML mapping at all is said so in one line",
        arguments: [
            ("", "gateway.yaml: found an empty file"),
            ("\u{FEFF}\r\n \r\n", "gateway.yaml: found an empty file"),
            ("# only a comment\n", "gateway.yaml:2:1: found only comments"),
            ("---\n...\n", "gateway.yaml:2:1: found nothing"),
            ("willow-court", "gateway.yaml:1:1: found plain text"),
            ("- a\n- b\n", "gateway.yaml:1:1: found a list"),
            ("site：willow-court", "gateway.yaml:1:1: found plain text"),
        ])
    func nothing(_ yaml: String, _ message: String) {
        #expect(briefly(messages(yaml)) == [message])
    }

    @Test(
        "Broken YAML is said with its line, what the parser was in, and what usually helps",
        arguments: [
            ("a: b: c", ":1:5: found broken YAML: mapping values are not allowed in this context", "in quotes"),
            ("a:\n\tb: c", ":2:1: found broken YAML: found character that cannot start any token", "never a tab"),
            (
                "a: {b: c\nd",
                ":3:1: found broken YAML: did not find expected ',' or '}' (while parsing a flow mapping "
                    + "that begins in line 1)", "in quotes"
            ),
            ("a: 'b\n\nc", "that begins in line 1)", "in quotes"),
            ("site：a\ngateway: b", ":2:8: found broken YAML: mapping values are not allowed", "full-width colon (：)"),
            ("a: \u{7F}", ":1:4: found broken YAML: control characters are not allowed", "in quotes"),
        ])
    func syntax(_ yaml: String, _ found: String, _ remedy: String) throws {
        let messages = messages(yaml)
        let message = try #require(messages.count == 1 ? messages[0] : nil, "\(messages)")
        #expect(message.contains(found), "\(message)")
        #expect(message.contains(remedy), "\(message)")
    }

    @Test("A file of 1 MiB is read, a larger one refused with its size")
    func size() {
        let full = onePoint() + "\n#" + String(repeating: "x", count: (1 << 20) - onePoint().utf8.count - 2)
        #expect(full.utf8.count == 1 << 20)
        #expect(messages(full).isEmpty)
        #expect(
            messages(full + "x") == [
                "gateway.yaml: found a file of 1,048,577 bytes, allowed: a YAML site file of up to 1,048,576 bytes"
            ])
    }

    @Test("Binary data and other encodings are recognised, with the place of the first wrong byte")
    func binary() {
        let start = Array("site: willow-court\ngateway: 门".utf8)
        let found = { (tail: [UInt8]) in messages(readSite(start + tail)) }
        #expect(briefly(found([0, 1])) == ["gateway.yaml:2:11: found a NUL byte: this is not a text file"])
        #expect(briefly(found([0xC3])) == ["gateway.yaml:2:11: found the byte 0xC3, which is not UTF-8"])
        #expect(found([0xFF])[0].hasSuffix("allowed: text in UTF-8 (save it again with the encoding UTF-8)"))
        let gbk = Array("label: ".utf8) + [0xC3, 0xC5]
        #expect(messages(readSite(gbk))[0].contains("looks like GBK"))
        #expect(
            briefly(messages(readSite([0xFE, 0xFF, 0, 0x73]))) == [
                "gateway.yaml: found UTF-16 (which Windows calls Unicode)"
            ])
    }

    @Test(
        "Bytes that are no UTF-8 are found where they stand",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE6, 0x97], [0xC3, 0x41],
        ] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        #expect(TextFile.firstInvalidUTF8(in: [0x41] + bytes) == 1)
        #expect(TextFile.firstInvalidUTF8(in: [0x41] + bytes + [0x42]) == 1)
        #expect(TextFile.firstInvalidUTF8(in: Array("é号😀\u{7FF}\u{FFFF}\u{10FFFF}".utf8)) == nil)
    }

    @Test("Aliases, anchors, tags and second documents are refused, each at its place")
    func decorations() {
        let yaml =
            "site: &s willow-court\ngateway: *s\nhardware: !!str gpio\n" + "brokers: [{host: h}]\n"
            + "points: [{id: p, label: P, line: {name: X}}]\n--- \nsite: other\n"
        #expect(
            briefly(messages(yaml)) == [
                "gateway.yaml:1:7: found an anchor (a value that begins with &)",
                "gateway.yaml:2:10: found an alias (a value that begins with *)",
                "gateway.yaml:3:11: found a tag (a value that begins with !)",
                "gateway.yaml:6:1: found a second document (after ---)",
            ])
    }

    @Test("A bomb of aliases takes no time and no memory")
    func bomb() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<30 {
            let item = "*a\(level - 1)"
            yaml += "a\(level): &a\(level) [\(Array(repeating: item, count: 9).joined(separator: ", "))]\n"
        }
        let clock = SuspendingClock()
        var found: [String] = []
        let time = clock.measure { found = messages(yaml) }
        #expect(found.contains { $0.contains("found an alias") })
        #expect(time < .seconds(2))
    }

    @Test(
        "A quarter of a megabyte of any one thing is refused within seconds",
        arguments: [
            "[", "{", "- ", "? ", "a: ", "a: {", "\"", "'", "&a ", "*a ", "!", "!a ", "|", ">\n", "%", "[a,", "a,",
            "\n- a",
            "\n- - ", "#", "\t", "\r", "：", "- {}\n", "[]: ", "{a: 1, ", "{}, ", "\n\"a\": ", "---\n", "...\n", "a\n\n",
            "? a\n", "<<: ", "\u{85}", "\"\\x41\"", "%TAG ! a\n", "\nk", "- [[[[[[[[[[[[[]]]]]]]]]]]]]\n", ": ", "é",
        ])
    func manyOf(_ piece: String) {
        let count = (1 << 18) / piece.utf8.count
        let clock = SuspendingClock()
        for start in ["", "points: [", head + "points:\n"] {
            var found: [String] = []
            let time = clock.measure { found = messages(start + String(repeating: piece, count: count)) }
            #expect(!found.isEmpty)
            #expect(found.count <= SiteProblems.printed + 1)
            #expect(time < .seconds(10), "\(piece.debugDescription) took \(time)")
        }
    }

    @Test(
        "A quarter of a megabyte of anything as CSV is refused within seconds",
        arguments: [",", "\n", "\"", "\"\"", "\"\n", "a\n", "a,a\n", ";", "\r", "a", "\",\"", ",\n", "\u{3000}"])
    func manyCells(_ piece: String) {
        let clock = SuspendingClock()
        for start in ["", "id,label,line-name\n"] {
            let csv = start + String(repeating: piece, count: (1 << 18) / piece.utf8.count)
            var found: [String] = []
            let time = clock.measure { found = messages(head + "points: {file: p.csv}", csv: ["p.csv": csv]) }
            #expect(!found.isEmpty)
            #expect(time < .seconds(10), "\(piece.debugDescription) took \(time)")
        }
    }

    @Test("Outputs, levels, patterns and services by the thousand are refused within seconds")
    func manyRules() {
        let outputs = (0..<256).map { "o\($0): {kind: lamp, line: {name: n\($0)}}" }.joined(separator: ", ")
        let wrong = Array(repeating: "o999x", count: 256).joined(separator: ", ")
        let levels = Array(repeating: "{outputs: [\(wrong)]}", count: 16).joined(separator: ", ")
        let services = (0..<10).map { "s\($0): {priority: 4, escalate-every: 1h, escalation: [\(levels)]}" }
        let patterns = Array(repeating: "q*", count: 256).joined(separator: ", ")
        let shown = (0..<256).map { "o\($0): {kind: lamp, line: {name: n\($0)}, points: [\(patterns)]}" }
        let resets = Array(repeating: "q*", count: 64).joined(separator: " ")
        let points = (0..<3_000).map {
            "- {id: p\($0), label: P, line: {name: l\($0)}, hold: reset, resets: \(resets)}\n"
        }
        let unknown = (0..<8_000).map { "- {id: p\($0), label: P, line: {name: l\($0)}, press: s\($0)x}\n" }
        let own = (0..<20_000).map { "s\($0): {priority: 4}" }.joined(separator: ", ")
        let files = [
            onePoint() + "\noutputs: {\(outputs)}\nservices: {\(services.joined(separator: ", "))}",
            onePoint() + "\noutputs: {\(shown.joined(separator: ", "))}", head + "points:\n" + points.joined(),
            head + "services: {\(own)}\npoints:\n" + unknown.joined(),
        ]
        let clock = SuspendingClock()
        for file in files {
            var found: [String] = []
            let time = clock.measure { found = messages(file) }
            #expect(found.count == SiteProblems.printed + 1, "\(found.first ?? "")")
            #expect(found.allSatisfy { $0.utf8.count < 4_096 })
            #expect(time < .seconds(10), "\(file.prefix(200)) took \(time)")
        }
    }

    @Test("Sixteen levels are read, a seventeenth is refused")
    func depth() {
        func nested(_ levels: Int) -> [String] {
            briefly(messages("a: " + String(repeating: "[", count: levels) + String(repeating: "]", count: levels)))
        }
        #expect(nested(15).first == "gateway.yaml:1:1: a: found an unknown key")
        #expect(nested(16) == ["gateway.yaml:1:19: found lists or mappings more than 16 deep"])
    }
}
