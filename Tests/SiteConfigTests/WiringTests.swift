import CallCore
import Testing

@testable import SiteConfig

private let point = PointID("p1")!

/// Normally-closed contacts, loops, and resets at the call point.
@Suite struct WiringTests {
    @Test(
        "A normally-closed contact turns the level round and leaves the bias, so that a cut wire is a press",
        arguments: [
            ("contact: normally-closed", LineBias.pullUp, false), ("contact: normally-open", .pullUp, true),
            ("contact: normally-closed\nactive: high", .pullDown, true),
            ("contact: normally-closed\nbias: disabled", .disabled, false),
        ])
    func contact(_ keys: String, _ bias: LineBias, _ activeLow: Bool) throws {
        let site = try readSite(onePoint(keys)).get()
        #expect(site.lines.map(\.bias) == [bias])
        #expect(site.lines.map(\.activeLow) == [activeLow])
        #expect(site.points.map(\.isNormallyClosed) == [keys.contains("closed")])
    }

    @Test("Defaults may say that contacts are normally closed, and a point that its own is not")
    func defaults() throws {
        let defaults = "contact: normally-closed"
        #expect(try readSite(onePoint(defaults: defaults)).get().points[0].isNormallyClosed)
        let site = try readSite(onePoint("contact: normally-open", defaults: defaults)).get()
        #expect(!site.points[0].isNormallyClosed)
    }

    @Test("A loop is a line of its own, wired like its point's and never turned round")
    func loop() throws {
        let site = try readSite(onePoint("contact: normally-closed\nloop: {name: L}")).get()
        #expect(site.points[0].hasLoop)
        #expect(site.lines.map(\.point) == [point, point.loop])
        #expect(site.lines[1].address == .name("L", chip: nil))
        #expect(site.lines.map(\.activeLow) == [false, true])
        #expect(site.lines.map(\.bias) == [.pullUp, .pullUp])
        #expect(site.rules.watchedPoints == [point, point.loop])
        #expect(try readSite(onePoint("active: high\nloop: {name: L}")).get().lines[1].bias == .pullDown)
    }

    @Test("A simulated loop needs no line, but must be given")
    func simulatedLoop() throws {
        let start = head + "hardware: simulated\npoints:\n- {id: a, label: A}\n- {id: b, label: B, loop: "
        let site = try readSite(start + "{}}").get()
        #expect(site.points.map(\.hasLoop) == [false, true])
        #expect(site.lines.isEmpty)
        #expect(site.rules.watchedPoints.map(\.text) == ["a", "b", PointID("b")!.loop.text])
        #expect(try readSite(start + "{name: L}}").get().points[1].hasLoop)
        #expect(messages(start + "}").count == 1)
        #expect(messages(start + "{chip: c}}").count == 1)
    }

    @Test(
        "A wrong contact or loop is refused",
        arguments: [
            ("contact: nc", #"contact: found "nc""#), ("loop: {}", "loop.offset: found nothing"),
            ("loop: true", #"loop: found "true""#), ("loop: {chip: c}", "loop.offset: found nothing"),
            ("loop: {chip: c, offset: 1}", "loop: found c offset 1 again (first at gateway.yaml:8)"),
        ])
    func wrong(_ keys: String, _ message: String) {
        let found = briefly(messages(onePoint(keys)))
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix(": points[0].\(message)") == true, "\(found)")
    }

    @Test("Contact and loop can't be mixed up: defaults give the one and not the other")
    func loopInDefaults() {
        #expect(briefly(messages(onePoint(defaults: "loop: {name: L}"))).first?.contains("an unknown key") == true)
    }

    @Test("A CSV file gives contacts, loops and resets too")
    func csv() throws {
        let csv = """
            id,label,chip,offset,loop-chip,loop-offset,loop-name,contact,double,resets
            a,A,c,1,c,2,N,normally-closed,reset,a b*
            b,B,c,3,,,M,,,
            b2,C,c,4,,,,,,

            """
        let site = try readSite(head + "points: {file: p.csv}", csv: ["p.csv": csv]).get()
        #expect(site.points.map(\.hasLoop) == [true, true, false])
        #expect(site.points.map(\.isNormallyClosed) == [true, false, false])
        #expect(site.points[0].resets == ["a", "b*"])
        #expect(site.points[0].gestures.double == .reset)
        #expect(
            site.lines.map(\.address) == [
                .offset(chip: "c", offset: 1, name: nil), .offset(chip: "c", offset: 2, name: "N"),
                .offset(chip: "c", offset: 3, name: nil), .name("M", chip: nil),
                .offset(chip: "c", offset: 4, name: nil),
            ])
    }

