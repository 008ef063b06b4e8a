import CallCore
import Testing

@testable import SiteConfig

/// Every kind of wrong value in the site file, with the whole message.
@Suite struct ProblemTests {
    @Test("A problem is printed with its place, key path, what was found and what is allowed")
    func problemIsPrinted() {
        let list = "points:\n- {id: a, label: A, line: {name: A}}\n- {id: b, label: B, line: {name: B}}\n"
        let yaml = head + list + "- id: c\n  label: C\n  line:\n    chip: x\n    offset: seven\n"
        #expect(
            messages(yaml) == [
                "gateway.yaml:11:13: points[2].line.offset: found \"seven\", allowed: a whole number from 0 to 511"
            ])
    }

    @Test("All problems are found at once, in the order of the lines")
    func allAtOnce() {
        let yaml = """
            site: Willow Court
            gateway: desk
            hardware: real
            brokers: []
            journal: ''
            points:
              - lable: 1号楼
                id: B3
                press: laundri
            services: {laundry: {priority: 0}}
            extra: 1
            """
        let keys = SiteKeys.all.map(\.name).joined(separator: ", ")
        let pointKeys = PointKeys.all.map(\.name).joined(separator: ", ")
        #expect(
            messages(yaml) == [
                #"gateway.yaml:1:7: site: found "Willow Court", allowed: 1 to 64 of a-z, 0-9 and -"#,
                #"gateway.yaml:2:10: gateway: found "desk", allowed: 1 to 64 of a-z, 0-9 and - (but not desk)"#,
                #"gateway.yaml:3:11: hardware: found "real", allowed: gpio or simulated"#,
                "gateway.yaml:4:10: brokers: found 0 brokers, allowed: a list of 1 to 16 brokers, each beginning with "
                    + #""- host:""#,
                #"gateway.yaml:5:10: journal: found "", allowed: the name of a file (up to 4095 bytes)"#,
                "gateway.yaml:7:5: points[0].lable: found an unknown key, allowed: did you mean label? keys here are "
                    + pointKeys,
                "gateway.yaml:7:5: points[0].label: found nothing, allowed: 1 to 200 characters on one line, without "
                    + "control characters or �",
                #"gateway.yaml:8:9: points[0].id: found "B3", allowed: 1 to 64 of a-z, 0-9 and -"#,
                #"gateway.yaml:9:12: points[0].press: found the unknown service "laundri", allowed: did you mean "#
                    + "laundry? services here are emergency, errand, laundry, meal, and reset ends calls",
                #"gateway.yaml:10:32: services.laundry.priority: found "0", allowed: a whole number from 1 to 9"#,
                "gateway.yaml:11:1: extra: found an unknown key, allowed: keys here are \(keys)",
            ])
    }

    @Test("A value of the wrong kind is refused with what is allowed", arguments: wrongValues)
    func wrongValue(_ wrong: WrongValue) throws {
        let found = messages(onePoint(wrong.yaml))
        let only = try #require(found.count == 1 ? found.first : nil, "\(found)")
        #expect(only.hasSuffix(": points[0].\(wrong.message)"), "\(only)")
    }

    @Test("Every required key is missed at the place of its mapping")
    func missing() {
        #expect(
            briefly(messages("hardware: gpio")) == [
                "gateway.yaml:1:1: site: found nothing", "gateway.yaml:1:1: gateway: found nothing",
                "gateway.yaml:1:1: brokers: found nothing", "gateway.yaml:1:1: points: found nothing",
            ])
        #expect(
            briefly(messages(head + "points:\n  - press: meal")) == [
                "gateway.yaml:5:5: points[0].line: found nothing", "gateway.yaml:5:5: points[0].id: found nothing",
                "gateway.yaml:5:5: points[0].label: found nothing",
            ])
    }

    @Test("A key, an id or a line that stands there twice names both places")
    func doubles() {
        let point = "- {id: a, label: A, line: {chip: c, offset: 1}}\n"
        #expect(
            messages("site: s\n" + head + "points:\n" + point + point) == [
                "gateway.yaml:2:1: site: found the key a second time (first at gateway.yaml:1), allowed: each key once",
                #"gateway.yaml:7:8: points[1].id: found "a" again (first at gateway.yaml:6), "#
                    + "allowed: each id once in a site",
                "gateway.yaml:7:27: points[1].line: found c offset 1 again (first at gateway.yaml:6), "
                    + "allowed: each line once, for one point, loop or output",
            ])
    }

    @Test(
        "Two ways to name one line are found to be the same line",
        arguments: [
            ("{chip: c, offset: 1, name: N}", "{chip: c, offset: 1}", true),
            ("{chip: c, offset: 1, name: N}", "{name: N}", true),
            ("{name: N}", "{chip: c, offset: 1, name: N}", true),
            ("{name: N}", "{chip: c, name: N}", true),
            ("{chip: c, name: N}", "{chip: c, offset: 1, name: N}", true),
            ("{chip: c, name: N}", "{name: N}", true),
            ("{chip: c, name: N}", "{chip: d, name: N}", false),
            ("{chip: c, offset: 1, name: N}", "{chip: d, offset: 1, name: N}", false),
            ("{chip: c, offset: 1}", "{chip: c, offset: 2}", false),
            ("{chip: c, offset: 1}", "{name: N}", false),
        ])
    func sameLine(_ first: String, _ second: String, _ isSame: Bool) {
        let yaml = head + "points:\n- {id: a, label: A, line: \(first)}\n- {id: b, label: B, line: \(second)}\n"
        #expect(messages(yaml).count == (isSame ? 1 : 0))
    }

    @Test("A broker's problems name the broker, and a password is never shown")
    func brokers() {
        let yaml = """
            site: s
            gateway: g
            points: [{id: p, label: P, line: {name: X}}]
            brokers:
              - {host: "mqtt://x", port: 0, version: 4, keep-alive: 5s, password: hunter2}
              - {host: "h:1883", password-file: x, tls: {certificate: c}}
              - {host: h, keep-alive: 10.5s, tls: {ca: c, key: "-----BEGIN PRIVATE KEY-----\\nhunter2"}}
              - {hots: h, Password: *hunter2, passwd: !hunter2 x}
              - h
            """
        let found = messages(yaml)
        #expect(!found.contains { $0.contains("hunter2") })
        #expect(
            briefly(found) == [
                #"gateway.yaml:5:12: brokers[0].host: found "mqtt://x""#,
                #"gateway.yaml:5:30: brokers[0].port: found "0""#,
                #"gateway.yaml:5:42: brokers[0].version: found "4""#,
                #"gateway.yaml:5:57: brokers[0].keep-alive: found "5s""#,
                "gateway.yaml:5:61: brokers[0].password: found a secret in the site file",
                "gateway.yaml:6:5: brokers[1].username: found nothing",
                #"gateway.yaml:6:12: brokers[1].host: found "h:1883""#,
                "gateway.yaml:6:45: brokers[1].tls.ca: found nothing",
                "gateway.yaml:6:45: brokers[1].tls.key: found nothing",
                #"gateway.yaml:7:27: brokers[2].keep-alive: found "10.5s""#,
                "gateway.yaml:7:39: brokers[2].tls.certificate: found nothing",
                "gateway.yaml:7:52: brokers[2].tls.key: found a key or certificate written out here",
                "gateway.yaml:8:5: brokers[3].host: found nothing",
                "gateway.yaml:8:6: brokers[3].hots: found an unknown key",
                "gateway.yaml:8:15: brokers[3].Password: found a secret in the site file",
                "gateway.yaml:8:25: found an alias (a value that begins with *)",
                "gateway.yaml:8:35: brokers[3].passwd: found a secret in the site file",
                "gateway.yaml:8:43: found a tag (a value that begins with !)",
                #"gateway.yaml:9:5: brokers[4]: found "h""#,
            ])
        #expect(
            found.contains {
                $0.hasSuffix("allowed: password-file: the name of a file whose first line is the password")
            })
    }

    @Test("Services that are reserved, misnamed, incomplete or more urgent than an emergency are refused")
    func services() {
        let services = """

            services:
              test: {priority: 1}
              none: {priority: 1}
              Big: {priority: 4}
              meal: 4
              visit: {}
              emergency: {priority: 3}
              errand: {priority: 2}
            """
        #expect(
            briefly(messages(onePoint() + services)) == [
                #"gateway.yaml:11:3: services.test: found the service "test""#,
                #"gateway.yaml:12:3: services.none: found the service "none""#,
                #"gateway.yaml:13:3: services.Big: found the service "Big""#,
                #"gateway.yaml:14:9: services.meal: found "4""#,
                "gateway.yaml:15:10: services.visit.priority: found nothing",
                "gateway.yaml:17:11: services.errand.priority: found errand with priority 2 before emergency with 3",
            ])
    }

    @Test("Settings that make a gesture impossible are refused, where they are given, once")
    func contradictions() {
        #expect(
            briefly(messages(onePoint("hold-after: 20s\nstuck-after: 10s"))) == [
                "gateway.yaml:9:17: points[0].hold-after: found hold-after 20s with stuck-after 10s"
            ])
        #expect(
            briefly(messages(onePoint("quiet: 200ms", defaults: "double-within: 200ms"))) == [
                "gateway.yaml:9:12: points[0].quiet: found double-within 200ms with quiet 200ms"
            ])
        #expect(
            briefly(messages(onePoint(defaults: "double-within: 200ms, quiet: 200ms"))) == [
                "gateway.yaml:4:27: defaults.double-within: found double-within 200ms with quiet 200ms"
            ])
    }

    @Test("Paths that a socket can't have, or that are used twice, are refused")
    func paths() {
        let long = String(repeating: "x", count: 103)
        #expect(messages(onePoint() + "\ncontrol-socket: /tmp/\(long.dropLast())").isEmpty)
        #expect(
            briefly(messages(onePoint() + "\ncontrol-socket: \(long)")).first?.contains("a path of 109 bytes") == true)
        #expect(
            briefly(messages(onePoint() + "\ncontrol-socket: /a\njournal: /a")) == [
                "gateway.yaml:10:17: control-socket: found the path of journal too"
            ])
        #expect(
            briefly(messages(onePoint() + "\njournal: \(Site.Files.standard.control)")) == [
                "gateway.yaml:10:10: journal: found the path of control-socket too"
            ])
        #expect(
            briefly(messages(onePoint() + "\nsimulator-socket: /s")) == [
                "gateway.yaml:10:19: simulator-socket: found a simulator's socket on real hardware"
            ])
    }

    @Test("A hundred problems are printed, and how many more there are")
    func manyProblems() {
        let yaml = head + "points:\n" + String(repeating: "- {}\n", count: 5_000)
        let lines = messages(yaml)
        #expect(lines.count == 101)
        #expect(lines.last == "and 14900 more")
        guard case .failure(let problems) = readSite(yaml) else { return }
        #expect(problems.total == 15_000)
        #expect(problems.problems.count == ProblemList.remembered)
    }
}

