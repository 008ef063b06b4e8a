import CallCore
import Glibc
import Journal
import Testing

/// The program itself, on journals made for it.
@Suite("Report") struct ReportTests {
    // Time zones as POSIX writes them, which needs no zone files.
    private static let shanghai = "CST-8"
    private static let berlin = "CET-1CEST,M3.5.0,M10.5.0/3"
    private static let stJohns = "NST3:30"

    private typealias Run = (status: Int32, output: String, errors: String)

    private func report(_ place: Place, _ arguments: String, zone: String = shanghai) -> Run {
        shell("TZ='\(zone)' \(program) report --journal '\(place.path)' \(arguments)")
    }

    /// The block after `<!-- checked: name -->`.
    private func example(_ name: String) throws -> String {
        let page = try page("docs/report.md")
        let mark = try #require(page.firstRange(of: "<!-- checked: \(name) -->\n"))
        let block = page[mark.upperBound...].split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
        return block.prefix { $0 != "```" }.joined(separator: "\n")
    }

    @Test("The page shows what the program prints, for reading and as CSV", arguments: ["text", "csv"])
    func example(form: String) throws {
        let place = try Place()
        try place.tellNovember()
        let run = report(place, "--month 2025-11" + (form == "csv" ? " --csv" : ""))
        #expect(run.status == 0 && run.errors == "", "\(run)")
        let shown = run.output.replacing(place.path, with: "/var/lib/courtyard-gateway/gateway.db")
        #expect(try shown == example(form) + "\n")
    }

    @Test("The page names every column of the CSV")
    func columns() throws {
        let page = try page("docs/report.md")
        let place = try Place()
        let header = report(place, "--month 2025-11 --csv").output.split(separator: "\n")[0].split(separator: ",")
        #expect(header.count == 43 && Set(header).count == 43)
        for column in header {
            let step = column.split(separator: "_")
            let isStep = step.count > 1 && ["count", "p50", "p90", "p99", "max"].contains(step[1])
            #expect(page.contains(isStep ? "`\(step[0])_…`" : "`\(column)`"), "\(column)")
        }
    }

    @Test("Every line of the CSV has every column, and numbers are numbers")
    func csv() throws {
        let place = try Place()
        try place.tellNovember()
        let lines = report(place, "--month 2025-11 --csv").output.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        #expect(lines.map { $0.count } == [43, 43, 43, 43])
        #expect(lines.map { $0[1] } == ["service", "emergency", "meal", "test"])
        for line in lines.dropFirst() { #expect(line.dropFirst(2).allSatisfy { $0.isEmpty || Double($0) != nil }) }
    }

    @Test("A month begins and ends at the local midnight, summer time or not")
    func zones() throws {
        let place = try Place()
        // 2025-03-31, 21:59:59.999 and 22:00 by UTC: the last and first moment of months in Berlin's summer time.
        try place.tell(.emergency, at: 1_743_458_399_999)
        try place.tell(.emergency, at: 1_743_458_400_000)
        func calls(_ month: String, _ zone: String) -> String {
            let lines = report(place, "--csv --month \(month)", zone: zone).output.split(separator: "\n")
            return lines.count < 2 ? "none" : String(lines[1].split(separator: ",")[2])
        }
        #expect(calls("2025-03", Self.berlin) == "1")
        #expect(calls("2025-04", Self.berlin) == "1")
        #expect(calls("2025-03", "UTC0") == "2")
        #expect(calls("2025-04", Self.shanghai) == "2")
        #expect(calls("2025-02", "UTC0") == "none")
        let heading = report(place, "--month 2025-03", zone: Self.stJohns).output
        #expect(heading.contains("March 2025 (local time, UTC-03:30)"), "\(heading)")
    }

    @Test("December ends with the year")
    func december() throws {
        let place = try Place()
        try place.tell(.meal, at: 1_767_225_599_999)  // 2025-12-31T23:59:59.999Z
        try place.tell(.meal, at: 1_767_225_600_000)
        let run = report(place, "--month 2025-12", zone: "UTC0")
        #expect(run.output.contains("December 2025") && run.output.contains("1   1 press\n"), "\(run)")
    }

    @Test("A month without calls says so, and since when the journal has events")
    func empty() throws {
        let place = try Place()
        let new = report(place, "--month 2025-11")
        #expect(new.status == 0)
        #expect(new.output.contains("No calls in November 2025. The journal holds no event with a date."), "\(new)")
        try place.tell(.emergency, at: 1_761_926_400_000)
        let text = report(place, "--month 2025-10")
        #expect(
            text.output.contains("No calls in October 2025. The journal's oldest event is of 2025-11-01."), "\(text)")
        let csv = report(place, "--month 2025-10 --csv")
        #expect(csv.status == 0 && csv.output.split(separator: "\n").count == 1, "\(csv)")
        #expect(csv.errors.contains("No calls in October 2025."), "\(csv)")
    }

