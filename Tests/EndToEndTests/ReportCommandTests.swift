import Foundation
import Testing

extension EndToEnd {
    @Suite struct ReportCommandTests {
        @Test("report counts the calls of an agent that runs, was killed, and has stopped")
        func report() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1"), .meal("k1")]))
                func counted() throws -> [String] {
                    let lines = try bench.succeed(Agent.program, ["report", "--csv", "-c", bench.path("gateway.yaml")])
                    return lines.split(separator: "\n").dropFirst().map { line in
                        line.split(separator: ",", omittingEmptySubsequences: false)[1...3].joined(separator: " ")
                    }
                }
                func press(_ point: String, until expected: [String]) throws {
                    try agent.buttons().press(point)
                    try wait(until: "the report to say \(expected)") { try counted() == expected }
                }
                try press("b1", until: ["emergency 1 1"])
                try press("k1", until: ["emergency 1 1", "meal 1 1"])
                agent.kill()
                #expect(try counted() == ["emergency 1 1", "meal 1 1"], bench.logs)
                try agent.start()
                try press("b1", until: ["emergency 1 2", "meal 1 1"])
                #expect(try agent.stop().code == 0, bench.logs)
                #expect(try counted() == ["emergency 1 2", "meal 1 1"], bench.logs)
                let beside = try FileManager.default.contentsOfDirectory(atPath: bench.directory).filter {
                    $0.hasPrefix("gateway.db")
                }
                #expect(beside.sorted() == ["gateway.db", "gateway.db.lock"], bench.logs)
            }
        }
    }
}
