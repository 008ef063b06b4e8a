import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// `courtyard-sim desk` with the real agent and a real broker.
    @Suite struct TerminalDeskTests {
        private static let program = (Agent.program as NSString).deletingLastPathComponent + "/courtyard-sim"
        private static let topic = "courtyard/v1/willow-court/desk/desk-1"

        private func desk(_ broker: Broker, _ options: [String]) throws -> ChildProcess {
            try broker.bench.start(
                "terminal-desk", Self.program, ["desk", "--port", "\(broker.port)", "--site", "willow-court"] + options)
        }

        private static let hasty = ["--accept-after", "50ms", "--arrive-after", "300ms", "--resolve-after", "50ms"]

        @Test("A desk takes a call to its end, step by step, and says at the beginning and the end that it listens")
        func wholeLife() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let desk = try desk(broker, Self.hasty)
                try subscriber.wait(until: "listening") { $0.last(Self.topic)?.json?.state == "listening" }
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try subscriber.wait(until: "ready") { $0.lastAt("status")?.json?.state == "ready" }
                try agent.buttons().press("b1")
                let told = ["pressed", "raised", "delivered", "accepted", "arrived", "resolved"]
                try subscriber.wait(until: "the whole life") { $0.events("resolved").count == 1 }
                #expect(subscriber.events.compactMap(\.eventType) == told, bench.logs)
                let resolved = subscriber.events("resolved").first?.json?.data
                #expect(resolved?.actor == "desk-1/值班室" && resolved?.reason == "done", bench.logs)
                #expect(subscriber.messages.contains { $0.json?.onTheWay == true }, bench.logs)
                try subscriber.wait(until: "no call") { $0.lastAt("summary")?.json?.services?.emergency?.open == 0 }
                try wait(until: "it says so") { desk.output.contains("closed: emergency b1 床头") }
                for word in ["received", "accept", "accept (on the way)", "arrive", "resolve"] {
                    try wait(until: "the answer to \(word)") {
                        desk.output.firstMatch(
                            of: try Regex("answer: \(NSRegularExpression.escapedPattern(for: word)) \\S+ accepted"))
                            != nil
                    }
                }
                desk.signal(SIGINT)
                #expect(try desk.ended() == 0, bench.logs)
                #expect(desk.output.contains("0 calls open, 0 commands refused"), "\(desk.output)")
                #expect(try broker.retained()[Self.topic]?.json?.state == "closed", "no will comes after it")
            }
        }

        @Test(
            "A desk that is killed leaves its will; an idle one says so, and neither that nor one that ignores answers")
        func silent() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let killed = try desk(broker, [])
                try subscriber.wait(until: "listening") { $0.last(Self.topic)?.json?.state == "listening" }
                killed.end()
                try subscriber.wait(until: "offline") { $0.last(Self.topic)?.json?.state == "offline" }
                let idle = try desk(broker, ["--idle", "--accept-after", "0s"])
                let ignoring = try desk(broker, ["--id", "desk-2", "--ignore", "--accept-after", "0s"])
                try subscriber.wait(until: "idle") { $0.last(Self.topic)?.json?.state == "idle" }
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try subscriber.wait(until: "ready") { $0.lastAt("status")?.json?.state == "ready" }
                try agent.buttons().press("b1")
                try wait(until: "both see that it is offered again") {
                    [idle, ignoring].allSatisfy { $0.output.contains("offered again: emergency b1 床头") }
                }
                #expect(subscriber.messages.allSatisfy { !$0.place.hasPrefix("command/") }, bench.logs)
            }
        }

        @Test("Two desks: one accepts, the other is told who has it; a service that is refused is cancelled")
        func two() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1"), .meal("k1")]))
                let pace = ["--accept-after", "0s", "--refuse", "meal", "--arrive-after", "1min"]
                let desks = try ["desk-1", "desk-2"].map { try desk(broker, ["--id", $0] + pace) }
                try wait(until: "both are there") { desks.allSatisfy { $0.output.contains("gateway gw-1: ") } }
                try agent.buttons().press("k1")
                try subscriber.wait(until: "cancelled") { $0.events("cancelled").count == 1 }
                #expect(subscriber.events("cancelled").first?.json?.data?.reason == "refused", bench.logs)
                try agent.buttons().press("b1")
                try subscriber.wait(until: "accepted") { $0.events("accepted").count == 1 }
                let winner = try #require(subscriber.events("accepted").first?.json?.data?.actor?.string, bench.logs)
                try wait(until: "the other was told, or saw it in time") {
                    desks.contains { $0.output.contains("REFUSED, state: accepted by \(winner)") }
                        || desks.filter { $0.output.contains("sent: accept ") }.count == 1
                }
                #expect(desks.allSatisfy { $0.exitCode == nil }, bench.logs)
            }
        }

        @Test("Without a broker it says so and goes on trying; when the broker comes the calls are there")
        func brokerAway() throws {
            try Bench.run { bench in
                let broker = try Broker(bench)
                let never = try desk(broker, ["--seconds", "1"])
                #expect(try never.ended() == 1, bench.logs)
                #expect(never.output.contains("was never reached"), "\(never.output)")
                let desk = try desk(broker, Self.hasty)
                try wait(until: "it says that nobody is there") { desk.output.contains("trying again") }
                try broker.start()
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try agent.buttons().press("b1")
                try subscriber.wait(until: "resolved") { $0.events("resolved").count == 1 }
                broker.kill()
                try wait(until: "it says that the broker is gone") {
                    desk.output.components(separatedBy: "trying again").count > 2
                }
                try broker.start()
                let after = try Subscriber(broker)
                try after.wait(until: "listening again") { $0.last(Self.topic)?.json?.state == "listening" }
                try agent.buttons().press("b1")
                try after.wait(until: "resolved again") { $0.events("resolved").count == 1 }
            }
        }

        @Test("With TLS, user and password as the gateway has them; a wrong password is said")
        func secured() throws {
            try Bench.run { bench in
                try TLSTests().makeAuthority(bench, "ca")
                try bench.succeed("mosquitto_passwd", ["-b", "-c", bench.write("", to: "passwords"), "desk", "right"])
                let broker = try TLSTests().broker(bench, ["password_file \(bench.path("passwords"))"])
                let words = ["--ca", bench.path("ca.pem"), "--username", "desk", "--password-file"]
                let right = try desk(broker, words + [bench.write("right\n", to: "right")])
                let wrong = try desk(broker, words + [bench.write("wrong\n", to: "wrong"), "--id", "desk-2"])
                try wait(until: "one is in and the other is not") {
                    right.output.contains("connected to") && wrong.output.contains("no connection to")
                }
                #expect(!wrong.output.contains("connected to"), bench.logs)
            }
        }

        @Test("The demo's own desk answers its calls, and no press is missing or doubled")
        func demo() throws {
            try Bench.run { bench in
                let words = ["demo", "--seconds", "22", "--rate", "240"]
                let demo = try bench.run(Self.program, words, within: .seconds(90))
                #expect(demo.exitCode == 0, "\(demo.output)\(demo.errors)")
                for text in ["answer: accept ", "missing           0", "doubled           0\n", "0 commands refused"] {
                    #expect(demo.output.contains(text), "\(text): \(demo.output)")
                }
                #expect(!demo.output.contains("nobody-listening"), "\(demo.output)")
            }
        }

        @Test("Words that can't be are refused with 64 and the reason")
        func usage() throws {
            try Bench.run { bench in
                let wrong: [([String], String)] = [
                    (["desk"], "--site"), (["desk", "--site", "UP"], "--site"),
                    (["desk", "--site", "s", "--id", "a/b"], "--id"),
                    (["desk", "--site", "s", "--refuse", "#"], "--refuse"),
                    (["desk", "--site", "s", "--accept-after", "5"], "accept-after"),
                    (["desk", "--site", "s", "--port", "0"], "--port"),
                    (["desk", "--site", "s", "--key", "k"], "--ca"),
                    (["desk", "--site", "s", "--password-file", "p"], "--username"),
                    (["desk", "--site", "s", "--name", "a\u{7}b"], "--name"),
                    (["desk", "--site", "s", "--seconds", "0"], "--seconds"),
                ]
                for (words, reason) in wrong {
                    let child = try bench.run(Self.program, words)
                    #expect(child.exitCode == 64 && child.errors.contains(reason), "\(words): \(child.errors)")
                }
                let help = try bench.run(Self.program, ["desk", "--help"])
                #expect(help.exitCode == 0 && help.output.contains("--say-received-after"), "\(help.errors)")
            }
        }
    }
}
