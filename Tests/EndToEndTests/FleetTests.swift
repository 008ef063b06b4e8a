import Foundation
import Testing

extension EndToEnd {
    /// `courtyard-sim fleet` at brokers of its own and of others.
    @Suite struct FleetTests {
        private static let program = (Agent.program as NSString).deletingLastPathComponent + "/courtyard-sim"

        @Test("A fleet through a burst and storms: nothing is lost, and the figures say so")
        func storms() throws {
            try Bench.run { bench in
                let words = "fleet --gateways 12 --points 20 --rate 1200 --burst 4 --storm 3s --seconds 8 --desk --json"
                let file = bench.path("figures.json")
                let run = try bench.run(
                    Self.program, words.split(separator: " ").map(String.init) + [file], within: .seconds(150))
                #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
                let figures = try JSON(parsing: String(contentsOfFile: file, encoding: .utf8))
                #expect(figures.gateways == 12 && figures.points == 20)
                #expect(figures.missing == 0 && figures.doubled == 0)
                #expect(figures.made?.number.map { $0 > 100 } ?? false, "\(figures)")
                #expect(figures.burst?.count?.number.map { $0 > 40 } ?? false, "\(figures)")
                #expect(figures.losses?.number.map { $0 >= 24 } ?? false, "two storms over twelve: \(figures)")
                #expect(figures.reconnects?.count == figures.losses, "all are back: \(figures)")
            }
        }

        @Test("At a broker that is there it comes in as it is told to, and Ctrl-C ends it in order")
        func elsewhere() throws {
            try Bench.run { bench in
                let passwords = try bench.write("", to: "passwords")
                try bench.succeed("mosquitto_passwd", ["-b", passwords, "fleet", "secret"])
                chmod(passwords, 0o644)
                let broker = try Broker.running(bench, ["allow_anonymous false", "password_file \(passwords)"])
                let password = try bench.write("secret\n", to: "password")
                let address = ["--port", "\(broker.port)", "--username", "fleet", "--password-file", password]
                let fleet = try bench.start(
                    "fleet", Self.program, ["fleet", "--gateways", "3", "--points", "4", "--site", "trial"] + address)
                try wait(until: "residents press") { fleet.output.contains("residents press") }
                fleet.signal(SIGINT)
                #expect(try fleet.ended() == 0, "\(fleet.output)\(fleet.errors)")
                #expect(fleet.output.contains("missing 0"))
                #expect(fleet.output.contains("retained topics taken back"))
                let arguments = ["-V", "5", "-p", "\(broker.port)", "-u", "fleet", "-P", "secret"]
                let look = ["-t", "courtyard/#", "--retained-only", "-W", "1", "-v"]
                let left = try bench.run("mosquitto_sub", arguments + look)
                #expect(left.output.split(separator: "\n").allSatisfy { $0.contains("/desk/") }, "\(left.output)")
            }
        }

        @Test("A broker that isn't there is named, and so are options that can't be")
        func trouble() throws {
            try Bench.run { bench in
                let port = try Bench.freePort()
                let nobody = try bench.run(
                    Self.program, ["fleet", "--gateways", "2", "--port", "\(port)"], within: .seconds(60))
                #expect(nobody.exitCode == 1)
                #expect(nobody.errors.contains("127.0.0.1:\(port)"), "\(nobody.errors)")
                for words in [["--gateways", "0"], ["--burst", "101"], ["--storm", "0s"], ["--site", "Süd"]] {
                    let refused = try bench.run(Self.program, ["fleet"] + words)
                    #expect(refused.exitCode == 64, "\(words)")
                }
                let few = try bench.run(
                    "sh", ["-c", "ulimit -n 300; exec '\(Self.program)' fleet --gateways 1000"])
                #expect(few.exitCode == 1)
                #expect(few.errors.contains("10100 open files are needed, and this user may have 300"), "\(few.errors)")
            }
        }
    }
}
