internal import CallCore

/// What one wake-up found out, to be posted together.
struct ReportBatch {
    private var reports: [LineReport] = []

    var isEmpty: Bool { reports.isEmpty }

    mutating func add(_ found: [LineReport]) { reports += found }

    /// Everything added since the last call, by the kernel's time across all lines. What has the same time keeps the
    /// order in which it was added, which for one line is the kernel's.
    mutating func take() -> [LineReport] {
        defer { reports = [] }
        return reports.enumerated()
            .sorted { ($0.element.moment, $0.offset) < ($1.element.moment, $1.offset) }
            .map(\.element)
    }
}
