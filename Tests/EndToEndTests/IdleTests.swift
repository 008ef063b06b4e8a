import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite struct IdleTests {
        @Test("The thread that watches signals, clients and the wall clock sleeps while nothing happens")
        func control() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try agent.wait(untilStatus: "is connected") { $0.broker != .null }
                pause(.milliseconds(500))  // the answer to the last of the status questions
                let process = try #require(agent.process).pid
                let before = try switches(of: "control", in: process)
                pause(.seconds(5))
                // A clock that is not synchronized is looked at once a minute; that may fall into this time.
                #expect(try switches(of: "control", in: process) - before <= 1)
                #expect(before > 0)
            }
        }

        /// How often a thread has gone to sleep and been woken (proc(5), voluntary_ctxt_switches).
        private func switches(of thread: String, in process: pid_t) throws -> Int {
            for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task") {
                let status = try String(contentsOfFile: "/proc/\(process)/task/\(task)/status", encoding: .utf8)
                func value(_ key: String) -> Substring? {
                    status.split(separator: "\n").first { $0.hasPrefix("\(key):\t") }?.dropFirst(key.count + 2)
                }
                guard let name = value("Name"), name == thread else { continue }
                return try #require(value("voluntary_ctxt_switches").flatMap { Int($0) })
            }
            throw Broken("no thread named \(thread)")
        }
    }
}