    @Test("Without a month it is the current one, which isn't over")
    func current() throws {
        let place = try Place()
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        try place.tell(.emergency, at: Int64(now.tv_sec) * 1000)
        let run = report(place, "")
        #expect(run.output.contains("The month isn't over") && run.output.contains("1   1 press\n"), "\(run)")
    }

    @Test(
        "A month that is none ends with 64 and says how to write it",
        arguments: [
            "2025-13", "2025-00", "2025-1", "25-11", "november", "2025-11-01", "''", "2025-+1", "1970-01", "２025-11",
        ])
    func badMonth(month: String) throws {
        let run = report(try Place(), "--month \(month)")
        #expect(run.status == 64 && run.output == "", "\(run)")
        #expect(run.errors.contains("Write year and month, such as 2026-11."), "\(run)")
    }

    @Test("A journal that isn't there, isn't one, or is newer ends with 1 and says which")
    func unusable() throws {
        let place = try Place()
        func errors(_ path: String) -> String {
            let run = shell("\(program) report --month 2025-11 --journal '\(path)'")
            #expect(run.status == 1 && run.output == "", "\(run)")
            return run.errors
        }
        #expect(errors(place.directory + "/none.db").contains("none.db: there is no such file"))
        #expect(errors(place.directory).contains("it is a directory"))
        shell("echo 'not a journal' > \(place.directory)/text.db")
        #expect(errors(place.directory + "/text.db").contains("text.db: it isn't a courtyard-gateway's journal"))
        place.journal.close()
        shell("sqlite3 \(place.path) 'PRAGMA user_version = 99'")
        #expect(errors(place.path).contains("newer courtyard-gateway (schema 99"))
    }

    @Test("The site file names the journal; a bad one ends with 78")
    func siteFile() throws {
        let place = try Place()
        try place.tell(.emergency, at: 1_763_000_000_000)
        let site = place.directory + "/site.yaml"
        shell("printf '%s\\n' 'site: a' 'gateway: b' 'hardware: simulated' 'journal: gateway.db' > \(site)")
        shell("printf '%s\\n' 'brokers: [{host: h}]' 'points: [{id: p, label: l}]' >> \(site)")
        let good = shell("\(program) report --month 2025-11 --csv -c \(site)")
        #expect(good.status == 0 && good.output.contains("2025-11,emergency,1,1,"), "\(good)")
        shell("echo 'colour: red' >> \(site)")
        let bad = shell("\(program) report --month 2025-11 -c \(site)")
        #expect(bad.status == 78 && bad.errors.contains("colour"), "\(bad)")
    }

    @Test(
        "A user who may not read the journal is told so; one who may only read it gets the report",
        arguments: [true, false])
    func permissions(isRunning: Bool) throws {
        let place = try Place()
        try place.tell(.emergency, at: 1_763_000_000_000)
        if !isRunning { place.journal.close() }
        let nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
        guard shell("\(nobody) test -x \(program)").status == 0 else {
            return print("skipped: running the program as another user needs root, and a place that user may enter")
        }
        shell("chmod 755 \(place.directory)")
        let command = "\(nobody) \(program) report --month 2025-11 --csv --journal \(place.path)"
        let refused = shell(command)
        #expect(refused.status == 1 && refused.errors.contains("this user may not read it"), "\(refused)")
        shell("chmod o+r \(place.path)*")
        let allowed = shell(command)
        #expect(allowed.status == 0 && allowed.output.contains("2025-11,emergency,1,1,"), "\(allowed)")
        withExtendedLifetime(place) {}
    }
}
