import Foundation

/// Everything that the subscribers of a test were sent, for a judge that is not ours: Tests/validate-messages.py holds it
/// against docs/asyncapi.yaml and docs/schemas.
final class MessageRecord {
    private unowned let bench: Bench
    private var files: [(path: String, keepsRetain: Bool)] = []
    private var hasOurs = false

    private static let judge = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("validate-messages.py").path

    init(_ bench: Bench) { self.bench = bench }

    /// A file of mosquitto_sub's lines.
    /// - Parameter keepsRetain: its `retain` is the publisher's.
    func add(_ path: String, keepsRetain: Bool) { files.append((path, keepsRetain)) }

    /// Notes what the test itself publishes: it may be anything, and is not judged.
    func isOurs(_ topic: String, _ payload: String) throws {
        let line = try JSONEncoder().encode(["topic": topic, "payload": payload]) + [10]
        if !hasOurs { try bench.write("", to: "ours.jsonl") }
        hasOurs = true
        guard let file = FileHandle(forWritingAtPath: bench.path("ours.jsonl")) else { throw Broken("no ours.jsonl") }
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(contentsOf: line)
    }

    /// - Throws: what breaks the contract.
    func judge() throws {
        guard !files.isEmpty else { return }
        var arguments = ["messages"] + files.filter(\.keepsRetain).map(\.path)
        arguments += ["--flagless"] + files.filter { !$0.keepsRetain }.map(\.path)
        if hasOurs { arguments += ["--besides", bench.path("ours.jsonl")] }
        // Debian's own Python: another one in the path would not have its packages.
        let judge = try bench.run("/usr/bin/python3", [Self.judge] + arguments, within: .seconds(60))
        guard judge.exitCode == 0 else { throw Broken("the contract is broken:\n\(judge.output)\(judge.errors)") }
    }
}
