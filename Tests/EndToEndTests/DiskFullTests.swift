import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// The journal on a small file system of its own, which is filled to the last byte.
    @Suite struct DiskFullTests {
        private func fill(_ directory: String) throws {
            let file = fopen("\(directory)/ballast", "w")
            defer { fclose(file) }
            setvbuf(file, nil, Int32(_IONBF), 0)
            let block = [UInt8](repeating: 0, count: 4096)
            for size in [4096, 1] {
                while fwrite(block, 1, size, file) == size {}
            }
            guard errno == ENOSPC else { throw Broken("the disk doesn't fill: \(String(cString: strerror(errno)))") }
        }

        private func free(_ directory: String) throws {
            try FileManager.default.removeItem(atPath: "\(directory)/ballast")
        }

        private func site(_ broker: Broker, _ directory: String) -> SiteFile {
            let points = (1...4).map { Point.bed("b\($0)") } + (1...3).map { Point.meal("k\($0)") }
            var site = SiteFile(broker, points: points)
            site.journal = "disk/gateway.db"
            return site
        }

        @Test("On a full disk emergencies go out unjournalled and meals are refused; with space again all is as before")
        func emergenciesGoOn() throws {
            try Bench.run { bench in
                guard let disk = try bench.mountMemory(at: "disk", size: "1m") else { return }
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, site(broker, disk))
                let buttons = try agent.buttons()
                try buttons.press("b1")
                try buttons.press("k1")
                try subscriber.wait(until: "two journalled presses") { $0.events("raised").count == 2 }
                let journal = try #require(subscriber.presses("b1").first?.json?.data?.journal?.string, bench.logs)

                try fill(disk)
                try buttons.press("b2")
                let press = try subscriber.wait(for: "the emergency") { $0.presses("b2").first?.json }
                #expect(press.data?.journaled == false && press.data?.state == "raised", bench.logs)
                #expect(press.data?.journal?.string != journal && press.sequence == "1", bench.logs)
                #expect(press.id == .text("\(press.data?.journal?.string ?? "")-emergency-1"), bench.logs)
                try subscriber.wait(until: "the fault") { $0.isSet("journal-failing") }
                try subscriber.wait(until: "degraded") { $0.lastAt("status")?.json?.state == "degraded" }
                try buttons.press("b1")  // joins a call that is journalled
                try subscriber.wait(until: "a further press") { $0.presses("b1").count == 2 }
                #expect(subscriber.presses("b1").last?.json?.data?.presses == 2, bench.logs)
                #expect(
                    subscriber.presses("b1").last?.json?.data?.call == subscriber.presses("b1").first?.json?.data?.call,
                    bench.logs)
                try buttons.press("k2")
                let fault = try subscriber.wait(for: "a count of refused presses") {
                    let fault = $0.lastAt("fault/journal-failing")?.json
                    return fault?.what?.string?.contains("presses refused so far: 1") == true ? fault : nil
                }
                #expect(fault.remedy?.string?.contains("disk") == true, bench.logs)

                try free(disk)
                try subscriber.wait(until: "the end of the fault by itself") { !$0.isSet("journal-failing") }
                try subscriber.wait(until: "ready") { $0.lastAt("status")?.json?.state == "ready" }
                try buttons.press("b3")
                try buttons.press("k3")
                try subscriber.wait(until: "journalled presses") {
                    !$0.presses("b3").isEmpty && !$0.presses("k3").isEmpty
                }
                for point in ["b3", "k3"] {
                    let data = subscriber.presses(point).first?.json?.data
                    #expect(data?.journaled == nil && data?.journal?.string == journal, bench.logs)
                }
                #expect(subscriber.presses("k2").isEmpty, "a refused meal was sent\n\(bench.logs)")
                try agent.wait(untilStatus: "has nothing waiting") { $0.outbox == 0 }
                let kept = Set(try JournalFile(bench: bench, path: bench.path("disk/gateway.db")).events().map(\.id))
                #expect(kept == Set(subscriber.events.map(\.id)), "kept \(kept.sorted())\n\(bench.logs)")
            }
        }

        @Test("A power cut while the disk is full: the unjournalled call stands at the broker and is adopted")
        func powerCut() throws {
            try Bench.run { bench in
                guard let disk = try bench.mountMemory(at: "disk", size: "1m") else { return }
                let broker = try Broker.running(bench)
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, site(broker, disk))
                try agent.buttons().press("b1")
                try subscriber.wait(until: "a journalled press") { $0.events("raised").count == 1 }
                try fill(disk)
                try agent.buttons().press("b2")
                let record = try subscriber.wait(for: "the record of the unjournalled call") {
                    $0.messages.last { $0.place.hasPrefix("call/") && $0.json?.point == "b2" }
                }
                agent.kill()
                try free(disk)
                subscriber.forget()
                try agent.start()
                let adopted = try subscriber.wait(for: "the adopted call") {
                    $0.messages.last { $0.topic == record.topic && $0.json?.orphaned == true }?.json
                }
                #expect(adopted.state == "raised" && adopted.point == "b2" && adopted.presses == 1, bench.logs)
                #expect(adopted.raisedAt == record.json?.raisedAt, bench.logs)
                try agent.wait(untilStatus: "has both calls") { $0.openCalls == 2 }
            }
        }

        @Test("It starts on a full disk, and on a read-only one: emergencies go out")
        func starts() throws {
            try Bench.run { bench in
                let broker = try Broker.running(bench)
                for readOnly in [false, true] {
                    guard let disk = try bench.mountMemory(at: "disk\(readOnly)", size: "64k", readOnly: readOnly)
                    else { return }
                    if !readOnly { try fill(disk) }
                    let subscriber = try Subscriber(broker)
                    var site = SiteFile(broker, points: [.bed("b1"), .meal("k1")])
                    site.journal = "disk\(readOnly)/gateway.db"
                    let agent = try Agent.running(bench, site)
                    try agent.buttons().press("b1")
                    let press = try subscriber.wait(for: "the emergency") { $0.presses("b1").first }
                    #expect(press.json?.data?.journaled == false, bench.logs)
                    try subscriber.wait(until: "the fault") { $0.isSet("journal-failing") }
                    agent.kill()
                }
            }
        }
    }
}
