internal import CallCore

/// Results as Jenkins and GitLab read them: JUnit's XML, one test case for each scenario.
package enum JUnit {
    /// The whole file.
    package static func write(_ results: [ScenarioResult], stage: String) -> String {
        let failures = results.count { $0.fault.map { !isError($0.verdict) } ?? false }
        let errors = results.count { $0.fault.map { isError($0.verdict) } ?? false }
        let counts = attributes([
            ("tests", String(results.count)), ("failures", String(failures)), ("errors", String(errors)),
            ("time", seconds(results.reduce(.zero) { $0 + $1.span })),
        ])
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites\(counts)>
              <testsuite\(attributes([("name", "courtyard-sim on \(stage)")]))\(counts)>
            \(results.map(testCase).joined())  </testsuite>
            </testsuites>

            """
    }

    private static func testCase(_ result: ScenarioResult) -> String {
        let scenario = result.scenario
        var text = "    <testcase"
        text += attributes([
            ("classname", "\(result.stage).\(stem(of: scenario.file))"), ("name", scenario.title),
            ("time", seconds(result.span)), ("file", scenario.file),
        ])
        text += ">\n"
        if let fault = result.fault {
            let kind = isError(fault.verdict) ? "error" : "failure"
            let lines = ResultText.lines(fault, isLong: false)
            let message = "line \(fault.step.line): \(fault.step.text)"
            text += "      <\(kind)\(attributes([("message", message), ("type", kind)]))>"
            text += escaped(lines.joined(separator: "\n")) + "</\(kind)>\n"
        }
        let steps = result.steps.flatMap { ResultText.lines($0, isLong: false) }
        text += "      <system-out>\(escaped(([scenario.about] + steps).joined(separator: "\n")))</system-out>\n"
        return text + "    </testcase>\n"
    }

    /// The stage broke down, which is not the gateway's fault; a stage that can't is one too.
    private static func isError(_ verdict: StepResult.Verdict) -> Bool {
        switch verdict {
        case .cannot, .failed: true
        case .done, .met, .unexpected, .notTried: false
        }
    }

    /// The name of a file without its directory and what follows the last point.
    package static func stem(of path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.lastIndex(of: ".").map { $0 == name.startIndex ? name : String(name[..<$0]) } ?? name
    }

    private static func seconds(_ span: Duration) -> String {
        let milliseconds = span.milliseconds
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    private static func attributes(_ pairs: [(String, String)]) -> String {
        pairs.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
    }

    /// Text as XML 1.0 can hold it, in an element or in quotes (XML 1.0, sections 2.2 and 2.4).
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x26: escaped += "&amp;"
            case 0x3C: escaped += "&lt;"
            case 0x3E: escaped += "&gt;"
            case 0x22: escaped += "&quot;"
            case 0x0A: escaped += "\n"
            case 0x09, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: escaped.unicodeScalars.append(scalar)
            default: escaped.unicodeScalars.append("\u{FFFD}")
            }
        }
        return escaped
    }
}
