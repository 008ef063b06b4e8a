import CallContract
import CallCore
import Foundation
import Journal
import Testing

extension AgentOnKernelLines {
    @Suite struct PowerCutTests {
        @Test("Four times kill -9 between presses: every press that was journalled arrives, once by its id")
        func kills() throws {
            let presses = 3
            try Rig.run { rig in
                let buttons = (0..<4 * presses).map { Button($0, "minimum-width: \($0 % 2 == 0 ? "0" : "5ms")") }
                var edges: [String: ClosedRange<Int64>] = [:]
                var journalled: [String: Int64] = [:]
                for round in 0..<4 {
                    try rig.start(buttons)
                    for line in round * presses..<(round + 1) * presses {
                        edges["b\(line)"] = try rig.pull(line, high: true)
                        usleep(.random(in: 0...20_000))
                    }
                    try rig.killAgent()
                    let found = try Self.events(inCopyOf: rig.directory, round)
                    #expect(found.merging(journalled) { $1 } == found, "a journalled event is gone or changed")
                    journalled = found
                    try rig.drive((0..<14).map { "buttons \($0) 0" })
                }
                try rig.start(buttons)
                try wait(until: "all \(journalled.count) journalled events") {
                    try Set(rig.desk.events.map(\.id)).isSuperset(of: journalled.keys)
                }
                try rig.settle()
                var seen: [String: EventMessage] = [:]
                for event in try rig.desk.events {
                    let before = seen.updateValue(event, forKey: event.id) ?? event
                    #expect(before.data.monotonicNs == event.data.monotonicNs && before.type == event.type)
                }
                for (id, time) in journalled { #expect(seen[id]?.data.monotonicNs == time, "\(id)") }
                for (point, edge) in edges {
                    let times = seen.values.filter { $0.subject == point && $0.type == "courtyard.call.pressed" }
                        .map(\.data.monotonicNs)
                    #expect(times.count <= 1, "\(point) was pressed once")
                    #expect(times.allSatisfy(edge.contains), "\(point): \(times), made at \(edge)")
                }
                #expect(journalled.count > 4, "too few presses were journalled to prove anything")
                let sequences = seen.values.compactMap { UInt64($0.sequence) }.sorted()
                #expect(sequences == Array(1...UInt64(seen.count)), "gap-free")
            }
        }

        /// What the journal holds, by id, with each event's monotonic time. A copy is read, so that recovering from
        /// the crash is left to the agent.
        private static func events(inCopyOf directory: String, _ round: Int) throws -> [String: Int64] {
            let copy = "\(directory)/copy-\(round)"
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: false)
            for file in try FileManager.default.contentsOfDirectory(atPath: directory)
            where file.hasPrefix("gateway.db") && !file.hasSuffix("-shm") {
                try FileManager.default.copyItem(atPath: "\(directory)/\(file)", toPath: "\(copy)/\(file)")
            }
            let opening = try Journal.open(
                at: "\(copy)/gateway.db", now: WallTime(milliseconds: 0), allowVolatile: true)
            #expect(opening.setAside == nil)
            defer { opening.journal.close() }
            let events = try opening.journal.events(
                journal: opening.contents.id, service: .emergency, from: 1, limit: 1000)
            return Dictionary(
                uniqueKeysWithValues: events.map {
                    ("\($0.journal)-\($0.service)-\($0.sequence)", $0.occurred.moment.nanoseconds)
                })
        }
    }
}
