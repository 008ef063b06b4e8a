import Foundation
import MQTTLink
import Synchronization
import Testing

extension LinkTests {
    /// What it costs. Prints its figures; fails only on those that the budget names.
    @Suite struct FigureTests {
        @Test("Idle at keep-alive 60, the threads of a link sleep nearly all the time")
        func idle() throws {
            let broker = try Mosquitto()
            let link = try TestLink([broker.broker]) { $0.subscriptions = ["a/#"] }
            try link.connected()
            _ = try link.recorder.one("SUBACK", \.subscribed)
            _ = try link.publish(text("a/b", "x"))
            _ = try link.recorder.one("message", \.received)
            Thread.sleep(forTimeInterval: 0.2)
            let before = usage(ofThread: "mqtt")
            Thread.sleep(forTimeInterval: 20)
            let after = usage(ofThread: "mqtt")
            print("idle for 20 s: \(after.sleeps - before.sleeps) wake-ups, \(after.cpu - before.cpu) of CPU")
            #expect(after.sleeps - before.sleeps <= 1)
            #expect(!threadNames().contains("mqtt-dial"))
        }

        @Test("A publish reaches its PUBACK in well under a millisecond on loopback")
        func latency() throws {
            let broker = try Mosquitto()
            let link = try Link(to: broker.broker)
            var times: [Duration] = []
            let payload = [UInt8](repeating: 65, count: 400)
            for _ in 0..<2000 { times.append(try link.roundTrip(Message(topic: "a/b", payload: payload))) }
            times.sort()
            print("publish to PUBACK report, 400 bytes: p50 \(times[1000]), p99 \(times[1980]), most \(times[1999])")
            #expect(times[1000] < .milliseconds(5))
        }

        /// A link whose acknowledgements are timed with as little of our own in between as possible.
        private final class Link {
            private let link: MQTTLink
            private let answered = DispatchSemaphore(value: 0)

            init(to broker: MQTTLink.Broker) throws {
                let answered = answered
                link = try MQTTLink(
                    .init(clientID: "figures", brokers: [broker]), attempt: { Attempt(number: 1) },
                    report: { report in
                        if report.acknowledged != nil || report.connected != nil { answered.signal() }
                    })
                try link.start()
                guard answered.wait(timeout: .now() + 5) == .success else { throw Missing("connect") }
            }

            func roundTrip(_ message: Message) throws -> Duration {
                try time {
                    _ = try link.publish(message)
                    guard answered.wait(timeout: .now() + 5) == .success else { throw Missing("PUBACK") }
                }.1
            }
        }
    }
}
