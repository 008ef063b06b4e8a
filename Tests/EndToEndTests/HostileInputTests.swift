import Foundation
import Testing

extension EndToEnd {
    /// Garbage at the two sockets.
    @Suite struct HostileInputTests {
        private static let garbage: [(String, [UInt8])] = [
            ("random bytes", (0..<4096).map { _ in UInt8.random(in: 0...255) } + [10]),
            ("a line of 1 MB", [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000) + [10]),
            ("zeros", [UInt8](repeating: 0, count: 300)),
            ("a word that is none", Array("explode\n".utf8)),
            ("a point's name that is none", Array("made ../../etc\n".utf8)),
            ("too many words", Array("made b1 b1\n".utf8)),
            ("an empty line", [10]),
        ]

        @Test("Garbage at the simulator's socket ends that connection; the agent lives, and others' presses count")
        func simulator() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1"), .bed("b2")]))
                let honest = try agent.buttons()
                try honest.make("b1")
                for (name, bytes) in Self.garbage {
                    let client = try agent.buttons()
                    try? client.send(bytes)  // the agent may end it before all is written
                    #expect(client.isEnded(), "\(name)\n\(bench.logs)")
                }
                do {
                    let half = try agent.buttons()
                    try half.send("made b")  // and gone
                }
                let unknown = try agent.buttons()
                try unknown.send("made b99\n")
                #expect(try unknown.line() == "unknown b99", bench.logs)
                // A hand that lets go: what a connection holds opens with its end.
                do {
                    let hand = try agent.buttons()
                    try hand.make("b2")
                    pause(.milliseconds(20))
                }
                try subscriber.wait(until: "its press") { $0.presses("b2").count == 1 }
                pause(.milliseconds(60))
                try honest.press("b2")
                try subscriber.wait(until: "the next press of the same button") { $0.presses("b2").count == 2 }
                #expect(subscriber.presses("b1").count == 1, bench.logs)
                #expect(subscriber.events("pressed").count == 3, bench.logs)
            }
        }

        @Test("Many clients at the simulator's socket, and such that never read, don't keep others' presses away")
        func crowd() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                let honest = try agent.buttons()
                _ = try honest.points()
                let deaf = try agent.buttons()
                for _ in 1...5000 { try? deaf.send("list\n") }
                let idle = try (1...20).map { _ in try agent.buttons() }
                try honest.press("b1")
                try subscriber.wait(until: "the press") { $0.presses("b1").count == 1 }
                #expect(idle.count == 20, bench.logs)
            }
        }

        @Test("Garbage at the control socket ends that connection; status and presses go on")
        func control() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                let path = bench.path("control.sock")
                for (name, bytes) in Self.garbage {
                    let client = try Buttons(path)
                    try? client.send(bytes)
                    #expect(client.isEnded(), "\(name)\n\(bench.logs)")
                }
                do { try Buttons(path).send("stat") }  // half a word, and gone
                do { try Buttons(path).send("watch\n") }  // and gone
                let watching = try Buttons(path)
                try watching.send("watch\n")
                let deaf = try Buttons(path)
                try deaf.send("watch\n")
                #expect(try agent.status().gateway == "gw-1", bench.logs)
                try agent.buttons().press("b1")
                try subscriber.wait(until: "the press") { $0.presses("b1").count == 1 }
                #expect(try JSON(parsing: watching.line()).type == "courtyard.call.pressed", bench.logs)
            }
        }
    }
}
