import Foundation
import Glibc
import Testing

/// A real mosquitto on a port of its own.
final class Broker {
    let bench: Bench
    let port: Int
    private let settings: [String]
    private var process: ChildProcess?

    /// - Parameter settings: further lines of mosquitto.conf(5); anonymous clients are allowed unless they say otherwise.
    init(_ bench: Bench, _ settings: [String] = ["allow_anonymous true"]) throws {
        self.bench = bench
        port = try Bench.freePort()
        self.settings = settings
    }

    static func running(_ bench: Bench, _ settings: [String] = ["allow_anonymous true"]) throws -> Broker {
        let broker = try Broker(bench, settings)
        try broker.start()
        return broker
    }

    /// Starts it, with nothing remembered, and waits until it listens.
    func start() throws {
        // Not 0 for "unlimited": mosquitto 2.0.11 then ends the connection of whoever publishes what it may not.
        let lines =
            ["listener \(port) 127.0.0.1", "persistence false", "max_queued_messages 100000", "log_type all"]
            + (geteuid() == 0 ? ["user root"] : []) + settings
        let file = try bench.write(lines.joined(separator: "\n") + "\n", to: "mosquitto-\(port).conf")
        let usual = "/usr/sbin/mosquitto"  // not in everybody's path
        let program = FileManager.default.fileExists(atPath: usual) ? usual : "mosquitto"
        let process = try bench.start("mosquitto", program, ["-c", file])
        self.process = process
        try wait(until: "mosquitto listens on \(port)") {
            if let code = process.exitCode { throw Broken("mosquitto ended with \(code)") }
            return LoopbackSocket().connect(port)
        }
    }

    func kill() { process?.end() }
    func freeze() { process?.signal(SIGSTOP) }
    func thaw() { process?.signal(SIGCONT) }
    /// It reads its access and password files again.
    func readSettingsAgain() { process?.signal(SIGHUP) }

    /// Publishes with mosquitto_pub(1), QoS 1.
    func publish(_ topic: String, _ payload: String, retain: Bool = false) throws {
        try bench.record.isOurs(topic, payload)
        try bench.succeed(
            "mosquitto_pub",
            ["-V", "5", "-p", "\(port)", "-q", "1", "-t", topic, "-m", payload] + (retain ? ["-r"] : []))
    }

    /// Publishes a file's bytes.
    func publish(_ topic: String, file: String) throws {
        let bytes = FileManager.default.contents(atPath: file) ?? Data()
        try bench.record.isOurs(topic, String(decoding: bytes, as: UTF8.self))
        try bench.succeed("mosquitto_pub", ["-V", "5", "-p", "\(port)", "-q", "1", "-t", topic, "-f", file])
    }

    /// What stands retained at this moment, by topic: everything that comes before the answer to a last subscription.
    func retained(_ filter: String = "courtyard/#") throws -> [String: Message] {
        let mark = "mark/\(UInt64.random(in: 0...UInt64.max))"
        try publish(mark, "end", retain: true)
        let subscriber = try Subscriber(self, filters: [filter, mark])
        try subscriber.wait(for: "the end of what is retained") { $0.last(mark) }
        subscriber.end()
        let messages = subscriber.messages.filter { $0.topic != mark }
        return Dictionary(messages.map { ($0.topic, $0) }, uniquingKeysWith: { _, newer in newer })
    }
}
