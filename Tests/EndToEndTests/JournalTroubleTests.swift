import Foundation
import Testing

extension EndToEnd {
    @Suite struct JournalTroubleTests {
        private func setAside(_ bench: Bench, _ word: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: bench.directory)
                .filter { $0.wholeMatch(of: /gateway\.db\.(corrupt|foreign)-[0-9TZ:.-]+/) != nil && $0.contains(word) }
        }

        private func expectFreshStart(_ bench: Bench, _ word: String) throws {
            let broker = try Broker.running(bench)
            let subscriber = try Subscriber(broker)
            let before = try Data(contentsOf: URL(fileURLWithPath: bench.path("gateway.db")))
            let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
            let fault = try subscriber.wait(for: "the fault") {
                $0.isSet("journal-replaced") ? $0.lastAt("fault/journal-replaced")?.json : nil
            }
            let names = try setAside(bench, word)
            #expect(names.count == 1, "\(names)\n\(bench.logs)")
            #expect(fault.what?.string?.contains(names.first ?? "?") == true, bench.logs)
            let kept = try Data(contentsOf: URL(fileURLWithPath: bench.path(names.first ?? "?")))
            #expect(kept == before, "what was set aside is complete\n\(bench.logs)")
            try agent.buttons().press("b1")
            try subscriber.wait(until: "a press") { $0.presses("b1").count == 1 }
            #expect(subscriber.presses("b1").first?.json?.data?.journaled == nil, bench.logs)
            #expect(try JournalFile(bench: bench, path: bench.path("gateway.db")).events().count == 2, bench.logs)
        }

        @Test("A file of garbage in the journal's place is set aside under a dated name, and presses go on")
        func garbage() throws {
            try Bench.run { bench in
                try bench.write(String(repeating: "not a database\n", count: 1000), to: "gateway.db")
                try expectFreshStart(bench, "corrupt")
            }
        }

        @Test("A journal damaged in the middle is set aside under a dated name, and presses go on")
        func damaged() throws {
            try Bench.run { bench in
                let broker = try Broker(bench)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try agent.buttons().press("b1")
                try agent.wait(untilStatus: "has the press") { $0.outbox == 2 }
                #expect(try agent.stop().code == 0, bench.logs)
                let path = bench.path("gateway.db")
                try bench.succeed("sqlite3", [path, "PRAGMA wal_checkpoint(TRUNCATE)"])
                var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                for index in 4096..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index &* 7) }
                try bytes.write(to: URL(fileURLWithPath: path))
                try expectFreshStart(bench, "corrupt")
            }
        }

        @Test("Another program's database is set aside under a dated name, and presses go on")
        func foreign() throws {
            try Bench.run { bench in
                let somebodysTable = "CREATE TABLE t (x); INSERT INTO t VALUES (1)"
                try bench.succeed("sqlite3", [bench.path("gateway.db"), somebodysTable])
                try expectFreshStart(bench, "foreign")
            }
        }

        @Test("A journal file that is deleted while the agent runs costs no press")
        func deleted() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1"), .bed("b2")]))
                try agent.buttons().press("b1")
                try subscriber.wait(until: "a press") { $0.presses("b1").count == 1 }
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: bench.path("gateway.db" + suffix))
                }
                let buttons = try agent.buttons()
                try buttons.make("b2")
                try subscriber.wait(until: "the press after") { $0.presses("b2").count == 1 }
                // It ends to start afresh, as systemd then makes it.
                let code = try agent.process?.ended(within: .seconds(5))
                #expect(code == 1, bench.logs)
                try agent.start()
                try agent.wait(untilStatus: "has both calls") { $0.openCalls == 2 }
                #expect(
                    try JournalFile(bench: bench, path: bench.path("gateway.db")).events()
                        .contains { $0.point == "b2" }, bench.logs)
            }
        }

        @Test("Two agents on one journal: the second refuses to start and says why")
        func twice() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                var site = agent.site.text
                for socket in ["control.sock", "lines.sock"] {
                    site = site.replacingOccurrences(of: socket, with: "second-\(socket)")
                }
                let file = try bench.write(site, to: "second.yaml")
                let second = try bench.run(Agent.program, ["run", "-c", file])
                #expect(second.exitCode == 1, bench.logs)
                #expect(second.errors.contains("gateway.db"), "\(second.errors)\n\(bench.logs)")
                try agent.buttons().press("b1")
                try agent.wait(untilStatus: "has the call") { $0.openCalls == 1 }
            }
        }
    }
}
