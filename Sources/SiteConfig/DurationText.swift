import CallCore

/// Durations as the site file has them: a number and its unit, such as `500ms`, `1.5s`, `5min`, `24h`, `730d`.
package enum DurationText {
    package static let units = "ms, s, min, h, d"

    private static let nanosecondsPerDay: Int64 = 86_400_000_000_000
    private static let nanosecondsPerUnit: [(unit: String, nanoseconds: Int64)] = [
        ("ms", 1_000_000), ("s", 1_000_000_000), ("min", 60_000_000_000), ("h", 3_600_000_000_000),
        ("d", nanosecondsPerDay),
    ]

    /// Reads a duration; nil if `text` is none. Up to six digits stand after the point.
    package static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        let number = text.utf8.prefix { (48...57).contains($0) || $0 == 46 }
        let unit = text.utf8.dropFirst(number.count).drop { $0 == 0x20 }
        guard let scale = nanosecondsPerUnit.first(where: { unit.elementsEqual($0.unit.utf8) })?.nanoseconds else {
            return nil
        }
        let parts = number.split(separator: 46, omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }), let whole = Int64(Substring(parts[0]))
        else { return nil }
        var (nanoseconds, overflow) = whole.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        if parts.count == 2 {
            guard parts[1].count <= 6, let fraction = Int64(Substring(parts[1])) else { return nil }
            let tenths = (0..<parts[1].count).reduce(Int64(1)) { power, _ in power * 10 }
            (nanoseconds, overflow) = nanoseconds.addingReportingOverflow(fraction * scale / tenths)
            guard !overflow else { return nil }
        }
        return .nanoseconds(nanoseconds)
    }

    /// The shortest way to write a whole number of milliseconds: `2s`, `500ms`, `5min`; one day is `24h`.
    package static func write(_ duration: Duration) -> String {
        let nanoseconds = duration.nanoseconds
        guard nanoseconds > 0 else { return "0" }
        let units = nanoseconds > nanosecondsPerDay ? nanosecondsPerUnit[...] : nanosecondsPerUnit.dropLast()
        let (unit, scale) = units.last { nanoseconds % $0.nanoseconds == 0 } ?? nanosecondsPerUnit[0]
        return "\(nanoseconds / scale)\(unit)"
    }
}
