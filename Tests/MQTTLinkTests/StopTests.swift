import Foundation
import MQTTLink
import Testing

extension LinkTests {
    /// Wills, clean stops, and stops that something stands against.
    @Suite struct StopTests {
        private static let will: @Sendable (UInt64) -> Message = { number in
            Message(topic: "status", payload: Array("offline \(number)".utf8), retain: true, contentType: "text/plain")
        }

        @Test("The will comes with the attempt's number when the connection breaks, and stays in the broker")
        func will() throws {
            let broker = try Mosquitto()
            let watcher = try TestLink([broker.broker]) { $0.subscriptions = ["status"] }
            _ = try watcher.recorder.one("SUBACK", \.subscribed)
            // A relay in between is cut, so that neither side says goodbye.
            let relay = Relay(to: broker.port)
            defer { relay.end() }
            let link = try TestLink([.init(host: "127.0.0.1", port: relay.port)], will: Self.will)
            let number = try link.connected()
            relay.cut()
            let message = try watcher.recorder.one("will", \.received)
            #expect(message.payload == Array("offline \(number)".utf8))
            #expect(message.contentType == "text/plain")
            let late = try TestLink([broker.broker]) { $0.subscriptions = ["status"] }
            #expect(try late.recorder.one("retained will", \.received).retain)
        }

        @Test("A clean stop sends the last message and no will")
        func cleanStop() throws {
            let broker = try Mosquitto()
            let watcher = try TestLink([broker.broker]) { $0.subscriptions = ["#"] }
            _ = try watcher.recorder.one("SUBACK", \.subscribed)
            let link = try TestLink([broker.broker], will: Self.will)
            try link.connected()
            for number in 0..<20 { _ = try link.publishWhenOpen(text("event/\(number)", "x")) }
            let (clean, taken) = time { link.link.stop(last: text("status", "stopping", retain: true)) }
            #expect(clean)
            #expect(taken < .milliseconds(500), "stop took \(taken)")
            let reports = link.recorder.all
            #expect(reports.compactMap(\.acknowledged).count == 21)
            #expect(reports.last == .ended)
            #expect(reports.compactMap(\.disconnected) == [.stopped])
            let error = #expect(throws: MQTTError.self) { try link.link.publish(text("a", "x")) }
            #expect(error == .stopped)
            // A message sent after the link's goodbye shows that nothing else came before it.
            let marker = try TestLink([broker.broker])
            try marker.connected()
            _ = try marker.publish(text("marker", ""))
            _ = try watcher.recorder.one("marker") { $0.received?.topic == "marker" ? true : nil }
            let seen = watcher.recorder.all.compactMap(\.received)
            #expect(seen.count == 22)
            #expect(seen.dropLast().last == text("status", "stopping"))
        }

        @Test("stop returns in its time while a connect hangs in a black hole")
        func stopInBlackHole() throws {
            let hole = try BlackHole()
            let link = try TestLink([.init(host: "127.0.0.1", port: hole.port)]) { $0.connectTimeout = .seconds(60) }
            _ = try link.recorder.one("attempt") { if case .connecting = $0 { true } else { nil } }
            let (clean, taken) = time { link.link.stop(last: text("a", "x"), within: .seconds(2)) }
            #expect(!clean)
            #expect(taken < .milliseconds(500), "stop took \(taken)")
            #expect(link.recorder.all.last == .ended)
            try eventually("the dialling thread has gone") { !threadNames().contains("mqtt-dial") }
        }

        @Test("stop returns in its time while the broker acknowledges nothing")
        func stopWithoutAcknowledgement() throws {
            let broker = try Mosquitto()
            let link = try TestLink([broker.broker])
            try link.connected()
            try broker.freeze()
            defer { broker.thaw() }
            let (clean, taken) = time { link.link.stop(last: text("a", "x"), within: .seconds(1)) }
            #expect(!clean)
            #expect(taken >= .milliseconds(750) && taken < .milliseconds(1100), "stop took \(taken)")
        }

        @Test("stop before start, twice, and after the end returns at once")
        func stopTwice() throws {
            let broker = try Mosquitto()
            let idle = try MQTTLink(
                .init(clientID: "x", brokers: [broker.broker]), attempt: { Attempt(number: 1) }, report: { _ in })
            #expect(!idle.stop())
            let link = try TestLink([broker.broker])
            try link.connected()
            #expect(link.link.stop())
            let (again, taken) = time { link.link.stop() }
            #expect(again && taken < .milliseconds(100))
            #expect(throws: MQTTError.alreadyStarted) { try link.link.start() }
        }

        @Test("A link that is let go without stop ends its threads and closes its descriptors")
        func letGo() throws {
            let broker = try Mosquitto()
            let before = openDescriptors()
            for _ in 0..<20 {
                let recorder = Recorder()
                let link = try MQTTLink(
                    .init(clientID: "let-go", brokers: [broker.broker]), attempt: { Attempt(number: 1) },
                    report: { recorder.note($0) })
                try link.start()
                _ = try recorder.one("connect", \.connected)
            }
            try eventually("no thread of the link runs") { threadNames().allSatisfy { !$0.hasPrefix("mqtt") } }
            try eventually("descriptors are back at \(before), not \(openDescriptors())") {
                openDescriptors() <= before
            }
        }
    }
}

/// The names of this process's threads.
func threadNames() -> [String] {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return tasks.compactMap { task in
        guard let name = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8) else {
            return nil
        }
        return String(name.prefix { $0 != "\n" })
    }
}

func openDescriptors() -> Int {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []).count
}
