import Foundation
import Testing

extension EndToEnd {
    @Suite struct CommandLineTests {
        @Test("check lists every problem of a bad file at once and ends with 78; a good file is fine")
        func check() throws {
            try Bench.run { bench in
                var site = SiteFile(points: [.bed("b1"), .bed("b1"), Point(id: "UP", label: "x")])
                site.brokers = ["{host: 127.0.0.1, port: 99999}"]
                site.more = ["kolor: red", "services: {laundry: {priority: ten}}"]
                let bad = try bench.write(site.text, to: "bad.yaml")
                let check = try bench.run(Agent.program, ["check", "-c", bad])
                #expect(check.exitCode == 78, "\(check.errors)")
                let wrong = [
                    "kolor", "brokers[0].port", "services.laundry.priority", "points[1].id", "points[2].id",
                ]
                for problem in wrong {
                    #expect(check.errors.contains(problem), "\(problem) in \(check.errors)")
                }
                #expect(check.errors.contains("bad.yaml:"), "\(check.errors)")
                let run = try bench.run(Agent.program, ["run", "-c", bad])
                #expect(run.exitCode == 78 && run.errors.contains("kolor"), "\(run.errors)")
                let absent = try bench.run(Agent.program, ["check", "-c", bench.path("absent.yaml")])
                #expect(absent.exitCode == 78 && absent.errors.contains("absent.yaml"), "\(absent.errors)")
                site = SiteFile(points: [.bed("b1")])
                site.brokers = [SiteFile.broker(1883)]
                let good = try bench.run(Agent.program, ["check", "-c", bench.write(site.text, to: "good.yaml")])
                #expect(good.exitCode == 0 && good.output.contains("1 call points"), "\(good.output)\(good.errors)")
            }
        }

        @Test("status tells of a running agent, in words and as JSON")
        func status() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1"), .meal("k1")]))
                try agent.buttons().press("b1")
                let status = try agent.wait(untilStatus: "has told the press") {
                    $0.outbox == 0 && $0.openCalls == 1 && $0.broker?.string != nil
                }
                #expect(
                    status.keys == [
                        "site", "gateway", "state", "simulated", "version", "journal", "uptimeSeconds", "points",
                        "receivers",
                        "openCalls", "unaccepted", "desks", "lastPress", "broker", "outbox", "faults",
                    ], bench.logs)
                #expect(status.points == .object(["total": 2, "ok": 2, "troubled": .list([])]), bench.logs)
                #expect(status.lastPress?.point == "b1" && status.lastPress?.service == "emergency", bench.logs)
                #expect(contractTime(status.lastPress?.time?.string) != nil, bench.logs)
                let words = try bench.succeed(Agent.program, ["status", "--socket", bench.path("control.sock")])
                // Nobody has subscribed: an emergency that nobody hears degrades the gateway.
                for word in [
                    "willow-court/gw-1: degraded", "nobody-listening", "SIMULATED", "b1 床头", "127.0.0.1:\(broker.port)",
                    "2 of 2",
                ] {
                    #expect(words.contains(word), "\(word) in \(words)\n\(bench.logs)")
                }
            }
        }

        @Test("A control socket that can't be made is named, with what to do")
        func noDirectory() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let text = SiteFile(broker, points: [.bed("b1")]).text
                    .replacingOccurrences(of: "control-socket: control.sock", with: "control-socket: nowhere/c.sock")
                let file = try bench.write(text, to: "gateway.yaml")
                let agent = try bench.run(Agent.program, ["run", "--volatile-journal", "-c", file])
                #expect(agent.exitCode == 1 && agent.errors.contains("nowhere/c.sock"), bench.logs)
                #expect(agent.errors.contains("Make its directory"), "\(agent.errors)")
            }
        }

        @Test("watch shows presses as they come, as JSON exactly as they are published")
        func watch() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1"), .bed("b2")]))
                let socket = bench.path("control.sock")
                let json = try bench.start("watch-json", Agent.program, ["watch", "--json", "--socket", socket])
                let words = try bench.start("watch-words", Agent.program, ["watch", "--socket", socket])
                var presses = 0
                try wait(until: "both to watch") {  // they may begin at any time
                    try agent.buttons().press("b1")
                    pause(.milliseconds(30))
                    presses += 1
                    return !json.output.isEmpty && !words.output.isEmpty
                }
                try agent.buttons().press("b2")
                try wait(until: "the press of b2 in both") {
                    json.output.contains(#""subject":"b2""#) && words.output.contains("b2 床头")
                }
                try subscriber.wait(until: "the press of b2") { $0.events("raised").count == 2 }
                let published = Dictionary(subscriber.events.map { ($0.id, $0.json) }, uniquingKeysWith: { $1 })
                for line in json.output.split(separator: "\n") {
                    var (seen, sent) = (try JSON(parsing: String(line)), JSON?.none)
                    sent = published[seen.id?.string ?? ""] ?? nil
                    seen = Self.withoutAge(seen)
                    #expect(sent.map(Self.withoutAge) == seen, bench.logs)
                }
                agent.kill()
                #expect(try json.ended() == 1, bench.logs)
                #expect(json.errors.contains("agent"), "\(json.errors)")
            }
        }

        private static func withoutAge(_ event: JSON) -> JSON {
            guard var fields = event.fields, var data = fields["data"]?.fields else { return event }
            data["ageMs"] = nil
            fields["data"] = .object(data)
            return .object(fields)
        }

        @Test("status without an agent ends with 1 and a remedy; an unknown option with 64; --help with 0")
        func withoutAgent() throws {
            try Bench.run { bench in
                let socket = bench.path("control.sock")
                for command in ["status", "watch"] {
                    let child = try bench.run(Agent.program, [command, "--socket", socket])
                    #expect(child.exitCode == 1, "\(child.errors)")
                    #expect(child.errors.contains(socket) && child.errors.contains("running?"), "\(child.errors)")
                }
                for words in [["--no-such"], ["run", "--no-such"], ["no-such"], ["status", "extra"]] {
                    let child = try bench.run(Agent.program, words)
                    #expect(child.exitCode == 64, "\(words): \(child.errors)")
                }
                let helpful = [
                    ["--help"], ["--version"], ["run", "--help"], ["check", "--help"], ["status", "--help"],
                ]
                for words in helpful {
                    let child = try bench.run(Agent.program, words)
                    #expect(child.exitCode == 0 && !child.output.isEmpty, "\(words): \(child.errors)")
                }
            }
        }
    }
}
