import Foundation
import MQTTLink
import Testing

extension LinkTests {
    /// Going on to the next broker: because the caller says so, or because this one hangs.
    @Suite struct NextBrokerTests {
        private static let will: @Sendable (UInt64) -> Message = { text("status", "offline \($0)", retain: true) }

        private var nobody: MQTTLink.Broker { .init(host: "127.0.0.1", port: freePort()) }

        @Test("It leaves in order: all is acknowledged, the last word is said, no will is sent")
        func inOrder() throws {
            let (first, second) = (try Mosquitto(), try Mosquitto())
            let watcher = try TestLink([first.broker]) { $0.subscriptions = ["#"] }
            _ = try watcher.recorder.one("SUBACK", \.subscribed)
            let link = try TestLink([first.broker, second.broker], will: Self.will)
            try link.connected()
            for number in 0..<20 { _ = try link.publishWhenOpen(text("event/\(number)", "x")) }
            #expect(link.link.tryNextBroker(last: text("status", "away", retain: true)))
            let refusal = #expect(throws: MQTTError.self) { try link.link.publish(text("late", "x")) }
            #expect(refusal == .notConnected)
            let brokers = try link.recorder.first(2, "connects", \.connectedBroker)
            #expect(brokers == [0, 1])
            let reports = link.recorder.all
            #expect(reports.compactMap(\.disconnected) == [.left])
            #expect(reports.compactMap(\.waiting).isEmpty, "no wait between the two")
            let end = try #require(reports.firstIndex { $0.disconnected != nil })
            #expect(reports[..<end].compactMap(\.acknowledged).count == 21)
            #expect(try link.publish(text("a", "x")) == 16, "the second broker takes publishes")
            // A message sent after the link's goodbye shows that nothing else came before it.
            let marker = try TestLink([first.broker])
            try marker.connected()
            _ = try marker.publish(text("marker", ""))
            _ = try watcher.recorder.one("marker") { $0.received?.topic == "marker" ? true : nil }
            let seen = watcher.recorder.all.compactMap(\.received)
            #expect(seen.count == 22)
            #expect(seen.dropLast().last == text("status", "away", retain: true).asForwarded)
        }

