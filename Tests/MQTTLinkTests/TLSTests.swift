import Certificates
import Foundation
import MQTTLink
import Testing

extension LinkTests {
    /// Certificates, good and bad, against a real mosquitto.
    @Suite struct TLSTests {
        private let certificates: Certificates

        init() throws { certificates = try Certificates() }

        private func broker(with certificate: String, _ more: String = "") throws -> Mosquitto {
            try Mosquitto(
                """
                allow_anonymous true
                cafile \(certificates.path("ca.pem"))
                certfile \(certificates.path(certificate + ".pem"))
                keyfile \(certificates.path(certificate + ".key"))
                \(more)
                """)
        }

        private func link(
            to broker: Mosquitto, ca: String = "ca.pem", host: String = "127.0.0.1", certificate: String? = nil
        ) throws -> TestLink {
            var target = MQTTLink.Broker(host: host, port: broker.port)
            target.tls = MQTTLink.TLS(
                ca: certificates.path(ca), certificate: certificate.map { certificates.path($0 + ".pem") },
                key: certificate.map { certificates.path($0 + ".key") })
            return try TestLink([target])
        }

        private func problem(_ failure: MQTTFailure) throws -> (MQTTFailure.TLSProblem, String) {
            guard case .tls(let problem, let words) = failure else { throw Missing("TLS, not \(failure)") }
            return (problem, words)
        }

        @Test("A certificate of our CA for this address is taken, and messages pass")
        func good() throws {
            try certificates.issue("good", for: "IP:127.0.0.1,DNS:localhost")
            let broker = try broker(with: "good")
            let link = try link(to: broker)
            try link.connected()
            #expect(try link.publish(Message(topic: "a", payload: [UInt8](repeating: 65, count: 200_000))) == 16)
            #expect(try failure(of: self.link(to: broker, host: "localhost")) == nil)
            #expect(link.link.stop())
        }

