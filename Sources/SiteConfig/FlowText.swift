extension Node {
    /// The value as YAML on one line, every text in quotes: what another file can hold of it, unchanged.
    package var flowText: String {
        switch content {
        case .scalar(let text, _): isNothing ? "null" : Self.inQuotes(text)
        case .list(let items): "[" + items.map(\.flowText).joined(separator: ", ") + "]"
        case .mapping(let pairs):
            "{" + pairs.map { "\($0.key.flowText): \($0.value.flowText)" }.joined(separator: ", ") + "}"
        case .refused: "null"
        }
    }

    /// The value on one line as a person would write it: quotes only where something depends on them.
    package var shortText: String {
        switch content {
        case .scalar(let text, let plain): plain || Self.isPlain(text) ? text : Self.inQuotes(text)
        case .list(let items): "[" + items.map(\.shortText).joined(separator: ", ") + "]"
        case .mapping(let pairs):
            "{" + pairs.map { "\($0.key.shortText): \($0.value.shortText)" }.joined(separator: ", ") + "}"
        case .refused: "*"
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy {
                $0.properties.isAlphabetic || $0.properties.numericType != nil || "-. ".unicodeScalars.contains($0)
            }
            && text.first != "-" && text.first != " " && text.last != " "
    }

    /// YAML's double-quoted style (YAML 1.2.2, section 7.3.1).
    private static func inQuotes(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
