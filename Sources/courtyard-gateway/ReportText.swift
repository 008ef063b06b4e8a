internal import CallCore
internal import Journal

/// A month's response times for a person to read.
struct ReportText {
    /// What the report is about.
    struct Heading {
        var month: Month
        var journal: JournalID
        var path: String
        var now: WallTime
        var oldest: WallTime?
    }

    private var lines: [String] = []

    var text: String { lines.joined(separator: "\n") }

    init(_ heading: Heading, _ times: ResponseTimes) {
        let period = heading.month.period
        lines.append("Response times, \(heading.month.name) (local time, \(CalendarTime(period.lowerBound).offset))")
        lines.append("Journal \(heading.journal): \(heading.path)")
        if period.contains(heading.now) {
            lines.append("The month isn't over: this is how it stood at \(CalendarTime(heading.now).minute).")
        }
        guard !times.isEmpty else {
            lines.append("\n" + Self.nothing(heading.month, oldest: heading.oldest))
            return
        }
        for service in times.services { add(service) }
        if let tests = times.tests { add(tests) }
        lines.append("")
        addNotes(times)
    }

    /// Says that a month is empty, and whether it could be otherwise.
    static func nothing(_ month: Month, oldest: WallTime?) -> String {
        let beginning =
            oldest.map { "The journal's oldest event is of \(CalendarTime($0).day)." }
            ?? "The journal holds no event with a date."
        return "No calls in \(month.name). \(beginning)"
    }

    // MARK: One service

    private mutating func add(_ times: ServiceTimes) {
        lines.append("\n\(times.service)")
        add("calls", times.calls, "\(counted(times.presses, "press", "presses"))")
        add("accepted within 60 s", times.acceptedPromptly, Figures.percent(times.acceptedPromptly, of: times.calls))
        add("accepted within 3 min", times.acceptedInTime, Figures.percent(times.acceptedInTime, of: times.calls))
        add("escalated", times.escalated)
        add("reopened", times.reopened)
        let cancelled = times.expired + times.outsideHours + times.otherwiseCancelled
        let reasons = [
            (times.expired, "expired"), (times.outsideHours, "outside hours"), (times.otherwiseCancelled, "other"),
        ]
        add("cancelled", cancelled, reasons.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
        add("still open", times.open, "")
        lines.append("")
        addSpreads(
            "from the press until", "calls",
            [
                ("a desk had it", times.delivered), ("accepted", times.accepted), ("somebody was there", times.arrived),
                ("resolved", times.resolved),
            ])
    }

    private mutating func add(_ times: TestTimes) {
        lines.append("\ntest calls")
        add("made", times.calls, "")
        add("answered", times.answered, Figures.percent(times.answered, of: times.calls))
        add("not answered", times.calls - times.answered, "")
        lines.append("")
        addSpreads("from the test until", "tests", [("it came back", times.roundTrip)])
    }

    private mutating func add(_ label: String, _ repeated: ResponseTimes.Repeated) {
        add(label, repeated.calls, repeated.calls > 0 ? counted(repeated.times, "time", "times") + " in all" : "")
    }

    private mutating func add(_ label: String, _ number: Int, _ remark: String) {
        lines.append("  " + left(label) + right(String(number), 8) + (remark.isEmpty ? "" : "   \(remark)"))
    }

    private mutating func addSpreads(_ label: String, _ unit: String, _ rows: [(String, ResponseTimes.Spread)]) {
        let head = ["p50", "p90", "p99", "longest"].map { right($0, 13) }.joined()
        lines.append("  " + left(label) + right(unit, 8) + head)
        for (label, spread) in rows {
            let figures = [spread.p50, spread.p90, spread.p99, spread.max].map { duration in
                right(spread.count == 0 ? "-" : Figures.duration(duration), 13)
            }
            lines.append("  " + left(label) + right(String(spread.count), 8) + figures.joined())
        }
    }

    // MARK: Notes

    private mutating func addNotes(_ times: ResponseTimes) {
        lines.append(
            """
            A time counts from the first press to the first time that a step was reached. p50: half of the calls took no
            longer; p90, p99: 90 and 99 of 100 (nearest rank: each is a time that was measured). Percentages are of all
            calls of the service.
            """)
        let all = times.services.map(\.quality) + [times.tests?.quality].compactMap { $0 }
        let byWallClock = all.reduce(0) { $0 + $1.byWallClock }
        let leftOut = all.reduce(0) { $0 + $1.leftOut }
        if byWallClock > 0 {
            lines.append(
                "\(counted(byWallClock, "time was", "times were")) measured by the wall clock: the gateway restarted in between."
            )
        }
        if leftOut > 0 {
            lines.append(
                "\(counted(leftOut, "time is", "times are")) left out: the gateway restarted in between, and its clock wasn't synchronised."
            )
        }
    }

    private func counted(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }

    private func left(_ text: String) -> String { text + String(repeating: " ", count: max(1, 22 - text.count)) }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}

/// Numbers as a report writes them.
enum Figures {
    /// With one decimal, rounded: `82.4 %`.
    static func percent(_ part: Int, of whole: Int) -> String { "\(decimalPercent(part, of: whole)) %" }

    static func decimalPercent(_ part: Int, of whole: Int) -> String {
        let tenths = whole == 0 ? 0 : (part * 2000 + whole) / (2 * whole)
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// `0.04 s`, `21.3 s`, `3 min 05 s`, `26 h 10 min`: rounded to what is shown.
    static func duration(_ duration: Duration) -> String {
        let milliseconds = duration.milliseconds
        let hundredths = (milliseconds + 5) / 10
        if hundredths < 1000 { return "\(hundredths / 100).\(twoDigits(Int(hundredths % 100))) s" }
        let tenths = (milliseconds + 50) / 100
        if tenths < 600 { return "\(tenths / 10).\(tenths % 10) s" }
        let seconds = (milliseconds + 500) / 1000
        if seconds < 3600 { return "\(seconds / 60) min \(twoDigits(Int(seconds % 60))) s" }
        let minutes = (seconds + 30) / 60
        return "\(minutes / 60) h \(twoDigits(Int(minutes % 60))) min"
    }

    /// In seconds with three decimals, rounded down: `185.042`.
    static func seconds(_ duration: Duration) -> String {
        let milliseconds = duration.milliseconds
        let rest = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }
}
