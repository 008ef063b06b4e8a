import CallCore
import SiteConfig
import Testing

@testable import CourtyardSimulation

@Suite("Scenario files") struct ScenarioReaderTests {
    private static let head = "scenario: A story\nsteps:\n"

    /// What is said of one wrong step.
    private func said(_ step: String) -> String {
        problems(Self.head + "  - \(step)\n").joined(separator: "\n")
    }

    @Test("everything that is wrong is said at once, with its place")
    func all() {
        let wrong = problems(
            """
            scenrio: A story
            site:
              points:
                - {id: a, lable: A}
            steps:
              - pres: a
              - wait: soon
            """)
        #expect(
            wrong.map { String($0.split(separator: " ")[0]) } == [
                "story.yaml:1:1:", "story.yaml:1:1:", "story.yaml:4:7:", "story.yaml:4:15:", "story.yaml:6:5:",
                "story.yaml:7:11:",
            ], "\(wrong)")
        #expect(wrong.contains { $0.contains("scenrio: found an unknown key, allowed: did you mean scenario?") })
        #expect(
            wrong.contains { $0.contains("site.points[0].lable: found an unknown key, allowed: did you mean label?") })
    }

    @Test("a transmitter is pressed by radio, and nothing else is")
    func radio() {
        let devices = ScenarioFiles.directory + "/../../boards/devices"
        func said(_ step: String) -> String {
            problems(
                """
                scenario: A story
                site:
                  devices: \(devices)
                  receivers: {hall: {}}
                  points:
                    - {id: a, label: A}
                    - {id: b, label: B, radio: {device: ev1527-one-button, code: 0x13CD38}}
                steps:
                  - \(step)
                """
            ).joined(separator: "\n")
        }
        #expect(said("radio: b") == "" && said("everybody: {over: 1s}") == "" && said("press: a") == "")
        #expect(said("press: b").contains("found b, which has no contact"))
        #expect(said("hold: {point: b}").contains("found b, which has no contact"))
        #expect(said("radio: a").contains("found a, which has no transmitter"))
        #expect(said("radio: {point: b, button: 0x10}").contains("a button of more than 4 bits"))
        #expect(said("radio: {point: b, receiver: attic}").contains("the unknown receiver \"attic\""))
        #expect(said("radio: {for: 1s}").contains("point: found nothing"))
    }

    @Test("an unknown step says which there are, and the nearest")
    func unknownStep() {
        #expect(said("pres: gate").contains("did you mean press? steps are press, hold, release"))
        #expect(said("radio-frame: {code: 1}").contains("found an unknown step, allowed: steps are press"))
        #expect(said("{press: gate, wait: 5s}").contains("found 2 keys (press, wait), allowed: one step"))
    }

    @Test(
        "a step with a wrong value says what is allowed",
        arguments: [
            ("press: nobody", "which is no point"), ("press: {point: b9-*}", "the beginning of no point's id"),
            ("press: {point: gate, fro: 1s}", "did you mean for?"),
            ("press: {point: gate, times: 2, every: 100ms}", "longer than the 150ms for which it is held"),
            ("hold: {point: gate, for: 1s}", "found an unknown key"),
            ("wire: {point: b3-u2-401, is: cut}", "b3-u2-401, whose wire isn't supervised"),
            ("edges: {point: gate, pattern: [1ms on]}", "a duration and made or open"),
            ("desk: works", "a desk and what it does"), ("desk: {desk-1: sleeps}", "works or listens or ignores"),
            ("desk: {desk-1: {accept: 5s}}", "did you mean accepts?"), ("broker: explode", "stop or kill or start"),
            ("broker: {does: stop, which: 2}", "a broker from 1 to 1"), ("power: off", "cut or on"),
            ("power: {on-showing: yesterday}", "a date and time with its offset"), ("clock: {step: far}", "a duration"),
            ("disk: broken", "well or full or fails or slow"), ("wait:", "found nothing"), ("wait: 5", "with its unit"),
            ("accept: {point: gate, service: tea}", "which is no service"),
            ("publish: {topic: a/#, payload: x}", "a topic without wildcards"),
            ("expect: {evnt: raised}", "did you mean event? one of event, call"),
            ("expect: {event: rased}", "pressed, raised, delivered"), ("expect: raised", "a mapping, such as"),
            ("expect: {output: lampe, shows: idle}", "which is no output"),
            ("expect: {fault: none}", "nobody-listening, desk-away"),
            ("expect: {call: gate, times: 2}", "found an unknown key"),
            ("never: {status: ready, within: 5s}", "keys here are status, for"),
        ])
    func values(step: String, message: String) {
        #expect(said(step).contains(message), "\(said(step))")
    }

    @Test("what nobody can do with a board without power, or with it, is refused")
    func impossible() {
        let wrong = problems(
            Self.head + """
                  - card: new
                  - power: cut
                  - agent: start
                  - power: cut
                  - card: new
                  - power: on
                  - power: on
                """)
        #expect(
            wrong == [
                "story.yaml:3:5: steps[0]: found \"card: new\" while the power is on, allowed: power: cut before",
                "story.yaml:5:5: steps[2]: found \"agent: start\" while the power is off, allowed: power: on before",
                "story.yaml:6:5: steps[3]: found \"power: cut\" while the power is off, allowed: power: on before",
                "story.yaml:9:5: steps[6]: found \"power: on\" while the power is on, allowed: power: cut before",
            ], "\(wrong.joined(separator: "\n"))")
    }

    @Test("a site may be a mapping, a file, or the standard courtyard; what a stage sets is set")
    func sites() throws {
        let standard = try scenario("- press: gate\n")
        #expect(standard.site.points.count == 5 && standard.site.hardware == .simulated)
        #expect(standard.site.site.text == "willow-court" && standard.site.brokers.count == 1)
        let own = try scenario(
            "- press: a\n", site: "brokers: 2\nsite: {gateway: gw-9, hardware: gpio, points: [{id: a, label: A}]}\n")
        #expect(own.site.gateway.text == "gw-9" && own.site.hardware == .simulated && own.site.brokers.count == 2)
        let text = "scenario: A story\nsite: nowhere.yaml\nsteps: [{press: a}]\n"
        #expect(problems(text)[0].contains("site: found no such file at //nowhere.yaml"), "\(problems(text))")
        #expect(problems("scenario: A story\nsite: [1]\nsteps: [{wait: 1s}]\n")[0].contains("found a list"))
    }

    @Test("a site goes to a real agent as it was read")
    func siteFile() throws {
        let site = "site: {points: [{id: a, label: \"A: \\\"床\\\" # 1\", hold: none}], defaults: {hold: errand}}\n"
        let story = try scenario("- press: a\n", site: site)
        let text = story.siteFile(
            brokers: [("127.0.0.1", 4711)],
            settings: [("hardware", "simulated"), ("journal", "/j"), ("control-socket", "/c")])
        let read = try SiteReader.read(Array(text.utf8), name: "s", directory: "/", files: DiskFiles())
        #expect(read.points == story.site.points && read.brokers.map(\.port) == [4711] && read.files.journal == "/j")
    }

    @Test("times of the wall clock are read with their offset")
    func wallTimes() {
        let read = Kind<WallTime>.wallTime.read
        #expect(read("2026-08-24T03:14:00+08:00")?.milliseconds == read("2026-08-23T19:14:00Z")?.milliseconds)
        #expect(read("1970-01-01T00:00:05-01:30")?.milliseconds == 5_405_000)
        for wrong in ["2026-08-24", "2026-08-24T03:14:00", "2026-08-24T03:14:00+8:00", "2026-08-24T03:14:00*08:00", ""]
        {
            #expect(read(wrong) == nil, "\(wrong)")
        }
    }

    @Test("a mutated scenario is read, or its problems are, and never crashes the reader")
    func mutations() throws {
        let path = ScenarioFiles.all[0]
        let original = try DiskFiles().bytes(of: path, limit: 1 << 20)
        var dice = Dice(4)
        for _ in 0..<2000 {
            var bytes = original
            for _ in 0...dice.below(3) {
                let index = dice.below(bytes.count)
                switch dice.below(3) {
                case 0: bytes[index] = UInt8(dice.below(256))
                case 1: bytes.remove(at: index)
                default: bytes.insert(Array("{}[]:,-*&!#\"\n ".utf8)[dice.below(14)], at: index)
                }
            }
            _ = try? ScenarioReader.read(bytes, name: "m", directory: "/", files: DiskFiles())
        }
    }
}
