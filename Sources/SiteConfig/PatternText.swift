import CallCore

/// How outputs go on and off, as the site file has it: `on`, `off`, `500ms 500ms`, `once 200ms 100ms 200ms`.
enum PatternText {
    /// No eye or ear follows less, and the driver is not kept busy; a light that is on for longer may as well stay on.
    static let spanRange: ClosedRange<Duration> = .milliseconds(20)...(.seconds(60))
    /// The most spans of one pattern.
    static let spanLimit = 32

    /// Reads a pattern; nil if `text` is none. One that repeats has as many spans on as off, or it would not sound as
    /// it reads.
    static func parse(_ text: String) -> OutputPattern? {
        switch text {
        case "on": return .on
        case "off": return .off
        default: break
        }
        var words = text.split(separator: " ")
        let isOnce = words.first == "once"
        if isOnce { words.removeFirst() }
        guard (1...spanLimit).contains(words.count), isOnce || words.count.isMultiple(of: 2) else { return nil }
        let spans = words.compactMap { word in DurationText.parse(String(word)) }
        guard spans.count == words.count, spans.allSatisfy(spanRange.contains) else { return nil }
        return OutputPattern(spans, repeats: !isOnce)
    }

    /// The pattern as it can be read.
    static func write(_ pattern: OutputPattern) -> String {
        if pattern.isSteady { return pattern.spans.isEmpty ? "off" : "on" }
        return (pattern.repeats ? "" : "once ") + pattern.spans.map(DurationText.write).joined(separator: " ")
    }
}

extension Kind<OutputPattern> {
    static let pattern = Kind(
        "on, off, an even number of durations in turn on and off that repeat (500ms 500ms), or once and durations "
            + "(once 200ms 100ms 200ms); 1 to \(PatternText.spanLimit) of \(DurationText.write(PatternText.spanRange.lowerBound)) "
            + "to \(DurationText.write(PatternText.spanRange.upperBound))", read: PatternText.parse)
}
