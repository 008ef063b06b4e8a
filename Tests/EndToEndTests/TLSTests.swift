import Foundation
import Testing

extension EndToEnd {
    @Suite struct TLSTests {
        /// An authority, and a broker's certificate for 127.0.0.1 signed by it.
        func makeAuthority(_ bench: Bench, _ name: String, brokerDays: Int = 365) throws {
            func path(_ suffix: String) -> String { bench.path("\(name)\(suffix)") }
            let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            try bench.succeed(
                "openssl",
                ["req", "-x509", "-days", "365", "-subj", "/CN=\(name)", "-keyout", path(".key"), "-out", path(".pem")]
                    + key)
            try bench.succeed(
                "openssl",
                ["req", "-subj", "/CN=broker", "-keyout", path("-broker.key"), "-out", path("-broker.csr")] + key)
            try bench.write("subjectAltName=IP:127.0.0.1\n", to: "\(name).ext")
            try bench.succeed(
                "openssl",
                [
                    "x509", "-req", "-days", "\(brokerDays)", "-in", path("-broker.csr"), "-CA", path(".pem"), "-CAkey",
                    path(".key"), "-CAcreateserial", "-extfile", path(".ext"), "-out", path("-broker.pem"),
                ])
        }

        /// A broker with that certificate.
        func broker(_ bench: Bench, _ more: [String] = ["allow_anonymous true"]) throws -> Broker {
            try Broker.running(
                bench,
                ["certfile \(bench.path("ca-broker.pem"))", "keyfile \(bench.path("ca-broker.key"))"] + more)
        }

        @Test("Over TLS a press arrives, and the broker's certificate is checked")
        func works() throws {
            try Bench.run { bench in
                try makeAuthority(bench, "ca")
                let broker = try broker(bench)
                let subscriber = try Subscriber(broker, ["-V", "5", "--cafile", bench.path("ca.pem")])
                var site = SiteFile(points: [.bed("b1")])
                site.brokers = [SiteFile.broker(broker.port, "tls: {ca: ca.pem}")]
                let agent = try Agent.running(bench, site)
                try agent.buttons().press("b1")
                try subscriber.wait(until: "the press") { $0.presses("b1").count == 1 }
                #expect(try agent.stop().code == 0, bench.logs)
                try subscriber.wait(until: "stopping") { $0.lastAt("status")?.json?.state == "stopping" }
            }
        }

        @Test(
            "With another authority, or another name in the certificate, it doesn't connect, says why and keeps presses",
            arguments: ["authority", "name"])
        func refuses(wrong: String) throws {
            try Bench.run { bench in
                try makeAuthority(bench, "ca")
                try makeAuthority(bench, "other")
                let broker = try broker(bench)
                var site = SiteFile(points: [.bed("b1")])
                site.brokers = [
                    wrong == "authority"
                        ? SiteFile.broker(broker.port, "tls: {ca: other.pem}")
                        : "{host: localhost, port: \(broker.port), tls: {ca: ca.pem}}"
                ]
                let agent = try Agent.running(bench, site)
                try agent.buttons().press("b1")
                let status = try agent.wait(untilStatus: "says that TLS fails") {
                    $0.setFault("broker-away")?.what?.string?.contains("TLS") == true
                }
                #expect(status.outbox == 2 && status.broker == .null && status.state == "degraded", bench.logs)
                #expect(try cpuMilliseconds(agent) < 1000, "it spins\n\(bench.logs)")
                // With the right file in its place it connects by itself.
                if wrong == "authority" {
                    try bench.succeed("cp", [bench.path("ca.pem"), bench.path("other.pem")])
                    try agent.buttons().press("b1")
                    try agent.wait(untilStatus: "has told everything") { $0.outbox == 0 }
                }
            }
        }

