import CallCore
import Foundation
import Glibc
import RadioReceivers
import Testing

/// Receivers that a real rtl_433 speaks for: as a child, over UDP, and over a real broker.
@Suite struct RTL433Tests {
    private static let roof = ReceiverID("roof")!
    private static let model = "Smoke-GS558"
    private static let smoke = RadioDevice(
        name: "smoke", radioProtocol: .rtl433, bits: 48, identityBits: 48, meanings: [1: .press],
        model: .init(name: model, idKey: "id", messages: [.init(key: "unit", value: "8")]))

    /// Pulses that rtl_433 reads as a smoke alarm's, id 26014 and unit 8.
    private static let recording: String = {
        let bits = (0..<24).map { 0x13CD30 >> (23 - $0) & 1 == 1 }
        let frame = bits.map { $0 ? "1050 350" : "350 1050" } + ["350 10850"]
        let lines = [";pulse data", ";version 1", ";timescale 1us"] + (0..<6).flatMap { _ in frame } + [";end"]
        let path = NSTemporaryDirectory() + "courtyard-rtl433-\(getpid()).ook"
        try? lines.joined(separator: "\n").appending("\n").write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }()

    private static let enrolled = [
        RadioTransmitter(device: smoke, code: RadioCode(.rtl433, value: 26014, bits: 48, model: model))
    ]
    private static let press = RadioCode(.rtl433, value: 26014, bits: 48, model: model, message: 1)

    private func program(_ command: [String]) -> RadioReceiver {
        RadioReceiver(id: Self.roof, source: .program(command))
    }

