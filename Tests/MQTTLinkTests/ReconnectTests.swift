import Foundation
import MQTTLink
import Testing

extension LinkTests {
    /// Brokers that are not there, go away, and come back.
    @Suite struct ReconnectTests {
        @Test("A broker that is down at the start is found when it comes up")
        func downAtStart() throws {
            let port = freePort()
            let link = try TestLink([.init(host: "127.0.0.1", port: port)])
            let failure = try link.failure()
            #expect(failure == .unreachable("127.0.0.1:\(port): Connection refused"))
            let error = #expect(throws: MQTTError.self) { try link.link.publish(text("a", "x")) }
            #expect(error == .notConnected)
            let broker = try Mosquitto(port: port)
            try link.connected()
            #expect(try link.publish(text("a", "x")) == 16)
            _ = broker
        }

        @Test("After kill -9 of the broker the link comes back by itself, under a new number")
        func killedBroker() throws {
            let broker = try Mosquitto()
            let link = try TestLink([broker.broker])
            let first = try link.connected()
            let before = try link.link.publish(text("a", "x"))
            broker.kill()
            let failure = try link.recorder.one("loss", \.disconnected)
            #expect(failure == .closedSilently)
            try broker.start()
            let second = try link.recorder.first(2, "connects", \.connected)[1]
            #expect(second > first)
            let after = try link.link.publish(text("a", "y"))
            #expect(
                before.packet == after.packet, "packet identifiers restart, that is why PublishID has the connection")
            #expect(before != after)
        }

        @Test("The second broker is used while the first is dead, until it is lost itself")
        func order() throws {
            let first = freePort()
            let second = try Mosquitto()
            let link = try TestLink([.init(host: "127.0.0.1", port: first), second.broker])
            #expect(try link.recorder.one("connect", \.connectedBroker) == 1)
            let main = try Mosquitto(port: first)
            second.kill()
            #expect(try link.recorder.first(2, "connects", \.connectedBroker)[1] == 0)
            _ = main
        }

        @Test("A black hole costs its connect time-out and no more; then the next broker is tried")
        func blackHoleFirst() throws {
            let hole = try BlackHole()
            let broker = try Mosquitto()
            let (link, taken) = try time {
                let link = try TestLink([.init(host: "127.0.0.1", port: hole.port), broker.broker]) {
                    $0.connectTimeout = .milliseconds(300)
                }
                #expect(try link.recorder.one("connect", \.connectedBroker) == 1)
                return link
            }
            #expect(link.recorder.all.compactMap(\.failed) == [.timedOut(.connect)])
            #expect(taken >= .milliseconds(300) && taken < .milliseconds(1500), "took \(taken)")
        }

        @Test("Commands given while the gateway was away arrive after it has come back")
        func session() throws {
            let broker = try Mosquitto()
            let settings: (inout MQTTLink.Configuration) -> Void = { $0.subscriptions = ["command/#"] }
            var link: TestLink? = try TestLink([broker.broker], clientID: "gateway-1", settings)
            #expect(try link?.recorder.one("connect", \.sessionPresent) == false)
            _ = try link?.recorder.one("SUBACK", \.subscribed)
            #expect(link?.link.stop() == true)
            link = nil
            let desk = try TestLink([broker.broker])
            try desk.connected()
            #expect(try desk.publish(text("command/accept", "1")) == 0)
            #expect(try desk.publish(text("command/accept", "2")) == 0)
            let again = try TestLink([broker.broker], clientID: "gateway-1", settings)
            #expect(try again.recorder.one("connect", \.sessionPresent) == true)
            let commands = try again.recorder.first(2, "commands", \.received)
            #expect(commands.map { String(decoding: $0.payload, as: UTF8.self) } == ["1", "2"])
        }

        @Test("Two clients with one id throw each other out less and less often")
        func clones() throws {
            let broker = try Mosquitto()
            let settings: (inout MQTTLink.Configuration) -> Void = {
                $0.shortestWait = .milliseconds(20)
                $0.longestWait = .seconds(20)
            }
            let link = try TestLink([broker.broker], clientID: "twin", settings)
            try link.connected()
            let clone = try TestLink([broker.broker], clientID: "twin", settings)
            try clone.connected()
            let losses = try link.recorder.first(4, "losses", \.disconnected)
            // mosquitto says 142 from some version after 2.0.11 on.
            print("mosquitto tells a client whose id was taken: \(losses[0])")
            #expect(losses.allSatisfy { $0 == .sessionTakenOver || $0 == .closedSilently })
            let waits = try link.recorder.first(4, "waits", \.waiting)
            #expect(waits[3] > waits[0] * 3, "waits \(waits)")
        }

        @Test("retryNow cuts the wait short, at most once a second")
        func retryNow() throws {
            let port = freePort()
            let link = try TestLink([.init(host: "127.0.0.1", port: port)]) {
                $0.shortestWait = .seconds(60)
                $0.longestWait = .seconds(60)
            }
            _ = try link.recorder.one("wait", \.waiting)
            let (_, first) = try time {
                link.link.retryNow()
                _ = try link.recorder.first(2, "failures", \.failed)
            }
            #expect(first < .milliseconds(500), "the first press waited \(first)")
            let (_, second) = try time {
                link.link.retryNow()
                _ = try link.recorder.first(3, "failures", \.failed)
            }
            #expect(second > .milliseconds(700) && second < .milliseconds(1500), "the second press waited \(second)")
            #expect(link.recorder.all.compactMap(\.failed).count == 3)
        }

        @Test("The network thread answers its watchdog while connected, backing off and hanging in a connect")
        func checkIn() throws {
            let hole = try BlackHole()
            let broker = try Mosquitto()
            let states = [
                "connected": try TestLink([broker.broker]),
                "backing off": try TestLink([.init(host: "127.0.0.1", port: freePort())]) {
                    $0.longestWait = .seconds(30)
                    $0.shortestWait = .seconds(30)
                },
                "connecting": try TestLink([.init(host: "127.0.0.1", port: hole.port)]) {
                    $0.connectTimeout = .seconds(30)
                },
            ]
            try states["connected"]?.connected()
            _ = try states["backing off"]?.recorder.one("wait", \.waiting)
            for (state, link) in states {
                let answered = DispatchSemaphore(value: 0)
                link.link.checkIn { answered.signal() }
                #expect(answered.wait(timeout: .now() + 1) == .success, "no answer while \(state)")
            }
        }

        @Test("A name that does not exist is a failure naming it")
        func unknownName() throws {
            let link = try TestLink([.init(host: "no-such-host.invalid", port: 1883)])
            let failure = try link.failure(within: 30)
            switch failure {
            case .unreachable(let text): #expect(text.contains("no-such-host.invalid"))
            case .timedOut(.connect):
                print("this machine's resolver answers nothing at all: only the time-out was seen")
            default: throw Missing("unreachable, not \(failure)")
            }
        }
    }
}
