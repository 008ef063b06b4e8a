package import CallCore

extension Kind<String> {
    /// The id of a point, or the beginning of ids: `b3-*`.
    package static let pointPattern = Kind("the id of a point, or the beginning of ids and * (b3-*)") { text in
        let beginning = text.hasSuffix("*") ? text.dropLast() : text[...]
        return text == "*" || PointID(String(beginning)) != nil ? text : nil
    }
}

extension Kind<[String]> {
    /// The most ids and beginnings of ids in one text.
    private static let limit = 64

    /// Several of them, with spaces between.
    package static let pointPatterns = Kind(
        "1 to \(limit) ids of points, or beginnings of ids and * (b3-*), with spaces between"
    ) { text in
        let words = text.split(separator: " ").map { Kind<String>.pointPattern.read(String($0)) }
        return (1...limit).contains(words.count) && words.allSatisfy { $0 != nil } ? words.compactMap(\.self) : nil
    }
}

/// A site's point ids, sorted, to find out whether a pattern means any of them.
package struct PointIndex {
    private let ids: [String]

    package init(_ ids: some Sequence<PointID>) { self.ids = ids.map(\.text).sorted() }

    /// True if `pattern` is one of the ids, or the beginning of one.
    func knows(_ pattern: String) -> Bool {
        let isBeginning = pattern.hasSuffix("*")
        let text = isBeginning ? String(pattern.dropLast()) : pattern
        // All ids that begin with `text` stand from here on.
        var (low, high) = (0, ids.count)
        while low < high {
            let middle = (low + high) / 2
            if ids[middle] < text { low = middle + 1 } else { high = middle }
        }
        guard low < ids.count else { return false }
        return isBeginning ? ids[low].hasPrefix(text) : ids[low] == text
    }

    /// Reports a pattern that means no point.
    package func refuse(_ pattern: String, at place: Place, _ path: String, _ problems: ProblemList) {
        guard !knows(pattern) else { return }
        problems.add(
            place, path,
            found:
                "\(quoted(pattern)), which is \(pattern.hasSuffix("*") ? "the beginning of no point's id" : "no point")",
            allowed: Kind<String>.pointPattern.allowed)
    }
}

/// Patterns gathered from many places, to find out whether they cover a point.
struct PointPatterns {
    private var ids: Set<String> = []
    private var beginnings: Set<String> = []

    var isEmpty: Bool { ids.isEmpty && beginnings.isEmpty }

    mutating func insert(_ pattern: String) {
        if pattern.hasSuffix("*") { beginnings.insert(String(pattern.dropLast())) } else { ids.insert(pattern) }
    }

    func covers(_ point: PointID) -> Bool {
        ids.contains(point.text)
            || (0...point.text.utf8.count).contains { beginnings.contains(String(point.text.prefix($0))) }
    }
}
