import CallContract
import CallCore
import Testing

private let known = CallID("k3f9qz-123")!

@Suite("Commands, read from payloads that may be anything") struct CommandMessageTests {
    private func read(_ name: String, _ json: String) throws -> CommandMessage {
        try CommandMessage(name: name, payload: Array(json.utf8))
    }

    /// The reason for which a command with a usable id is refused.
    private func refusal(_ name: String, _ json: String) -> String? {
        do throws(CommandMessage.Refusal) {
            _ = try CommandMessage(name: name, payload: Array(json.utf8))
            return nil
        } catch {
            guard case .refused(id: "c1", let reason) = error else { return nil }
            return reason
        }
    }

    @Test(
        "Each command that concerns calls is read with all its fields",
        arguments: [
            ("received", "", CallCommand.Request.received(known, revision: nil)),
            ("received", #","revision":3"#, .received(known, revision: 3)),
            ("accept", #","revision":3"#, .accept(known, revision: 3, onTheWay: false)),
            ("accept", #","revision":3,"onTheWay":null"#, .accept(known, revision: 3, onTheWay: false)),
            ("accept", #","revision":3,"onTheWay":true"#, .accept(known, revision: 3, onTheWay: true)),
            ("arrive", #","revision":9007199254740992"#, .arrive(known, revision: 1 << 53)),
            ("resolve", #","revision":3"#, .resolve(known, revision: 3, outcome: nil)),
            (
                "resolve", #","revision":3,"outcome":"helped up","note":"摔倒""#,
                .resolve(known, revision: 3, outcome: "helped up: 摔倒")
            ),
            ("resolve", #","revision":3,"outcome":"","note":"n""#, .resolve(known, revision: 3, outcome: "n")),
            ("cancel", #","revision":1.0,"reason":"误按""#, .cancel(known, revision: 1, reason: "误按")),
            ("cancel", #","revision":1,"reason":"""#, .cancel(known, revision: 1, reason: nil)),
            ("test", "", .test(nil)),
            ("test", #","point":"b3-u2-401""#, .test(PointID("b3-u2-401")!)),
        ])
    func fields(name: String, more: String, request: CallCommand.Request) throws {
        let json = #"{"id":"c1","actor":"desk-1/王","at":"2026-08-24T03:14:15Z","call":"k3f9qz-123"\#(more),"new":[1]}"#
        let command = CallCommand(id: "c1", actor: "desk-1/王", request: request)
        #expect(command.name == name)
        let message = try read(name, json)
        #expect(message.request == .call(command))
        #expect(message.id == "c1" && message.actor == "desk-1/王")
    }

    @Test("`at` is ignored, whatever it is", arguments: ["7", #""yesterday""#, "{}", "null", "[[]]"])
    func at(_ value: String) throws {
        let message = try read("received", #"{"id":"c1","call":"k3f9qz-123","at":\#(value)}"#)
        #expect(
            message.request == .call(CallCommand(id: "c1", actor: nil, request: .received(known, revision: nil))))
    }

    @Test("An empty actor is none")
    func emptyActor() throws {
        for actor in [#""""#, "null"] {
            #expect(try read("sync", #"{"id":"c1","actor":\#(actor)}"#).actor == nil)
            guard case .call(let command) = try read("test", #"{"id":"c1","actor":\#(actor)}"#).request else {
                Issue.record("no call command")
                continue
            }
            #expect(command.actor == nil)
        }
    }

    @Test(
        "What is no call's id is refused by the field's name",
        arguments: [
            "7", "true", "{}", "[]", #""""#, #""k3f9qz""#, #""k3f9qz-""#, #""-1""#, #""k3f9qz-+1""#,
            #""k3f9qz-007""#, #""K3F9QZ-1""#, #""k3f9qz-1 ""#, #""k3f9qz/1""#, "\"#-1\"", #""k3f9qz-1\u0000""#,
            #""k3f9qz-18446744073709551616""#, #""k3f9qz-１""#, "null", "1e400",
        ])
    func call(_ value: String) {
        // 1e400 is no number that this reader has: then the whole payload is none.
        let json = #"{"id":"c1","call":\#(value),"revision":1}"#
        for name in ["received", "accept", "arrive", "resolve", "cancel"] {
            let reason = refusal(name, json)
            #expect(value == "1e400" || reason?.hasPrefix("call: ") == true, "\(name) \(value): \(reason ?? "taken")")
        }
        #expect(refusal("received", #"{"id":"c1"}"#) == "call: missing")
    }

    @Test(
        "What is no revision is refused by the field's name",
        arguments: [
            "0", "-1", "1.5", "9007199254740994", #""1""#, #""""#, "true", "{}", "[1]", "1e300", "-0.1",
        ])
    func revision(_ value: String) {
        for name in ["received", "accept", "arrive", "resolve", "cancel"] {
            let reason = refusal(name, #"{"id":"c1","call":"k3f9qz-123","revision":\#(value)}"#)
            #expect(reason?.hasPrefix("revision: must be ") == true, "\(name) \(value): \(reason ?? "taken")")
        }
    }

    @Test("A missing revision is refused, except where none is needed")
    func missingRevision() throws {
        for revision in ["", #","revision":null"#] {
            for name in ["accept", "arrive", "resolve", "cancel"] {
                let reason = refusal(name, #"{"id":"c1","call":"k3f9qz-123"\#(revision)}"#)
                #expect(reason?.hasPrefix("revision: missing") == true, "\(name): \(reason ?? "taken")")
            }
            _ = try read("received", #"{"id":"c1","call":"k3f9qz-123"\#(revision)}"#)
        }
    }

    @Test("Other fields of the wrong kind, too long or with control characters are refused by their names")
    func otherFields() throws {
        let good = #""id":"c1","call":"k3f9qz-123","revision":1"#
        for (name, field, longest) in [
            ("accept", "actor", 200), ("resolve", "outcome", 200), ("resolve", "note", 1000), ("cancel", "reason", 200),
            ("sync", "actor", 200), ("test", "actor", 200),
        ] {
            let long = String(repeating: "王", count: longest / 3) + String(repeating: "x", count: longest % 3)
            _ = try read(name, #"{\#(good),"\#(field)":"\#(long)"}"#)
            for value in [
                "7", "true", "{}", #"["x"]"#, #""\#(long)x""#, #""a\nb""#, #""\u0000""#, #""\u001b[2J""#, #""\u007f""#,
                #""\u0085""#,
            ] {
                let reason = refusal(name, #"{\#(good),"\#(field)":\#(value)}"#)
                #expect(reason?.hasPrefix("\(field): ") == true, "\(name) \(value): \(reason ?? "taken")")
            }
        }
        for value in ["1", #""true""#, "{}", "0"] {
            let reason = refusal("accept", #"{\#(good),"onTheWay":\#(value)}"#)
            #expect(reason == "onTheWay: must be true or false", "\(value)")
        }
        for value in ["1", #""""#, #""UP""#, #""b/1""#, #""+""#, #""\#(String(repeating: "b", count: 65))""#] {
            let reason = refusal("test", #"{"id":"c1","point":\#(value)}"#)
            #expect(reason?.hasPrefix("point: ") == true, "\(value): \(reason ?? "taken")")
        }
    }

    @Test("A longest command fits well into the longest payload")
    func longest() throws {
        let escaped = { (bytes: Int) in String(repeating: #"\ud83d\ude00"#, count: bytes / 4) }
        let json = #"""
            {"id":"\#(String(repeating: "c", count: 64))","call":"k3f9qz-123","revision":1,"actor":"\#(escaped(200))",
            "outcome":"\#(escaped(200))","note":"\#(escaped(1000))"}
            """#
        #expect(json.utf8.count < CommandMessage.longestPayload)
        guard case .call(let command) = try read("resolve", json).request,
            case .resolve(_, _, let outcome?) = command.request
        else {
            Issue.record("no resolve")
            return
        }
        #expect(outcome.utf8.count == 200 + 2 + 1000)
    }

    @Test("Without a usable id nothing is answered", arguments: ["{}", #"{"id":7}"#, #"{"id":"c/1"}"#, "[]", "", "{"])
    func unanswerable(_ json: String) {
        for name in ["received", "accept", "arrive", "resolve", "cancel", "test", "sync", "no-such"] {
            do throws(CommandMessage.Refusal) {
                _ = try CommandMessage(name: name, payload: Array(json.utf8))
                Issue.record("\(name) \(json) was taken")
            } catch {
                guard case .unanswerable = error else {
                    Issue.record("\(name) \(json): \(error)")
                    continue
                }
            }
        }
    }

    @Test("Bytes that are no text, and payloads cut anywhere, are never taken for a command")
    func mutations() {
        let good = Array(#"{"id":"c1","call":"k3f9qz-123","revision":7,"note":"摔倒"}"#.utf8)
        for end in good.indices { #expect(throws: CommandMessage.Refusal.self) { try resolve(Array(good[..<end])) } }
        for position in good.indices {
            // 0x80 in place of another continuation byte is a letter again.
            for byte: UInt8 in [0x00, 0x80, 0xC0, 0xFF] where byte != 0x80 || good[position] < 0x80 {
                var bytes = good
                bytes[position] = byte
                #expect(throws: CommandMessage.Refusal.self, "byte \(position) is \(byte)") { try resolve(bytes) }
            }
        }
    }

    private func resolve(_ payload: [UInt8]) throws(CommandMessage.Refusal) {
        _ = try CommandMessage(name: "resolve", payload: payload)
    }
}
