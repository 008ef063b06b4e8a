import CallContract
import CallCore
import Foundation
import Testing

/// docs/asyncapi.yaml, docs/schemas and the contract's page against each other and against the code, with a validator
/// that is not ours.
@Suite("The contract for machines") struct SchemaTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Runs Tests/validate-messages.py with Debian's own Python, which has the packages of .ci/dependencies.
    private func judge(_ word: String, input: String = "") throws -> (code: Int32, output: String) {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("judged-\(UUID().uuidString)")
        try input.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [Self.root.appendingPathComponent("Tests/validate-messages.py").path, word]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    /// What the validator says of each message.
    private func verdicts(_ messages: [(topic: String, payload: String)]) throws -> [String] {
        let lines = try messages.map { message in
            let json = ["topic": message.topic, "payload": message.payload]
            return String(decoding: try JSONEncoder().encode(json), as: UTF8.self) + "\n"
        }
        let (code, output) = try judge("verdicts", input: lines.joined())
        let verdicts = output.split(separator: "\n").map(String.init)
        try #require(code == 0 && verdicts.count == messages.count, "\(output)")
        return verdicts
    }

    private func known(_ schema: String, _ pointer: String) throws -> Set<String> {
        let data = try Data(contentsOf: Self.root.appendingPathComponent("docs/schemas/\(schema).json"))
        var value: Any? = try JSONSerialization.jsonObject(with: data)
        for key in pointer.split(separator: ".") { value = (value as? [String: Any])?[String(key)] }
        return Set(try #require(value as? [String], "\(schema) \(pointer)"))
    }

    @Test("Schemas, AsyncAPI document and the page's examples and tables agree")
    func agree() throws {
        let (code, output) = try judge("contract")
        #expect(code == 0, "\(output)")
    }

    @Test("The schemas list the states, event types and faults that the code has")
    func lists() throws {
        #expect(try known("common", "$defs.state.enum") == Set(CallState.allCases.map(\.rawValue)))
        #expect(
            try known("event", "properties.type.x-known")
                == Set(CallEventType.allCases.map { "courtyard.call.\($0.rawValue)" }))
        let faults = try String(
            contentsOf: Self.root.appendingPathComponent("Sources/CallCore/Supervision/Faults.swift"), encoding: .utf8)
        let declared = faults.matches(of: /FaultID\(unchecked: "([a-z-]+)"\)/).map { String($0.1) }
        #expect(try known("fault", "properties.fault.x-known") == Set(declared))
        let states = try String(
            contentsOf: Self.root.appendingPathComponent("Sources/CallContract/PointMessage.swift"), encoding: .utf8)
        let points = states.matches(of: /case .*state(?:, what\) = \(| = )"([a-z-]+)"/).map { String($0.1) }
        #expect(try known("point", "properties.state.x-known") == Set(points))
    }

    /// Payloads of a command, good and bad, as a desk might send them.
    private static let payloads: [(name: String, fields: String)] = {
        let call = #""call":"k3f9qz-123""#
        var all: [(String, String)] = []
        for name in ["received", "accept", "arrive", "resolve", "cancel"] {
            for fields in [
                #"\#(call),"revision":3"#, #"\#(call),"revision":3.0"#, call, #""revision":3"#,
                #"\#(call),"revision":0"#, #"\#(call),"revision":1.5"#, #"\#(call),"revision":"3""#,
                #"\#(call),"revision":9007199254740992"#, #"\#(call),"revision":9007199254740994"#,
                #""call":"k3f9qz-007","revision":3"#, #""call":"k3f9qz","revision":3"#, #""call":7,"revision":3"#,
                #""call":null,"revision":3"#, #"\#(call),"revision":null"#, #"\#(call),"revision":true"#,
                #"\#(call),"revision":3,"actor":"desk-1/王","at":[7],"new":{}"#, #"\#(call),"revision":3,"actor":7"#,
                #"\#(call),"revision":3,"actor":"""#, #"\#(call),"revision":3,"actor":"a\u0007b""#,
                #"\#(call),"revision":3,"actor":"\#(String(repeating: "x", count: 201))""#,
            ] { all.append((name, fields)) }
        }
        let revised = #"\#(call),"revision":3"#
        for value in ["true", "false", "null", "1", #""yes""#] {
            all.append(("accept", #"\#(revised),"onTheWay":\#(value)"#))
        }
        for value in [#""x""#, "null", "7", #""\#(String(repeating: "x", count: 1001))""#, #""a\nb""#] {
            all.append(("resolve", #"\#(revised),"note":\#(value)"#))
            all.append(("resolve", #"\#(revised),"outcome":\#(value)"#))
            all.append(("cancel", #"\#(revised),"reason":\#(value)"#))
        }
        for value in [#""b3-u2-401""#, "null", "7", #""UP""#, #""""#] { all.append(("test", #""point":\#(value)"#)) }
        all += [("test", #""x":1"#), ("sync", #""x":1"#), ("identify", #""actor":null"#), ("sync", #""actor":[1]"#)]
        for value in ["1", #""4""#, "0", "-1", "1.5", "[1]", "null", "10001", #""x""#] {
            all.append(("replay", #""service":"meal","limit":\#(value)"#))
        }
        all += [("replay", #""from":1"#), ("replay", #""service":"NO WAY""#), ("replay", #""service":7"#)]
        return all
    }()

    @Test("A command is good for the schemas exactly if it is good for the reader")
    func reader() throws {
        let messages = Self.payloads.map { name, fields in
            (topic: "courtyard/v1/s/g/command/\(name)", payload: #"{"id":"c1",\#(fields)}"#)
        }
        var taken = 0
        for (index, verdict) in try verdicts(messages).enumerated() {
            let name = Self.payloads[index].name
            let read = try? CommandMessage(name: name, payload: Array(messages[index].payload.utf8))
            #expect((read != nil) == (verdict == "ok"), "\(name) \(messages[index].payload): \(verdict)")
            taken += read == nil ? 0 : 1
        }
        #expect(taken > 20 && taken < messages.count - 20)
    }

    @Test("The validator sees what is wrong with a message")
    func wrong() throws {
        let base = "courtyard/v1/willow-court/gw-1"
        let status = #"{"state":"ready","boot":"b","connection":1,"version":"0.1.0","simulated":true}"#
        let desk = #"{"state":"listening","name":null}"#
        let fault = #"{"fault":"line-busy","since":"2026-08-24T03:00:00.000Z","what":"w","remedy":"r","points":[]}"#
        let found = try verdicts([
            ("\(base)/status", status), ("courtyard/v1/willow-court/desk/d", desk), ("\(base)/fault/line-busy", fault),
            ("\(base)/fault/line-busy", ""),
            ("\(base)/status", ""), ("\(base)/status", "{"), ("\(base)/state", status),
            ("\(base)/status", status.replacingOccurrences(of: "ready", with: "fine")),
            ("\(base)/status", status.replacingOccurrences(of: "true", with: "1")),
            ("\(base)/status", #"{"state":"ready"}"#), ("\(base)/fault/line-missing", fault),
            ("\(base)/fault/line-busy", fault.replacingOccurrences(of: "08-24", with: "13-24")),
            ("\(base)/fault/line-busy", fault.replacingOccurrences(of: ".000Z", with: "Z")),
            ("\(base)/fault/line-bzy", fault.replacingOccurrences(of: "line-busy", with: "line-bzy")),
        ])
        #expect(found.prefix(4).allSatisfy { $0 == "ok" }, "\(found)")
        #expect(found.dropFirst(4).allSatisfy { $0 != "ok" }, "\(found)")
    }
}
