import CallCore

@testable import SiteConfig

/// The tables of what holds by itself: how services are followed, and how signals look and sound.
extension ReferencePage {
    static var serviceDefaults: String {
        func row(_ key: String, _ value: (Service.Rules) -> String) -> String {
            let values = [ServiceID.emergency, .meal, .errand].map { value(.standard(for: $0)) }
            return "| `\(key)` | \(values.joined(separator: " | ")) |\n"
        }
        func span(_ span: Duration?, or word: String) -> String { span.map(DurationText.write) ?? word }
        let priorities = [ServiceID.emergency, .meal, .errand].map { id in
            Service.defaults.first { $0.id == id }.map { "\($0.priority)" } ?? "MISSING"
        }
        return "| | emergency | meal | errand, and the site's own |\n|---|---|---|---|\n"
            + "| `priority` | \(priorities.joined(separator: " | ")); own: to be given |\n"
            + row("accept-within") { span($0.acceptWithin, or: "never") }
            + row("escalate-every") { span($0.escalateEvery, or: "once") }
            + row("arrive-within") { span($0.arriveWithin, or: "never") }
            + row("expiry") { span($0.expiresAfter, or: "never") }
            + row("urgent-presses") { $0.isUrgentWhenRepeated ? "emergency" : "none" }
            + row("resolve") { $0.resolution.rawValue }
            + row("hours") { $0.hours == nil ? "always" : "SOME" }
    }

    static var signals: String {
        let kinds = BoardOutput.Kind.allCases
        return
            "| signal | says | \(kinds.map(\.rawValue).joined(separator: " | ")) |\n|---|---\(kinds.map { _ in "|---" }.joined())|\n"
            + SignalKeys.keys.map { signal, key in
                let patterns = kinds.map { PatternText.write($0.pattern(for: signal)) }
                return "| `\(key.name)` | \(key.doc.meaning) | \(patterns.joined(separator: " | ")) |\n"
            }.joined()
    }
}