    private func run(_ program: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    @Test("As a child: its messages are presses, what it says when it ends is the reason, and it is started again")
    func child() throws {
        let log = Log()
        let receivers = DecodingReceivers { log.add($0, $1) }
        defer { receivers.stop() }
        try receivers.listen([program(["rtl_433", "-r", Self.recording, "-F", "json"])], for: Self.enrolled)
        try wait(until: "the press and its end") { log.presses.count >= 2 }
        #expect(log.presses.prefix(2).map(\.code) == [Self.press, Self.press])
        #expect(log.presses.prefix(2).map(\.phase) == [.began, .ended])
        try wait(until: "it has ended") { log.conditions.contains { if case .dead = $0 { true } else { false } } }
        guard case .dead(let reason)? = log.conditions.last else { return }
        #expect(reason.hasPrefix("rtl_433 ended with code 0: "), "\(reason)")
        try wait(until: "it is heard again") { log.presses.count >= 4 }
    }

    @Test("One that can't work is dead, and is never said to work")
    func dead() throws {
        let log = Log()
        let receivers = DecodingReceivers { log.add($0, $1) }
        defer { receivers.stop() }
        try receivers.listen([program(["no-such-program-here", "-F", "json"])], for: [])
        try wait(until: "it is dead") { !log.conditions.isEmpty }
        guard case .dead(let reason)? = log.conditions.first else {
            Issue.record("\(log.conditions)")
            return
        }
        #expect(reason.contains("no-such-program-here ended with code 127") && reason.contains("No such file"))
        // A machine without a stick, or arguments that rtl_433 doesn't know.
        try receivers.listen([program(["rtl_433", "-d", "99999", "-F", "json"])], for: [])
        try wait(until: "it is dead too") { log.conditions.count == 2 }
        sleep(6)  // it has been started again meanwhile
        #expect(log.conditions.count == 2 && !log.conditions.contains(.working))
    }

    @Test("A program is ended with its receiver, and what it says that is no message does no harm")
    func ends() throws {
        let log = Log()
        let receivers = DecodingReceivers { log.add($0, $1) }
        let mark = "courtyard-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let script = """
            trap '' TERM; echo booting {; echo '{"model":"X"}'; echo '{"model":"X","id":7,"x":[[[{}]]]}'; \
            head -c 100000 /dev/zero | tr '\\0' '{'; echo; \
            echo '{"model":"X","id":"0A","rssi":-12.34}'; sleep 1000 # \(mark)
            """
        try receivers.listen([program(["sh", "-c", script])], for: [])
        try wait(until: "two presses and their ends") { log.presses.count == 4 }
        #expect(Set(log.presses.map(\.code.value)) == [7, 10] && log.presses.allSatisfy { $0.code.model == "X" })
        #expect(Set(log.presses.map(\.level)) == [nil, -123])
        #expect(log.conditions == [.working])
        #expect(receivers.statistics[Self.roof]?.verdicts.broken == 3)
        #expect(Self.runs(mark))
        receivers.stop()
        #expect(!Self.runs(mark))
    }

    @Test("Eight programs that won't end are ended together, not one after the other")
    func together() throws {
        let log = Log()
        let receivers = DecodingReceivers { log.add($0, $1) }
        let stubborn = ["sh", "-c", "trap '' TERM; echo '{\"model\":\"X\",\"id\":1}'; while :; do sleep 0.1; done"]
        try receivers.listen(
            (1...8).map { RadioReceiver(id: ReceiverID("r\($0)")!, source: .program(stubborn)) }, for: [])
        try wait(until: "all of them work") { log.conditions.count { $0 == .working } == 8 }
        let began = ContinuousClock.now
        receivers.stop()
        #expect(ContinuousClock.now - began < .milliseconds(2500), "one takes 0.8 s")
    }

    private static func runs(_ mark: String) -> Bool {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.contains { pid in
            Int(pid) != nil
                && ((try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline"))).map {
                    String(decoding: $0, as: UTF8.self).contains(mark)
                } ?? false)
        }
    }

    @Test("An rtl_433 elsewhere sends syslog datagrams; a taken port is said")
    func datagrams() throws {
        let log = Log()
        let receivers = DecodingReceivers { log.add($0, $1) }
        defer { receivers.stop() }
        let port = Int.random(in: 20_000..<32_000)
        try receivers.listen(
            [RadioReceiver(id: Self.roof, source: .datagrams(host: "127.0.0.1", port: port))], for: Self.enrolled)
        try wait(until: "it listens") { log.conditions == [.working] }
        let sender = try run("/usr/bin/rtl_433", ["-r", Self.recording, "-F", "syslog:127.0.0.1:\(port)"])
        sender.waitUntilExit()
        try wait(until: "the press and its end") { log.presses.count == 2 }
        #expect(log.presses.map(\.code) == [Self.press, Self.press])
        let (second, other) = (Log(), ReceiverID("attic")!)
        let twin = DecodingReceivers { second.add($0, $1) }
        defer { twin.stop() }
        try twin.listen([RadioReceiver(id: other, source: .datagrams(host: "127.0.0.1", port: port))], for: [])
        try wait(until: "the port is taken") { !second.conditions.isEmpty }
        #expect(second.conditions == [.dead("listening at 127.0.0.1 port \(port): Address already in use")])
    }

    @Test("An rtl_433 elsewhere publishes to a broker, and mosquitto_sub passes it on")
    func broker() throws {
        let port = Int.random(in: 20_000..<32_000)
        let broker = try run("/usr/sbin/mosquitto", ["-p", "\(port)"])
        defer { broker.terminate() }
        let log = Log()
        let receivers = DecodingReceivers { log.add($0, $1) }
        defer { receivers.stop() }
        try receivers.listen(
            [program(["mosquitto_sub", "-p", "\(port)", "-t", "rtl_433/+/events"])], for: Self.enrolled)
        try wait(until: "it works") { log.conditions.last == .working }
        // rtl_433 that reads a file has ended before its own connection to a broker stands.
        let sender = try run(
            "/bin/sh",
            [
                "-c", "rtl_433 -r '\(Self.recording)' -F json | mosquitto_pub -p \(port) -t rtl_433/x/events -l",
            ])
        sender.waitUntilExit()
        try wait(until: "the press and its end") { log.presses.count == 2 }
        #expect(log.presses.map(\.code) == [Self.press, Self.press])
    }
}