/// A point's keys with one thing wrong, and its message after `points[0].`.
struct WrongValue: CustomTestStringConvertible {
    let yaml: String
    let message: String
    var testDescription: String { yaml }

    init(_ yaml: String, _ message: String) {
        self.yaml = yaml
        self.message = message
    }
}

private let units = "with its unit (ms, s, min, h, d)"

let wrongValues: [WrongValue] = [
    .init("bias: up", #"bias: found "up", allowed: pull-up or pull-down or disabled"#),
    .init("bias: [pull-up]", "bias: found a list, allowed: pull-up or pull-down or disabled"),
    .init("active: true", #"active: found "true", allowed: low or high"#),
    .init("active:", "active: found nothing, allowed: low or high"),
    .init("active: ~", "active: found nothing, allowed: low or high"),
    .init(
        "press: none",
        #"press: found the unknown service "none", allowed: services here are emergency, errand, meal, "#
            + "and reset ends calls"),
    .init("press: Meal", #"press: found "Meal", allowed: 1 to 64 of a-z, 0-9 and -"#),
    .init("hold: {a: b}", "hold: found a mapping (key: value), allowed: a service, reset, or none"),
    .init(
        "double: meals",
        #"double: found the unknown service "meals", allowed: did you mean meal? services here are emergency, errand, "#
            + "meal, and reset ends calls"),
    .init("hold-after: 2", #"hold-after: found "2", allowed: a duration from 500ms to 30s, \#(units)"#),
    .init("hold-after: 499ms", #"hold-after: found "499ms", allowed: a duration from 500ms to 30s, \#(units)"#),
    .init("double-within: 2m", #"double-within: found "2m", allowed: a duration from 200ms to 2s, \#(units)"#),
    .init("minimum-width: -1ms", #"minimum-width: found "-1ms", allowed: a duration from 0 to 50ms, \#(units)"#),
    .init("quiet: 0", #"quiet: found "0", allowed: a duration from 5ms to 200ms, \#(units)"#),
    .init("stuck-after: 25h", #"stuck-after: found "25h", allowed: a duration from 10s to 24h, \#(units)"#),
    .init("\"bad\\nkey\": 1", #""bad\nkey": found an unknown key, allowed: keys here are "# + pointKeyNames),
    .init(
        "minimum_width: 1ms",
        "minimum_width: found an unknown key, allowed: did you mean minimum-width? keys here are "
            + pointKeyNames),
]

private let pointKeyNames = PointKeys.all.map(\.name).joined(separator: ", ")