    @Test("A CSV file's wrong loops name their columns")
    func wrongCSV() {
        let csv = """
            id,label,line-name,loop-chip,loop-offset,loop-name,resets
            a,A,X,c,,,
            b,B,Y,,7,,
            c,C,Z,,,X,
            d,D,W,,,,a

            """
        #expect(
            briefly(messages(head + "points: {file: p.csv}", csv: ["p.csv": csv])) == [
                "p.csv:2:1: loop-offset: found nothing", "p.csv:3:1: loop-chip: found nothing",
                "p.csv:4:9: loop: found X again (first at /site/p.csv:2)",
                "p.csv:5:10: resets: found resets without a gesture that is reset",
            ])
    }
}

@Suite struct ResetTests {
    @Test("A gesture may be reset, for the point's own calls or for others")
    func resets() throws {
        for key in ["press", "hold", "double"] {
            let site = try readSite(onePoint("\(key): reset")).get()
            #expect(site.points[0].gestures.asks(for: .reset))
            #expect(site.points[0].resets == [])
        }
        #expect(try readSite(onePoint("hold: reset\nresets: p*  p1")).get().points[0].resets == ["p*", "p1"])
    }

    @Test("Resets under defaults hold for the points that have a reset")
    func defaults() throws {
        let yaml =
            head + "defaults: {resets: \"*\"}\n"
            + "points: [{id: a, label: A, line: {name: A}, hold: reset}, {id: b, label: B, line: {name: B}}]"
        #expect(try readSite(yaml).get().points.map(\.resets) == [["*"], []])
        #expect(
            briefly(messages(onePoint(defaults: "resets: p1"))) == [
                "gateway.yaml:4:20: defaults.resets: found resets without a gesture that is reset"
            ])
        #expect(
            briefly(messages(onePoint("hold: reset", defaults: "resets: q*"))) == [
                #"gateway.yaml:4:20: defaults.resets: found "q*", which is the beginning of no point's id"#
            ])
    }

    @Test(
        "Resets that reach nobody are refused",
        arguments: [
            ("resets: p1", ["resets: found resets without a gesture that is reset"]),
            ("hold: reset\nresets: p1 p2", [#"resets: found "p2", which is no point"#]),
            ("hold: reset\nresets: p1, p1", [#"resets: found "p1, p1""#]),
            ("hold: reset\nresets: \"\"", [#"resets: found """#]),
            ("hold: reset\nresets: [p1]", ["resets: found a list"]),
            (
                "hold: reset\nresets: \(Array(repeating: "p1", count: 65).joined(separator: " "))",
                [#"resets: found "\#(String(repeating: "p1 ", count: 20))…""#]
            ),
        ])
    func wrong(_ keys: String, _ expected: [String]) {
        let found = briefly(messages(onePoint(keys))).map { $0.split(separator: "points[0].").last.map(String.init) }
        #expect(found == expected)
    }

    /// What is wrong when a service is resolved at the call point, on a site with these points.
    private func endless(_ points: String, service: String = "emergency", rules: String = "") -> [String] {
        let all = points.split(separator: "\n").enumerated().map { index, keys in
            "- {id: p\(index), label: P, line: {name: l\(index)}, \(keys)}\n"
        }.joined()
        return briefly(messages(head + "services: {\(service): {resolve: point\(rules)}}\npoints:\n" + all))
    }

    @Test("A call that only a reset ends needs one that reaches its point")
    func reached() {
        #expect(endless("hold: reset").isEmpty)
        #expect(endless("press: emergency\npress: reset, resets: p0").isEmpty)
        #expect(endless("press: emergency\npress: emergency\npress: reset, resets: \"p*\"").isEmpty)
        #expect(endless("press: meal, hold: reset\npress: errand", service: "meal").isEmpty)
    }

    @Test("Calls that nothing could end are refused, with the points they come from")
    func notReached() {
        let start = "gateway.yaml:4:33: services.emergency.resolve: found point, and no reset that could end calls"
        #expect(endless("press: emergency") == ["\(start) from p0"])
        #expect(endless("press: emergency, hold: reset, resets: p1\nhold: reset") == ["\(start) from p0"])
        #expect(
            endless("hold: reset\n" + String(repeating: "press: emergency\n", count: 5)) == [
                "\(start) from p1, p2, p3 and 2 more"
            ])
        // A meal button held down is an emergency too.
        #expect(endless("press: meal") == ["\(start) from p0"])
        let meal = "gateway.yaml:4:28: services.meal.resolve: found point, and no reset that could end calls"
        #expect(endless("press: errand", service: "meal") == [meal])
    }
}
