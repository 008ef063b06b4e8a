internal import CallCore
internal import Journal

/// A month's response times as CSV (RFC 4180): one line a service, tests last. No value needs quotes. The columns are
/// promised in docs/report.md: new ones are only ever added at the end.
enum ReportCSV {
    static let steps = ["delivered", "accepted", "arrived", "resolved", "tested"]

    static let columns =
        [
            "month", "service", "calls", "presses", "accepted_60s", "accepted_60s_percent", "accepted_180s",
            "accepted_180s_percent",
        ] + steps.flatMap { step in ["count", "p50_s", "p90_s", "p99_s", "max_s"].map { "\(step)_\($0)" } } + [
            "cancelled_expired", "cancelled_outside_hours", "cancelled_other", "escalated_calls", "escalated_times",
            "reopened_calls", "reopened_times", "open", "measured_by_wall_clock", "left_out",
        ]

    static func text(_ times: ResponseTimes, _ month: Month) -> String {
        let lines =
            [columns] + times.services.map { line($0, month) } + [times.tests.map { line($0, month) }].compactMap { $0 }
        return lines.map { $0.joined(separator: ",") }.joined(separator: "\n")
    }

    private static func line(_ times: ServiceTimes, _ month: Month) -> [String] {
        var line = [month.text, times.service.text, String(times.calls), String(times.presses)]
        for part in [times.acceptedPromptly, times.acceptedInTime] {
            line += [String(part), Figures.decimalPercent(part, of: times.calls)]
        }
        for spread in [times.delivered, times.accepted, times.arrived, times.resolved] { line += values(spread) }
        line += ["", "", "", "", ""]
        let rest = [
            times.expired, times.outsideHours, times.otherwiseCancelled, times.escalated.calls, times.escalated.times,
            times.reopened.calls, times.reopened.times, times.open, times.quality.byWallClock, times.quality.leftOut,
        ]
        return line + rest.map { String($0) }
    }

    /// What only other services have stays empty.
    private static func line(_ times: TestTimes, _ month: Month) -> [String] {
        let head = [month.text, ServiceID.test.text, String(times.calls)]
        let between = Array(repeating: "", count: columns.firstIndex(of: "tested_count")! - head.count)
        let after = Array(repeating: "", count: 8)
        return head + between + values(times.roundTrip) + after
            + [String(times.quality.byWallClock), String(times.quality.leftOut)]
    }

    private static func values(_ spread: ResponseTimes.Spread) -> [String] {
        let durations = [spread.p50, spread.p90, spread.p99, spread.max]
        return [String(spread.count)] + durations.map { spread.count == 0 ? "" : Figures.seconds($0) }
    }
}
