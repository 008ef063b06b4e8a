internal import ArgumentParser
internal import CallCore
internal import Journal
internal import SiteConfig

/// `courtyard-gateway report`: how long people waited in a month.
struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Report a month's response times from the journal.",
        discussion: """
            Reads the journal beside the running agent, or without one, and changes nothing. docs/report.md says what \
            each line and column means. Exit code 1 if the journal can't be read, 78 if the site file is bad.
            """)

    @Option(
        help: "The month, such as 2026-11, by the board's local time. This month if left out.",
        transform: { text in
            guard let month = Month(text) else {
                throw ValidationError("Write year and month, such as 2026-11.")
            }
            return month
        })
    var month: Month?
    @Flag(help: "As CSV, one line a service.")
    var csv = false
    @Option(help: "The journal. The one that the site file names if left out.")
    var journal: String?
    @OptionGroup var siteFile: SiteFileOption

    func run() throws {
        let path = try journal ?? SiteFile.read(siteFile.path).files.journal
        let now = SystemClock().now().wall
        let month = month ?? Month(of: now)
        do throws(JournalError) {
            let reader = try JournalReader(path: path)
            let times = try reader.responseTimes(of: month.period)
            if csv {
                Output.print(ReportCSV.text(times, month))
                if times.isEmpty { Output.error(ReportText.nothing(month, oldest: try reader.oldestEvent())) }
            } else {
                let heading = ReportText.Heading(
                    month: month, journal: reader.id, path: path, now: now, oldest: try reader.oldestEvent())
                Output.print(ReportText(heading, times).text)
            }
        } catch {
            Output.error("\(error)")
            throw ExitCode.failure
        }
    }
}

extension ResponseTimes {
    /// Nobody called, not even for a test.
    var isEmpty: Bool { services.isEmpty && tests == nil }
}
