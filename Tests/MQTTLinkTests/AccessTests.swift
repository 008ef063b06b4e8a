import Foundation
import MQTTLink
import Testing

extension LinkTests {
    /// Passwords and permissions, against a real mosquitto.
    @Suite struct AccessTests {
        private func broker(_ more: String = "") throws -> Mosquitto {
            let directory = try temporaryDirectory()
            try run("mosquitto_passwd", ["-b", "-c", directory.path + "/passwords", "gateway", "三号楼 secret"])
            let rules = "user gateway\ntopic readwrite event/#\ntopic read desk/#\n"
            try rules.write(toFile: directory.path + "/acl", atomically: true, encoding: .utf8)
            return try Mosquitto(
                "allow_anonymous false\npassword_file DIR/passwords\nacl_file DIR/acl\n\(more)", directory: directory)
        }

        private func link(
            to broker: Mosquitto, password: Password?, _ change: (inout MQTTLink.Broker) -> Void = { _ in }
        ) throws -> TestLink {
            var target = broker.broker
            target.username = "gateway"
            target.password = password
            change(&target)
            return try TestLink([target]) { $0.subscriptions = ["event/#", "secret/#"] }
        }

        @Test("A password file is read with its line end and byte order mark dropped, anew at each attempt")
        func passwordFile() throws {
            let broker = try broker()
            let file = broker.directory.appendingPathComponent("password")
            let link = try link(to: broker, password: .file(file.path))
            guard case .password(let words) = try link.failure() else {
                throw Missing("password")
            }
            #expect(words == "\(file.path): No such file or directory")
            try "wrong\n".write(to: file, atomically: true, encoding: .utf8)
            let refused = try link.recorder.one("refusal") { if case .refused = $0.failed { $0.failed } else { nil } }
            #expect(refused == .refused(.notAuthorised, code: 135, "Not authorized"))
            try Data([0xEF, 0xBB, 0xBF] + "三号楼 secret\r\nsecond line\r\n".utf8).write(to: file)
            try link.connected()
            #expect(!"\(link.recorder.all)".contains("secret\")"))
        }

        @Test("On 3.1.1 wrong credentials are told by their own code")
        func oldRefusal() throws {
            let broker = try broker()
            let link = try link(to: broker, password: Password { () throws(Password.Missing) in Array("wrong".utf8) }) {
                $0.version = .v311
            }
            guard case .refused(let kind, let code, _) = try link.failure() else {
                throw Missing("refused")
            }
            #expect((kind == .notAuthorised && code == 5) || (kind == .badCredentials && code == 4))
        }

        @Test("An empty, binary or endless password file is a failed attempt that says so")
        func badPasswordFiles() throws {
            let broker = try broker()
            let file = broker.directory.appendingPathComponent("password")
            let contents: [(Data, String)] = [
                (Data(), "its first line is empty"), (Data("\r\nx".utf8), "its first line is empty"),
                (Data([65, 0, 66]), "is no password"), (Data(repeating: 65, count: 100_000), "is no password"),
            ]
            for (content, words) in contents {
                try content.write(to: file)
                let link = try link(to: broker, password: .file(file.path))
                guard case .password(let said) = try link.failure() else {
                    throw Missing("password")
                }
                #expect(said.contains(words), "\(said)")
            }
            let link = try link(to: broker, password: .file(broker.directory.path))
            #expect(try link.failure() == .password("\(broker.directory.path): Is a directory"))
        }

        @Test("What the broker's list does not allow is answered with 135")
        func permissions() throws {
            let broker = try broker()
            let link = try link(
                to: broker, password: Password { () throws(Password.Missing) in Array("三号楼 secret".utf8) })
            try link.connected()
            let answers = try link.recorder.first(2, "SUBACK") { report -> LinkReport? in
                report.subscribed == nil ? nil : report
            }
            // mosquitto grants every subscription and withholds the messages.
            #expect(answers.first == .subscribed(filter: "event/#", reason: 1))
            #expect(try link.publish(text("desk/1", "x")) == 135)
            #expect(try link.publish(text("event/1", "x")) == 0)
        }

        @Test("A refused subscription is reported with its reason")
        func refusedSubscription() throws {
            let broker = ScriptedBroker { peer, _ in
                guard peer.welcome(), let subscribe = peer.packet() else { return }
                peer.send([0x90, 5, subscribe.body[0], subscribe.body[1], 0, 1, 0x87])
                peer.drain()
            }
            defer { broker.end() }
            let link = try TestLink([.init(host: "127.0.0.1", port: broker.port)]) {
                $0.subscriptions = ["a/#", "b/#"]
            }
            let answers = try link.recorder.first(2, "SUBACK") { report -> LinkReport? in
                report.subscribed == nil ? nil : report
            }
            #expect(answers == [.subscribed(filter: "a/#", reason: 1), .subscribed(filter: "b/#", reason: 135)])
        }
    }
}
