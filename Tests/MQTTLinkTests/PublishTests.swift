import Foundation
import MQTTLink
import Testing

extension LinkTests {
    /// Against a real mosquitto.
    @Suite struct PublishTests {
        @Test("A message is acknowledged, and a subscriber of another make gets every attribute")
        func attributes() throws {
            let broker = try Mosquitto()
            let link = try TestLink([broker.broker])
            try link.connected()
            let message = Message(
                topic: "a/b", payload: Array("{}".utf8), retain: true, expirySeconds: 600,
                contentType: "application/cloudevents+json", isUTF8: true,
                userProperties: [.init("service", "emergency"), .init("type", "raised")], responseTopic: "r/1",
                correlation: [49, 50])
            #expect(try link.publish(message) == 16)  // kept, but nobody subscribes
            let format = "%t|%p|%r|%q|%C|%F|%P|%R|%D|%E"
            let arguments = [
                "-p", "\(broker.port)", "-V", "5", "-t", "a/#", "-q", "1", "-C", "1", "-W", "5", "-F", format,
            ]
            let line = try run("mosquitto_sub", arguments)
            #expect(
                line.hasPrefix("a/b|{}|1|1|application/cloudevents+json|1|service:emergency type:raised|r/1|12|"),
                "mosquitto_sub printed \(line)")
        }

        @Test("PUBACK's reason is 16 while nobody subscribes and 0 once somebody does")
        func noSubscribers() throws {
            let broker = try Mosquitto()
            let link = try TestLink([broker.broker])
            try link.connected()
            #expect(try link.publish(text("event/1", "x")) == 16)
            let watcher = try TestLink([broker.broker]) { $0.subscriptions = ["event/#"] }
            #expect(try watcher.recorder.one("SUBACK", \.subscribed) == 1)
            #expect(try link.publish(text("event/1", "y")) == 0)
            #expect(try watcher.recorder.one("message", \.received).payload == Array("y".utf8))
        }

        @Test("MQTT 3.1.1 carries the bytes without the attributes and hides the reasons")
        func version311() throws {
            let broker = try Mosquitto()
            var old = broker.broker
            old.version = .v311
            let link = try TestLink(
                [old], { $0.subscriptions = ["a/#", "b/#"] },
                will: { Message(topic: "will/\($0)", contentType: "ignored") })
            try link.connected()
            #expect(try link.recorder.first(2, "SUBACK", \.subscribed) == [1, 1])
            #expect(try link.publish(text("nobody/1", "x")) == 0)
            let message = Message(
                topic: "a/b", payload: [1, 2, 3], contentType: "x/y", isUTF8: false, userProperties: [.init("a", "b")])
            #expect(try link.publish(message) == 0)
            #expect(try link.recorder.one("message", \.received) == Message(topic: "a/b", payload: [1, 2, 3]))
            #expect(broker.log.contains("(p2, c0, k60)"), "the broker has not logged 3.1.1 (its p2), clean start off")
        }

        @Test("What was received carries its MQTT 5 attributes and whether it was retained")
        func received() throws {
            let broker = try Mosquitto()
            let link = try TestLink([broker.broker])
            try link.connected()
            var message = Message(
                topic: "c/1", payload: [0, 255, 10], retain: true, contentType: "a/b", isUTF8: false,
                userProperties: [.init("k", "1"), .init("k", "2"), .init("名", "值")], responseTopic: "r",
                correlation: [0, 1, 0])
            _ = try link.publish(message)
            try link.link.subscribe("c/#")
            #expect(try link.recorder.one("retained message", \.received) == message)
            message.retain = false
            _ = try link.publish(message)
            #expect(try link.recorder.first(2, "live message", \.received)[1] == message)
            try link.link.unsubscribe("c/#")
            _ = try link.recorder.one("UNSUBACK") { $0 == .unsubscribed(filter: "c/#") ? true : nil }
            #expect(try link.publish(message) == 16)
        }

        @Test("Several threads publish a thousand messages through the window; each arrives and is acknowledged once")
        func burst() throws {
            let broker = try Mosquitto("allow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0")
            let watcher = try TestLink([broker.broker]) { $0.subscriptions = ["e/#"] }
            _ = try watcher.recorder.one("SUBACK", \.subscribed)
            let link = try TestLink([broker.broker])
            try link.connected()
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                for number in 0..<250 {
                    #expect(throws: Never.self) { try link.publishWhenOpen(text("e/\(thread)/\(number)", "x")) }
                }
            }
            let acknowledged = try link.recorder.first(1000, "acknowledgements", \.acknowledged)
            #expect(Set(acknowledged.map(\.0)).count == 1000)
            let topics = try watcher.recorder.first(1000, "messages", \.received).map(\.topic)
            #expect(Set(topics).count == 1000)
        }

        @Test("What can never be sent is refused with its reason; the connection lives on")
        func refusals() throws {
            let broker = try Mosquitto("allow_anonymous true\nmax_packet_size 2000")
            let link = try TestLink([broker.broker])
            try link.connected()
            for topic in ["", "a/+", "#", "a\u{0}b"] {
                let error = #expect(throws: MQTTError.self) { try link.link.publish(text(topic, "x")) }
                guard case .refused(topic, _) = error else { throw Missing("'\(topic)': \(String(describing: error))") }
            }
            let large = Message(topic: "a", payload: [UInt8](repeating: 0, count: 3000))
            #expect(throws: MQTTError.refused(topic: "a", reason: "larger than the broker takes")) {
                try link.link.publish(large)
            }
            #expect(try link.publish(text("a", "small")) == 16)
        }
    }
}