        @Test("Of the broker's certificate and those above it the one that ends first is told, before the connect")
        func ends() throws {
            // The authority's own ends in ten years.
            let (end, format) = (Date(timeIntervalSinceNow: 400 * 86_400), DateFormatter())
            (format.dateFormat, format.timeZone) = ("yyMMddHHmmss'Z'", TimeZone(identifier: "UTC"))
            try certificates.issue("long", for: "IP:127.0.0.1")
            try certificates.issue("short", for: "IP:127.0.0.1", to: format.string(from: end))
            for (name, end) in [("long", nil), ("short", Int64(end.timeIntervalSince1970))] {
                let broker = try broker(with: name)
                let link = try link(to: broker)
                let number = try link.connected()
                let reports = link.recorder.all
                let told = reports.compactMap { report -> Certificate? in
                    if case .brokerCertificate(number, 0, let found) = report { found } else { nil }
                }
                #expect(told.map(\.subject) == [end == nil ? "CN=ca" : "CN=short"])
                if let end { #expect(told.map(\.notAfter) == [end]) }
                let kinds = reports.map { report in
                    if case .brokerCertificate = report {
                        "certificate"
                    } else {
                        report.connected == nil ? "" : "connect"
                    }
                }
                #expect(kinds.filter { !$0.isEmpty } == ["certificate", "connect"])
            }
            let plain = try Mosquitto()
            let link = try TestLink([plain.broker])
            try link.connected()
            #expect(!link.recorder.all.contains { if case .brokerCertificate = $0 { true } else { false } })
        }

        /// Nil when it connects.
        private func failure(of link: TestLink) throws -> MQTTFailure? {
            try link.recorder.one("connect or failure") { report in
                if report.connected != nil { return .some(nil) }
                return report.failed.map { .some($0) }
            }
        }

        @Test("Each bad certificate has its own name: expired, not yet valid, unknown authority, other host")
        func bad() throws {
            try certificates.issue("expired", for: "IP:127.0.0.1", to: "200201000000Z")
            try certificates.issue("early", for: "IP:127.0.0.1", from: "480101000000Z")
            try certificates.issue("other-host", for: "DNS:broker.example")
            let cases: [(certificate: String, ca: String, problem: MQTTFailure.TLSProblem, words: String)] = [
                ("expired", "ca.pem", .expired, "the broker's certificate: certificate has expired"),
                ("early", "ca.pem", .notYetValid, "the broker's certificate: certificate is not yet valid"),
                ("other-host", "ca.pem", .hostMismatch, "the broker's certificate is not for '127.0.0.1'"),
                ("other-host", "other.pem", .unknownAuthority, "the broker's certificate: "),
            ]
            for (certificate, ca, expected, words) in cases {
                let broker = try broker(with: certificate)
                let link = try link(to: broker, ca: ca)
                let (found, said) = try problem(link.failure())
                #expect(found == expected && said.hasPrefix(words), "\(certificate): \(found), \(said)")
                #expect(link.recorder.all.compactMap(\.connected).isEmpty)
            }
        }

        @Test("A broker that wants our certificate gets it, and says so when it does not")
        func client() throws {
            try certificates.issue("good", for: "IP:127.0.0.1")
            try certificates.issue("gateway", for: "DNS:gateway")
            let broker = try broker(with: "good", "require_certificate true")
            try link(to: broker, certificate: "gateway").connected()
            // The broker's word can be overtaken by the reset that follows it; not every time.
            let without = try link(to: broker)
            _ = try without.recorder.one("refusal of the missing certificate") { report in
                if case .tls(.refusedByBroker, _) = report.failed { true } else { nil }
            }
            for failure in without.recorder.all.compactMap(\.failed) { _ = try problem(failure) }
        }

        @Test("A missing, foreign or encrypted key or CA file is named and does not ask on the terminal")
        func files() throws {
            try certificates.issue("good", for: "IP:127.0.0.1")
            try certificates.issue("gateway", for: "DNS:gateway")
            try certificates.openssl("ec -aes256 -passout pass:x -in gateway.key -out locked.key")
            try FileManager.default.copyItem(at: certificates.file("gateway.pem"), to: certificates.file("locked.pem"))
            try FileManager.default.copyItem(at: certificates.file("gateway.pem"), to: certificates.file("wrong.pem"))
            try FileManager.default.copyItem(at: certificates.file("good.key"), to: certificates.file("wrong.key"))
            let broker = try broker(with: "good")
            for (ca, certificate) in [
                ("none.pem", nil), ("ca.key", nil), ("ca.pem", "none"), ("ca.pem", "locked"), ("ca.pem", "wrong"),
            ] {
                let link = try link(to: broker, ca: ca, certificate: certificate)
                let (found, words) = try problem(link.failure())
                #expect(found == .files, "\(ca), \(certificate ?? "-"): \(words)")
            }
        }

        @Test("TLS without a CA, or with half a client certificate, is refused before anything is tried")
        func configuration() {
            for tls in [MQTTLink.TLS(ca: ""), .init(ca: "x", certificate: "y"), .init(ca: "x", key: "y")] {
                var broker = MQTTLink.Broker(host: "127.0.0.1", port: 1)
                broker.tls = tls
                #expect(throws: MQTTError.self) { try TestLink([broker]) }
            }
        }

        @Test("A handshake that is cut off, stalls or gets rubbish costs an attempt each, and no CPU")
        func brokenHandshake() throws {
            let broker = ScriptedBroker { peer, number in
                guard let start = peer.bytes(100), start[0] == 0x16 else { return }
                switch number % 4 {
                case 0: peer.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
                case 1: return  // with bytes of ours unread, so that it ends in a reset
                case 2: peer.end()
                default: peer.drain()
                }
            }
            defer { broker.end() }
            var target = MQTTLink.Broker(host: "127.0.0.1", port: broker.port)
            target.tls = MQTTLink.TLS(ca: certificates.path("ca.pem"))
            let link = try TestLink([target]) { $0.handshakeTimeout = .milliseconds(600) }
            let failures = try link.recorder.first(4, "failures", \.failed)
            #expect(failures[2] == .timedOut(.handshake), "\(failures)")
            guard case .tls = failures[3] else { throw Missing("TLS, not \(failures[3])") }
            #expect(usage(ofThread: "mqtt").cpu < .milliseconds(300))
        }

        @Test("A plain broker where TLS is expected, and TLS where a plain one is, are failures")
        func mixedUp() throws {
            try certificates.issue("good", for: "IP:127.0.0.1")
            let plain = try Mosquitto()
            let failure = try link(to: plain).failure()
            switch failure {
            case .tls, .closedSilently, .lost: break
            default: Issue.record("TLS to a plain broker gave \(failure)")
            }
            let secure = try broker(with: "good")
            let other = try TestLink([secure.broker]).failure()
            switch other {
            case .closedSilently, .lost, .protocolError: break
            default: Issue.record("plain MQTT to a TLS broker gave \(other)")
            }
        }
    }
}
