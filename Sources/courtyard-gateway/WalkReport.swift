internal import CallContract
internal import CallCore

/// A walk test on paper.
struct WalkReport {
    private let walk: Walk
    private let ended: WallTime

    init(_ walk: Walk, ended: WallTime) {
        self.walk = walk
        self.ended = ended
    }

    /// In a few lines, for the terminal.
    var summary: String {
        let unheard = walk.unheard
        var lines = ["\(walk.heard) of \(walk.points.count) call points were heard."]
        let unanswered = walk.points.count { $0.isUnanswered }
        if unanswered > 0 { lines.append("\(unanswered) tests were answered by no desk.") }
        for point in unheard.prefix(20) { lines.append("  not heard: \(point.id) \(point.label) (\(point.kind))") }
        if unheard.count > 20 { lines.append("  and \(unheard.count - 20) more") }
        return lines.joined(separator: "\n")
    }

    private var title: String { "Walk test of \(walk.site), \(walk.begun) to \(ended)" }

    /// Every point: those that were not heard first.
    private var rows: [[String]] {
        (walk.unheard + walk.points.filter { $0.pressed != nil }).map { point in
            [
                point.pressed == nil ? "NOT HEARD" : "heard", point.id, point.label, point.kind,
                point.pressed.map { "\($0)" } ?? "", point.receiver ?? "", point.level.map { "\($0) dB" } ?? "",
                point.roundTripMs.map { "\($0) ms" } ?? (point.isUnanswered ? "no desk answered" : ""),
            ]
        }
    }

    private static let heads = [
        "result", "point", "where", "kind", "pressed", "receiver", "level", "to a desk and back",
    ]

    /// One line a point, columns between tabs.
    var text: String {
        let lines = [title, "\(walk.heard) of \(walk.points.count) call points were heard.", ""]
        let table = ([Self.heads] + rows).map { $0.joined(separator: "\t") }
        return (lines + table).joined(separator: "\n") + "\n"
    }

    /// One page that needs nothing besides.
    var html: String {
        func row(_ cells: [String], _ tag: String) -> String {
            let isMissing = cells.first == "NOT HEARD"
            return "<tr\(isMissing ? " class=\"missing\"" : "")>"
                + cells.map { "<\(tag)>\(Self.escaped($0))</\(tag)>" }.joined() + "</tr>"
        }
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title>
            <meta name="viewport" content="width=device-width">
            <style>body{font:16px sans-serif;margin:2em}table{border-collapse:collapse}
            th,td{border:1px solid #999;padding:.3em .6em;text-align:left}.missing{background:#fdd;font-weight:bold}</style>
            </head><body><h1>\(Self.escaped(title))</h1>
            <p>\(walk.heard) of \(walk.points.count) call points were heard.</p>
            <table><thead>\(row(Self.heads, "th"))</thead><tbody>
            \(rows.map { row($0, "td") }.joined(separator: "\n"))
            </tbody></table></body></html>

            """
    }

    /// HTML Living Standard, section 13.1.2.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
