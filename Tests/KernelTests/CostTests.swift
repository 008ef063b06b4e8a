import CallContract
import Foundation
import Glibc
import Testing

extension AgentOnKernelLines {
    @Suite struct CostTests {
        /// How long the agent looks at what stands retained at the broker, after connecting.
        static let readback: useconds_t = 6_000_000
        static let measured: useconds_t = 8_000_000

        @Test("An idle agent with 14 lines wakes at most once in two seconds, all its threads together")
        func idle() throws {
            try Rig.run { rig in
                try rig.listen()
                try rig.start((0..<14).map { Button($0) })
                try rig.settle()
                // A call that no desk has received is offered again and again.
                let call = try #require(try rig.desk.call(of: "b14")?.data.call)
                try rig.command("received", #"{"id":"c1","call":"\#(call)"}"#)
                try wait(until: "delivered") { try rig.desk.call(of: "b14")?.data.state == "delivered" }
                usleep(Self.readback)
                let agent = try #require(rig.agent).id
                let before = try switches(of: agent)
                usleep(Self.measured)
                let wakeUps = try switches(of: agent) - before
                print(" Test \"idle\": \(wakeUps) wake-ups in \(Self.measured / 1_000_000) s")
                #expect(Double(wakeUps) <= 0.5 * Double(Self.measured) / 1e6)
                #expect(before > 0)
            }
        }

        /// How often the process' threads have gone to sleep and been woken (proc(5), voluntary_ctxt_switches).
        private func switches(of process: pid_t) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").reduce(0) { sum, task in
                let status = try String(contentsOfFile: "/proc/\(process)/task/\(task)/status", encoding: .utf8)
                let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt") })
                return sum + (try #require(Int(line.split(separator: "\t")[1])))
            }
        }

        static let canTrace = FileManager.default.isExecutableFile(atPath: "/usr/bin/strace")

        @Test(
            "Each press costs one flush, and presses that come together share one",
            .enabled(if: canTrace, "needs strace"))
        func flushes() throws {
            try Rig.run { rig in
                try rig.start((0..<14).map { Button($0) })
                try rig.settle()
                let agent = try #require(rig.agent)
                let tracer = try Program(
                    "strace",
                    ["strace", "-f", "-p", "\(agent.id)", "-e", "trace=fsync,fdatasync,sync_file_range,msync"],
                    in: rig.directory)
                try wait(until: "strace to attach") { tracer.text.contains("attached") }
                func flushes() -> Int {
                    tracer.text.split(separator: "\n").count { $0.contains("sync") && $0.contains("= 0") }
                }
                for line in 0..<10 {
                    // Left open for longer than the quiet time, or the next press would be bounce of this one.
                    try rig.drive("buttons \(line) 1", "sleep 30ms", "buttons \(line) 0", "sleep 60ms")
                    try wait(until: "the press") { try rig.desk.raisings(of: "b\(line)").count == 1 }
                }
                let alone = flushes()
                agent.signal(SIGSTOP)
                try rig.drive((0..<10).map { "buttons \($0) 1" } + ["sleep 20ms"])
                agent.signal(SIGCONT)
                try wait(until: "ten presses more") {
                    try (0..<10).allSatisfy { try rig.desk.presses(of: "b\($0)").count == 2 }
                }
                let together = flushes() - alone
                print(" Test \"flushes\": 10 presses one by one \(alone), 10 at once \(together)")
                #expect(alone == 10)
                #expect((1...3).contains(together))
            }
        }
    }
}