        @Test("doctor says how long each certificate is good, and notes one that runs out soon")
        func doctor() throws {
            try Bench.run { bench in
                try makeAuthority(bench, "ca", brokerDays: 20)
                let broker = try broker(bench)
                var site = SiteFile(points: [.bed("b1")])
                site.brokers = [SiteFile.broker(broker.port, "tls: {ca: ca.pem}")]
                try bench.write(site.text, to: "gateway.yaml")
                let text = try bench.run(Agent.program, ["doctor", "-c", bench.path("gateway.yaml")]).output
                let lines = text.split(separator: "\n").filter { $0.contains("certificate: ") }
                #expect(lines.count == 2, "\(text)")
                #expect(
                    lines.first?.hasPrefix("fine  certificate: \(bench.path("ca.pem")) (CN=ca) expires in 36") == true)
                let words =
                    "note  certificate: the certificate of broker 127.0.0.1:\(broker.port) (CN=broker) expires in "
                #expect(lines.last?.hasPrefix(words) == true, "\(text)")
                #expect(text.contains("renew the broker's certificate"), "\(text)")
                try bench.write("no certificate\n", to: "ca.pem")
                let bad = try bench.run(Agent.program, ["doctor", "-c", bench.path("gateway.yaml")])
                #expect(bad.exitCode == 1)
                #expect(bad.output.contains("ca.pem holds no certificate in PEM format"), "\(bad.output)")
            }
        }

        /// Processor time so far, user and system: fields 14 and 15 of proc(5)'s stat, in ticks of 10 ms.
        private func cpuMilliseconds(_ agent: Agent) throws -> Int {
            let stat = try String(contentsOfFile: "/proc/\(agent.process?.pid ?? 0)/stat", encoding: .utf8)
            let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 12 ? 10 * ((Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)) : 0
        }

        @Test("A wrong or missing password is the fault not-authorised; with the right one it connects by itself")
        func password() throws {
            try Bench.run { bench in
                let passwords = bench.path("passwords")
                try bench.succeed("mosquitto_passwd", ["-c", "-b", passwords, "gw-1", "right"])
                try bench.succeed("mosquitto_passwd", ["-b", passwords, "desk", "desk"])
                let broker = try Broker.running(bench, ["allow_anonymous false", "password_file \(passwords)"])
                let subscriber = try Subscriber(broker, ["-V", "5", "-u", "desk", "-P", "desk"])
                var site = SiteFile(points: [.bed("b1")])
                site.brokers = [SiteFile.broker(broker.port, "username: gw-1, password-file: secret")]
                let agent = try Agent.running(bench, site)
                let missing = try agent.wait(untilStatus: "says that the password is missing") {
                    $0.faultIDs.contains("not-authorised")
                }
                #expect(missing.setFault("not-authorised")?.what?.string?.contains("secret") == true, bench.logs)
                try bench.write("sesame-9\n", to: "secret")
                try agent.buttons().press("b1")
                try agent.wait(untilStatus: "says that the password is wrong") {
                    $0.setFault("not-authorised")?.what?.string?.contains("secret") == false
                }
                #expect(!agent.log.contains("sesame-9"), "the log must not hold the password\n\(bench.logs)")
                try bench.write("right\r\n", to: "secret")
                try subscriber.wait(until: "the press", within: .seconds(20)) { $0.presses("b1").count == 1 }
                try agent.wait(untilStatus: "has neither fault") {
                    $0.faultIDs.isDisjoint(with: ["not-authorised", "broker-away"])
                }
            }
        }

        @Test("A broker that refuses single publishes is the fault not-authorised, until it allows them")
        func accessList() throws {
            try Bench.run { bench in
                let rules = try bench.write("topic read #\ntopic write \(SiteFile.base)/status\n", to: "acl")
                let broker = try Broker.running(bench, ["allow_anonymous true", "acl_file \(rules)"])
                let subscriber = try Subscriber(broker)
                let agent = try Agent.running(bench, SiteFile(broker, points: [.bed("b1")]))
                try agent.buttons().press("b1")
                let status = try agent.wait(untilStatus: "says not-authorised") {
                    $0.faultIDs.contains("not-authorised") && $0.outbox == 2
                }
                #expect(status.setFault("not-authorised")?.remedy?.string?.contains(SiteFile.base) == true, bench.logs)
                try bench.write("topic readwrite #\n", to: "acl")
                broker.readSettingsAgain()
                try subscriber.wait(until: "the press", within: .seconds(15)) { $0.presses("b1").count == 1 }
                try agent.wait(untilStatus: "has told everything, without that fault", within: .seconds(15)) {
                    $0.outbox == 0 && !$0.faultIDs.contains("not-authorised")
                }
                try subscriber.wait(until: "the end of the fault there too") { !$0.isSet("not-authorised") }
            }
        }
    }
}