        @Test("After the last broker comes the first; after a loss the list is tried from its start")
        func wrapsAndStartsAnew() throws {
            let brokers = try (0..<3).map { _ in try Mosquitto() }
            let link = try TestLink(brokers.map(\.broker))
            for expected in [0, 1, 2, 0, 1] {
                let count = link.recorder.all.compactMap(\.connected).count
                if count > 0 { #expect(link.link.tryNextBroker()) }
                #expect(try link.recorder.first(count + 1, "connects", \.connectedBroker).last == expected)
            }
            brokers[1].kill()
            #expect(try link.recorder.first(6, "connects", \.connectedBroker).last == 0)
        }

        @Test("If the next can't be reached the one after it is tried, and the one that was left comes last")
        func nextIsDead() throws {
            let (first, third) = (try Mosquitto(), try Mosquitto())
            let link = try TestLink([first.broker, nobody, third.broker, nobody])
            try link.connected()
            #expect(link.link.tryNextBroker())
            #expect(try link.recorder.first(2, "connects", \.connectedBroker) == [0, 2])
            third.kill()
            #expect(try link.recorder.first(3, "connects", \.connectedBroker) == [0, 2, 0])
            let count = link.recorder.all.count
            #expect(link.link.tryNextBroker())
            _ = try link.connected(from: count)
            let tried = link.recorder.all[count...].compactMap(\.connectingBroker)
            #expect(tried == [1, 2, 3, 0])
        }

        @Test("With one broker there is no next: nothing happens")
        func single() throws {
            let broker = try Mosquitto()
            let link = try TestLink([broker.broker])
            try link.connected()
            #expect(!link.link.tryNextBroker(last: text("a", "x")))
            #expect(try link.publish(text("a", "x")) == 16)
            #expect(link.recorder.all.compactMap(\.disconnected).isEmpty)
        }

        @Test("A broker that acknowledges nothing is left when the time is up")
        func withoutAcknowledgement() throws {
            let (first, second) = (try Mosquitto(), try Mosquitto())
            let link = try TestLink([first.broker, second.broker])
            try link.connected()
            try first.freeze()
            defer { first.thaw() }
            let (_, taken) = try time {
                #expect(link.link.tryNextBroker(last: text("a", "x"), within: .milliseconds(400)))
                _ = try link.recorder.first(2, "connects", \.connectedBroker)
            }
            #expect(taken >= .milliseconds(400) && taken < .milliseconds(1500), "took \(taken)")
            #expect(link.recorder.all.compactMap(\.disconnected) == [.left])
        }

        @Test("A broker that goes away while it is being left is left all the same")
        func brokenWhileLeaving() throws {
            let (first, second) = (try Mosquitto(), try Mosquitto())
            let link = try TestLink([first.broker, second.broker])
            try link.connected()
            try first.freeze()
            #expect(link.link.tryNextBroker(last: text("a", "x"), within: .seconds(30)))
            first.kill()
            try first.start()
            #expect(try link.recorder.first(2, "connects", \.connectedBroker) == [0, 1])
        }

        @Test("A stop that comes while a broker is being left has the last word")
        func stopWhileLeaving() throws {
            let (first, second) = (try Mosquitto(), try Mosquitto())
            let link = try TestLink([first.broker, second.broker])
            try link.connected()
            try first.freeze()
            defer { first.thaw() }
            _ = try link.link.publish(text("b", "x"))
            #expect(link.link.tryNextBroker(last: text("a", "x"), within: .seconds(30)))
            let (clean, taken) = time { link.link.stop(within: .seconds(1)) }
            #expect(!clean && taken < .milliseconds(1100), "stop took \(taken)")
            #expect(link.recorder.all.compactMap(\.disconnected) == [.stopped])
            #expect(link.recorder.all.compactMap(\.connectedBroker) == [0])
        }

        @Test("A stop after a broker was left in order is not clean by that alone")
        func stopWithoutConnection() throws {
            let broker = try Mosquitto()
            let link = try TestLink([broker.broker, nobody]) {
                $0.shortestWait = .seconds(30)
                $0.longestWait = .seconds(30)
            }
            try link.connected()
            try broker.freeze()
            // Nothing is under way, so it is left at once; then nobody is reached, as the frozen one says no CONNACK.
            #expect(link.link.tryNextBroker())
            _ = try link.recorder.one("end", \.disconnected)
            broker.kill()
            _ = try link.recorder.one("wait", \.waiting)
            #expect(!link.link.stop())
        }

        @Test("Without a connection only the next round's beginning moves, one broker for each call")
        func whileWaiting() throws {
            let link = try TestLink([nobody, nobody, nobody]) {
                $0.shortestWait = .seconds(60)
                $0.longestWait = .seconds(60)
            }
            _ = try link.recorder.one("wait", \.waiting)
            #expect(link.link.tryNextBroker(last: text("a", "x")))
            #expect(link.link.tryNextBroker())
            link.link.retryNow()
            _ = try link.recorder.first(2, "waits", \.waiting)
            #expect(link.recorder.all.compactMap(\.connectingBroker) == [0, 1, 2, 2, 0, 1])
            link.link.retryNow()
            _ = try link.recorder.first(3, "waits", \.waiting)
            #expect(link.recorder.all.compactMap(\.connectingBroker).suffix(3) == [0, 1, 2], "the usual order again")
        }

        @Test("A first broker that takes connections and says nothing keeps the second waiting one time-out")
        func hungFirst() throws {
            let (first, second) = (try Mosquitto(), try Mosquitto())
            try first.freeze()
            defer { first.thaw() }
            let (link, taken) = try time {
                let link = try TestLink([first.broker, second.broker]) { $0.connectTimeout = .milliseconds(500) }
                #expect(try link.recorder.one("connect", \.connectedBroker) == 1)
                return link
            }
            #expect(link.recorder.all.compactMap(\.failed) == [.timedOut(.handshake)])
            #expect(taken >= .milliseconds(500) && taken < .milliseconds(1500), "took \(taken)")
        }

        @Test("A first broker that is slow, and has no living second, is reached in the second round")
        func slowFirst() throws {
            let broker = ScriptedBroker { peer, _ in
                guard let connect = peer.packet(), connect.type == 0x10 else { return }
                Thread.sleep(forTimeInterval: 0.6)
                peer.send([0x20, 3, 0, 0, 0])
                peer.drain()
            }
            defer { broker.end() }
            let link = try TestLink([.init(host: "127.0.0.1", port: broker.port), nobody]) {
                $0.connectTimeout = .milliseconds(300)
            }
            #expect(try link.recorder.one("connect", \.connectedBroker) == 0)
            #expect(link.recorder.all.compactMap(\.connectingBroker) == [0, 1, 0])
            #expect(link.recorder.all.compactMap(\.failed).first == .timedOut(.handshake))
        }
    }
}

extension LinkReport {
    fileprivate var connectingBroker: Int? { if case .connecting(_, let broker) = self { broker } else { nil } }
}

extension Message {
    /// As a subscriber gets it who was there when it was published (MQTT 5.0, section 3.3.1.3).
    fileprivate var asForwarded: Message {
        var message = self
        message.retain = false
        return message
    }
}
