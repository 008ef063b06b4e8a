/// One thing that is wrong with a site file or a points file: where, what was found, and what would be right.
///
/// Printed as `gateway.yaml:12:5: points[3].line.offset: found "seven", allowed: a whole number from 0 to 511`.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
    /// The file, as it was named to the reader.
    public let file: String
    /// Counted from 1; nil when the file as a whole is meant.
    public let line: Int?
    /// In characters, counted from 1; nil when the file as a whole is meant.
    public let column: Int?
    /// The way to the value, list items counted from 0: `points[3].line.offset`; in a CSV file the column's name.
    /// Empty when no value is meant.
    public let keyPath: String
    /// What stands there. Never a secret.
    public let found: String
    /// What may stand there.
    public let allowed: String

    public var description: String {
        var place = file
        if let line { place += ":\(line)" }
        if let column { place += ":\(column)" }
        return "\(place): \(keyPath.isEmpty ? "" : keyPath + ": ")found \(found), allowed: \(allowed)"
    }
}

/// Why a site file can't be used: everything that is wrong with it, in the order of the files' lines. Never empty.
public struct SiteProblems: Error, Sendable, CustomStringConvertible {
    /// At most `ProblemList.remembered` of them.
    public let problems: [Problem]
    /// How many were found, also those that are not kept.
    public let total: Int

    /// How many are printed: more than anybody corrects before trying again.
    public static let printed = 100

    /// One line per problem, the first hundred; then how many more there are.
    public var description: String {
        var lines = problems.prefix(Self.printed).map(\.description)
        if total > lines.count { lines.append("and \(total - lines.count) more") }
        return lines.joined(separator: "\n")
    }
}

/// A position in a file, both counted from 1.
package struct Mark: Hashable, Sendable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A position in a named file.
package struct Place: Hashable, Sendable {
    package let file: String
    package let mark: Mark

    package init(file: String, mark: Mark) {
        self.file = file
        self.mark = mark
    }

    /// `points.csv:7`, for messages that name a second place.
    var short: String { "\(file):\(mark.line)" }
}

/// Collects problems while the reader goes on reading.
package final class ProblemList {
    /// How many are kept; the rest are only counted, so that a hostile file can't fill the memory with its mistakes.
    static let remembered = 10_000

    private var problems: [Problem] = []
    package private(set) var total = 0
    /// The files in the order they were read, which is the order of the messages.
    private var files: [String: Int] = [:]

    package init() {}

    /// Says that messages about `file` come after those about the files known so far.
    package func opened(_ file: String) {
        if files[file] == nil { files[file] = files.count }
    }

    package func add(_ place: Place, _ keyPath: String, found: String, allowed: String) {
        add(
            Problem(
                file: place.file, line: place.mark.line, column: place.mark.column, keyPath: keyPath, found: found,
                allowed: allowed))
    }

    /// A problem of the file as a whole.
    package func add(file: String, found: String, allowed: String) {
        add(Problem(file: file, line: nil, column: nil, keyPath: "", found: found, allowed: allowed))
    }

    private func add(_ problem: Problem) {
        total += 1
        if problems.count < Self.remembered { problems.append(problem) }
    }

    /// How many problems may come with a guess at what was meant: guessing compares with every known word.
    static let guessed = 200

    /// "did you mean label? ", or nothing if no word of `known` is near `word`.
    package func guess(for word: String, of known: [String]) -> String {
        guard total < Self.guessed else { return "" }
        return nearest(to: word, of: known).map { "did you mean \($0)? " } ?? ""
    }

    /// Everything found so far, in the order of the files' lines; nil if nothing was.
    package var result: SiteProblems? {
        guard total > 0 else { return nil }
        func order(_ problem: Problem) -> (Int, Int, Int) {
            (files[problem.file] ?? files.count, problem.line ?? 0, problem.column ?? 0)
        }
        let sorted = problems.enumerated().sorted { a, b in
            let (first, second) = (order(a.element), order(b.element))
            return first == second ? a.offset < b.offset : first < second
        }
        return SiteProblems(problems: sorted.map(\.element), total: total)
    }
}

/// Text as a message shows it: in quotes, on one line, and not longer than a message should be.
package func quoted(_ text: String) -> String {
    let limit = 60
    var shown = "\""
    for scalar in text.unicodeScalars.prefix(limit) {
        switch scalar {
        case "\"": shown += "\\\""
        case "\n": shown += "\\n"
        case "\t": shown += "\\t"
        case _ where isControl(scalar): shown += "\\u{\(String(scalar.value, radix: 16))}"
        default: shown.unicodeScalars.append(scalar)
        }
    }
    return shown + (text.unicodeScalars.count > limit ? "…\"" : "\"")
}

/// "a, b, c and 12 more": known words, as far as a message should list them.
package func listed(_ words: [String]) -> String {
    let limit = 30
    let shown = words.prefix(limit).joined(separator: ", ")
    return words.count > limit ? "\(shown) and \(words.count - limit) more" : shown
}

/// Characters that have no business in a label or a name: control characters, line and paragraph separators, and those
/// that turn the direction of the text around them (Unicode 15, sections 23.1 and 23.2).
func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
}

/// "1,048,576": a number with its thousands apart.
func grouped(_ number: Int) -> String {
    let digits = String(number)
    var result = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { result += "," }
        result.append(digit)
    }
    return result
}
