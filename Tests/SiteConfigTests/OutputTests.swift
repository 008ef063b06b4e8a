import CallCore
import Testing

@testable import SiteConfig

/// A right site file with three points and these outputs.
private func yaml(_ outputs: String, hardware: String = "gpio") -> String {
    """
    site: s
    gateway: g
    brokers: [{host: h}]
    hardware: \(hardware)
    points:
      - {id: b1-a, label: A, line: {chip: c, offset: 1}}
      - {id: b1-b, label: B, line: {name: X}, loop: {chip: c, offset: 2, name: L}}
      - {id: b2, label: C, line: {name: Y}}
    outputs:
    \(outputs.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
    """
}

/// What is wrong with these outputs, without what is allowed and without the place.
private func problems(_ outputs: String, hardware: String = "gpio") -> [String] {
    briefly(messages(yaml(outputs, hardware: hardware))).map { message in
        message.firstRange(of: ": ").map { String(message[$0.upperBound...]) } ?? message
    }
}

@Suite struct OutputTests {
    @Test("Every key of an output reaches its setting")
    func keys() throws {
        let site = try readSite(
            yaml(
                """
                lamp-b1:
                  kind: lamp
                  line: {chip: c, offset: 20, name: GPIO20}
                  active: low
                  points: [b1-*, b2]
                  patterns: {sent: on, received: 'off', accepted: 50ms 1.5s, on-the-way: once 1s, idle: on}
                siren: {kind: relay, line: {name: S}}
                bell: {kind: buzzer, line: {name: B}, points: ["*"]}
                """)
        ).get()
        let (lamp, siren, bell) = (OutputID("lamp-b1")!, OutputID("siren")!, OutputID("bell")!)
        #expect(
            site.outputs == [
                BoardOutput(
                    id: lamp, kind: .lamp, points: ["b1-*", "b2"],
                    patterns: [
                        .sent: .on, .received: .off, .accepted: .blink(.milliseconds(50), .milliseconds(1_500)),
                        .onTheWay: OutputPattern([.seconds(1)], repeats: false), .idle: .on,
                    ]),
                BoardOutput(id: siren, kind: .relay), BoardOutput(id: bell, kind: .buzzer, points: ["*"]),
            ])
        #expect(
            site.outputLines == [
                OutputLine(output: lamp, address: .offset(chip: "c", offset: 20, name: "GPIO20"), activeLow: true),
                OutputLine(output: siren, address: .name("S", chip: nil), activeLow: false),
                OutputLine(output: bell, address: .name("B", chip: nil), activeLow: false),
            ])
        #expect(site.rules.outputs == site.outputs)
    }

    @Test("On simulated hardware an output needs no line and drives none")
    func simulated() throws {
        let outputs = "a: {kind: lamp, points: [b2]}\nb: {kind: relay, line: {name: Q}}"
        let site = try readSite(yaml(outputs, hardware: "simulated")).get()
        #expect(site.outputs.map(\.id.text) == ["a", "b"])
        #expect(site.outputLines.isEmpty)
        #expect(problems("a: {kind: lamp, line: {chip: c}}", hardware: "simulated").count == 1)
    }

    @Test(
        "A wrong output is refused",
        arguments: [
            ("Siren: {kind: relay, line: {name: S}}", #"outputs.Siren: found the output "Siren""#),
            ("a: relay", #"outputs.a: found "relay""#), ("a: {line: {name: S}}", "outputs.a.kind: found nothing"),
            ("a: {kind: led, line: {name: S}}", #"outputs.a.kind: found "led""#),
            ("a: {kind: lamp}", "outputs.a.line: found nothing"),
            ("a: {kind: lamp, line: 20}", #"outputs.a.line: found "20""#),
            ("a: {kind: lamp, line: {offset: 3}}", "outputs.a.line.chip: found nothing"),
            (
                "a: {kind: lamp, line: {chip: c, offset: 1}}",
                "outputs.a.line: found c offset 1 again (first at gateway.yaml:6)"
            ),
            ("a: {kind: lamp, line: {name: X}}", "outputs.a.line: found X again (first at gateway.yaml:7)"),
            ("a: {kind: lamp, line: {name: L}}", "outputs.a.line: found L again (first at gateway.yaml:7)"),
            (
                "a: {kind: lamp, line: {chip: c, offset: 2}}",
                "outputs.a.line: found c offset 2 again (first at gateway.yaml:7)"
            ),
            ("a: {kind: lamp, line: {name: S}, active: on}", #"outputs.a.active: found "on""#),
            ("a: {kind: lamp, line: {name: S}, points: b1-a}", #"outputs.a.points: found "b1-a""#),
            ("a: {kind: lamp, line: {name: S}, points: [B1]}", #"outputs.a.points[0]: found "B1""#),
            ("a: {kind: lamp, line: {name: S}, points: [b1-*-*]}", #"outputs.a.points[0]: found "b1-*-*""#),
            ("a: {kind: lamp, line: {name: S}, points: [b1]}", #"outputs.a.points[0]: found "b1", which is no point"#),
            (
                "a: {kind: lamp, line: {name: S}, points: [b2, b3*]}",
                #"outputs.a.points[1]: found "b3*", which is the beginning of no point's id"#
            ),
            ("a: {kind: lamp, line: {name: S}, patterns: [on]}", "outputs.a.patterns: found a list"),
            (
                "a: {kind: lamp, line: {name: S}, patterns: {ready: on}}",
                "outputs.a.patterns.ready: found an unknown key"
            ),
            ("a: {kind: lamp, line: {name: S}, patterns: {sent: 500ms}}", #"outputs.a.patterns.sent: found "500ms""#),
            ("a: {kind: lamp, line: {name: S}, colour: red}", "outputs.a.colour: found an unknown key"),
        ])
    func wrong(_ outputs: String, _ message: String) {
        #expect(problems(outputs) == [message])
    }

    @Test("Two outputs can't share an id or a line")
    func doubles() {
        #expect(
            problems("a: {kind: lamp, line: {name: S}}\nb: {kind: lamp, line: {chip: d, name: S}}\na: {kind: lamp}")
                == [
                    "outputs.b.line: found d S again (first at gateway.yaml:10)",
                    "outputs.a: found the key a second time (first at gateway.yaml:10)",
                ])
    }

    @Test("A pattern is not blamed when a point's id can't be read")
    func unknownIDs() {
        let wrong = yaml("a: {kind: lamp, line: {name: S}, points: [b3-*]}")
        #expect(briefly(messages(wrong.replacing("id: b2", with: "id: B3-1"))).count == 1)
        #expect(briefly(messages(wrong.replacing("label: C", with: "lable: C"))).count == 3)
        let noPoints = head + "outputs: {a: {kind: lamp, line: {name: S}, points: [b3-*]}}\n"
        #expect(briefly(messages(noPoints)) == ["gateway.yaml:1:1: points: found nothing"])
        #expect(messages(noPoints + "points: {file: nope.csv}").count == 1)
        #expect(
            messages(noPoints + "points: {file: p.csv}", csv: ["p.csv": "id,label,line-name\nb3-1,\"A,X\n"]).count == 1)
    }

    @Test("256 outputs are enough")
    func tooMany() {
        func many(_ count: Int) -> [String] {
            problems((1...count).map { "o\($0): {kind: lamp, line: {name: o\($0)}}" }.joined(separator: "\n"))
        }
        #expect(many(256).isEmpty)
        #expect(many(257) == ["outputs: found 257 outputs"])
    }
}

@Suite struct PatternTextTests {
    @Test(
        "A pattern is read, and written as it is read",
        arguments: [
            ("on", OutputPattern.on), ("off", .off),
            ("500ms 1s", .blink(.milliseconds(500), .seconds(1))),
            ("20ms 1min", .blink(.milliseconds(20), .seconds(60))),
            ("once 200ms", OutputPattern([.milliseconds(200)], repeats: false)),
            (
                "once 200ms 100ms 200ms",
                OutputPattern([.milliseconds(200), .milliseconds(100), .milliseconds(200)], repeats: false)
            ),
        ])
    func reads(_ text: String, _ pattern: OutputPattern) {
        #expect(PatternText.parse(text) == pattern)
        #expect(PatternText.write(pattern) == text)
    }

    @Test(
        "Anything else is no pattern",
        arguments: [
            "", " ", "On", "true", "once", "500ms", "500ms 500ms 500ms", "500 500", "19ms 500ms", "1s 61s", "0 1s",
            "once once 1s", "500ms once", "on off", "1s,1s", Array(repeating: "1s", count: 34).joined(separator: " "),
            "once " + Array(repeating: "1s", count: 33).joined(separator: " "),
        ])
    func refuses(_ text: String) {
        #expect(PatternText.parse(text) == nil)
    }

    @Test("Every kind's own patterns could stand in the site file")
    func kinds() {
        for kind in BoardOutput.Kind.allCases {
            for signal in Signal.allCases {
                let pattern = kind.pattern(for: signal)
                #expect(PatternText.parse(PatternText.write(pattern)) == pattern, "\(kind) \(signal)")
            }
        }
    }
}
