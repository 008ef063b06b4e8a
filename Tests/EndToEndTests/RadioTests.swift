import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Transmitters with the real agent and a real broker, from enrolling one to two gateways that hear it.
    @Suite struct RadioTests {
        private static let simulator = (Agent.program as NSString).deletingLastPathComponent + "/courtyard-sim"
        private static let devices = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../boards/devices").standardized.path

        /// A gateway with files of its own.
        private final class Gateway {
            let bench: Bench
            let name: String
            private(set) var process: ChildProcess?

            init(
                _ bench: Bench, _ name: String, _ broker: Broker, points: [String], receivers: String = "hall: {}",
                more: [String] = []
            ) throws {
                self.bench = bench
                self.name = name
                let lines =
                    [
                        "site: willow-court", "gateway: \(name)", "hardware: simulated", "journal: \(name).db",
                        "control-socket: \(name).control", "simulator-socket: \(name).lines",
                        "brokers: [{host: 127.0.0.1, port: \(broker.port)}]", "receivers: {\(receivers)}",
                        "devices: \(devices)",
                    ] + more + ["points:"] + points.map { "  - {\($0)}" }
                try bench.write(lines.joined(separator: "\n") + "\n", to: "\(name).yaml")
                try start()
            }

            var site: String { bench.path("\(name).yaml") }

            func start() throws {
                process = try bench.start("agent-\(name)", Agent.program, ["run", "-c", site])
                try EndToEndTests.wait(until: "the agent answers") {
                    try bench.run(Agent.program, ["status", "--socket", bench.path("\(name).control")]).exitCode == 0
                }
            }

            func kill() throws {
                process?.end()
                process = nil
            }

            /// Presses a transmitter, and waits until it is over.
            func send(_ code: String, _ more: [String] = []) throws {
                _ = try bench.succeed(
                    simulator, ["press", "--code", code, "--socket", bench.path("\(name).lines")] + more)
            }

            func run(_ arguments: [String], within limit: Duration = .seconds(30)) throws -> ChildProcess {
                try bench.run(Agent.program, arguments + ["-c", site], within: limit)
            }
        }

        @Test("A transmitter is enrolled by pressing it twice, and calls from then on, also after a restart")
        func enrol() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let gateway = try Gateway(
                    bench, "gw-1", broker,
                    points: ["id: b1, label: A", "id: b2, label: B", "id: b3, label: C"],
                    more: ["transmitters: transmitters.csv"])
                try gateway.send("0x55AA13")
                #expect(
                    try gateway.run(["enrol", "--heard"]).output.contains("0x55AA13, ev1527, heard by hall, 1 press\n"))
                let enrolling = try bench.start("enrol", Agent.program, ["enrol", "b2", "--yes", "-c", gateway.site])
                try wait(until: "it listens") { enrolling.output.contains("Press the button of b2 (B) twice") }
                try gateway.send("0x13CD38")
                try wait(until: "it asks for more") {
                    enrolling.output.contains("0x13CD38, ev1527, heard by hall: once more")
                }
                try gateway.send("0x13CD38")
                #expect(try enrolling.ended() == 0, "\(enrolling.output)\(enrolling.errors)")
                let table = try String(contentsOfFile: bench.path("transmitters.csv"), encoding: .utf8)
                #expect(table == "point,device,code\nb2,ev1527-one-button,0x13CD38\n")
                pause(.milliseconds(500))  // beyond the quiet gap: a press of its own
                try gateway.send("0x13CD38")
                try subscriber.wait(until: "its call") { $0.presses("b2").count == 1 }
                #expect(subscriber.presses("b2").first?.json?.data?.receiver == "hall", bench.logs)
                let status = try JSON(
                    parsing: bench.succeed(
                        Agent.program, ["status", "--json", "--socket", bench.path("gw-1.control")]))
                let hall = try #require(status.receivers?.items?.first)
                #expect(hall.receiver == "hall" && hall.state == "ok" && hall.presses?.int ?? 0 >= 3, "\(hall)")
                let doctor = try gateway.run(["doctor"]).output
                #expect(
                    doctor.contains("transmitters ev1527-one-button: 1 call point, ev1527; can be copied"), "\(doctor)")
                // Whoever is enrolled elsewhere is not taken, and nothing changes.
                let again = try gateway.run(["enrol", "b3", "--code", "0x13CD31", "--yes"])
                #expect(again.exitCode == 1 && again.errors.contains("found the transmitter of"), "\(again.errors)")
                let unknown = try gateway.run(["enrol", "b9", "--code", "0x13CD31", "--yes"])
                #expect(unknown.exitCode == 1 && unknown.errors.contains("no call point b9"), "\(unknown.errors)")
                #expect(try String(contentsOfFile: bench.path("transmitters.csv"), encoding: .utf8) == table)
                #expect(try gateway.run(["enrol"]).exitCode == 64)
                try gateway.kill()
                let late = try gateway.run(["enrol", "b3", "--code", "0x7A1E51", "--yes"])
                #expect(late.exitCode == 0 && late.output.contains("No agent runs here"), "\(late.errors)")
                try gateway.start()
                try gateway.send("0x13CD38")
                try subscriber.wait(until: "a press after the restart") {
                    $0.presses("b2").last?.json?.data?.presses?.number == 2
                }
                try subscriber.wait(until: "its point") {
                    $0.lastAt("point/b2")?.json?.radio?.receiver == "hall"
                        && $0.lastAt("point/b3")?.json?.radio?.supervised?.bool == false
                }
            }
        }

        @Test("A device that rtl_433 tells of is enrolled by its model, and calls; a broken program is a fault")
        func rtl433() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                // An alarm of the GS558's kind, id 0x659E, again and again.
                let bits = (0..<24).map { 0x13CD30 >> (23 - $0) & 1 == 1 ? "1050 350" : "350 1050" }
                let pulses =
                    [[";pulse data", ";version 1", ";timescale 1us"]] + (0..<6).map { _ in bits + ["350 10850"] }
                try bench.write(pulses.joined().joined(separator: "\n") + "\n;end\n", to: "alarm.ook")
                let listening = "while sleep 2; do rtl_433 -r \(bench.path("alarm.ook")) -F json; done"
                let gateway = try Gateway(
                    bench, "gw-1", broker, points: ["id: b1, label: A", "id: b2, label: B"],
                    receivers:
                        "roof: {program: [sh, -c, \"\(listening)\"]}, attic: {program: [rtl_433, -d, \"99999\"]}",
                    more: ["transmitters: transmitters.csv"])
                try subscriber.wait(until: "the attic's is dead") {
                    $0.lastAt("fault/receiver-dead")?.payload.contains("attic: rtl_433 ended with code") == true
                }
                let strange = try gateway.run(["enrol", "b2", "--yes"])
                #expect(strange.exitCode == 1, "\(strange.output)")
                #expect(strange.errors.contains("rtl_433 Smoke-GS558 has none; write one"), "\(strange.errors)")
                try FileManager.default.copyItem(atPath: Self.devices, toPath: bench.path("kinds"))
                try bench.write(
                    "about: x\nprotocol: rtl_433\nmodel: Smoke-GS558\nmessages: {unit=8: meal}\n",
                    to: "kinds/alarm.yaml")
                let site = try String(contentsOfFile: gateway.site, encoding: .utf8)
                try bench.write(site.replacing("devices: \(Self.devices)", with: "devices: kinds"), to: "gw-1.yaml")
                let enrolled = try gateway.run(["enrol", "b2", "--yes"])
                #expect(enrolled.output.contains("0x659E, rtl_433 Smoke-GS558, heard by roof, as alarm\n"))
                #expect(enrolled.exitCode == 0, "\(enrolled.errors)")
                try subscriber.wait(until: "its meal") { $0.presses("b2").count >= 2 }
                #expect(subscriber.presses("b2").first?.json?.data?.service == "meal")
                #expect(subscriber.presses("b2").first?.json?.data?.receiver == "roof")
            }
        }

        @Test("In a walk test the first press of a point is a test, the second a call; the report says who is missing")
        func walk() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let radio = "radio: {device: keeloq-fob, code: 0x12345678}"
                let gateway = try Gateway(
                    bench, "gw-1", broker,
                    points: ["id: b1, label: A", "id: b2, label: \"<B>\", \(radio)", "id: b3, label: C"])
                let walking = try bench.start(
                    "walk", Agent.program,
                    ["walk-test", "--html", bench.path("w.html"), "--text", bench.path("w.txt"), "-c", gateway.site])
                try subscriber.wait(until: "it is told") { $0.lastAt("fault/walk-test")?.payload.isEmpty == false }
                let buttons = try Buttons(bench.path("gw-1.lines"))
                try buttons.press("b1")
                try wait(until: "b1") { walking.output.contains("✓ b1 A (1 of 3)") }
                try gateway.send("0x12345678", ["--protocol", "keeloq"])
                try wait(until: "b2") { walking.output.contains("✓ b2 <B>, heard by hall (2 of 3)") }
                #expect(subscriber.events("raised").allSatisfy { $0.json?.data?.test == true }, bench.logs)
                try buttons.press("b1")
                try subscriber.wait(until: "a real call") { $0.presses("b1").count == 1 }
                try wait(until: "it says so") { walking.output.contains("b1 A calls: emergency, no test") }
                walking.signal(SIGINT)
                #expect(try walking.ended() == 1, "\(walking.output)\(walking.errors)")
                #expect(walking.output.contains("2 of 3 call points were heard.\n"), "\(walking.output)")
                #expect(walking.output.contains("not heard: b3 C (wired)"), "\(walking.output)")
                let text = try String(contentsOfFile: bench.path("w.txt"), encoding: .utf8)
                #expect(text.contains("NOT HEARD\tb3\tC\twired") && text.contains("changing code"), "\(text)")
                let page = try String(contentsOfFile: bench.path("w.html"), encoding: .utf8)
                #expect(page.contains("<td>&lt;B&gt;</td>") && page.contains("class=\"missing\""), "\(page)")
                try subscriber.wait(until: "it is over") { $0.lastAt("fault/walk-test")?.payload == "" }
                try buttons.press("b3")
                try subscriber.wait(until: "whoever wasn't pressed calls again") { $0.presses("b3").count == 1 }
            }
        }

        @Test("One press that two gateways hear is one call at the desk, which answers each of them")
        func twoGateways() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let point = ["id: b2, label: B, radio: {device: ev1527-one-button, code: 0x13CD38}"]
                let gateways = try ["gw-1", "gw-2"].map { try Gateway(bench, $0, broker, points: point) }
                let desk = try bench.start(
                    "desk", Self.simulator,
                    [
                        "desk", "--port", "\(broker.port)", "--site", "willow-court", "--accept-after", "500ms",
                        "--arrive-after", "500ms", "--resolve-after", "500ms",
                    ])
                try wait(until: "it knows both") {
                    ["gw-1", "gw-2"].allSatisfy {
                        desk.output.contains("gateway \($0): ready") || desk.output.contains("gateway \($0): degraded")
                    }
                }
                for gateway in gateways { try gateway.send("0x13CD38") }
                try wait(until: "both are over") {
                    desk.output.components(separatedBy: "closed: emergency B (b2)").count == 3
                }
                #expect(desk.output.components(separatedBy: "raised: emergency B (b2)").count == 2, "\(desk.output)")
                #expect(desk.output.contains("heard by another gateway too: emergency B (b2)"), "\(desk.output)")
                desk.signal(SIGINT)
                #expect(try desk.ended() == 0)
                #expect(desk.output.contains("0 calls open, 0 commands refused"), "\(desk.output)")
            }
        }
    }
}
