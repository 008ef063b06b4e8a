internal import ArgumentParser
internal import CallContract
internal import CallCore
internal import GPIOLines
internal import Glibc
internal import Journal
internal import LinuxSupport
internal import SiteConfig

/// `courtyard-gateway doctor`: everything the agent needs, looked at as the user who runs it.
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Examine everything the agent needs: lines, journal, clock, brokers.",
        discussion: """
            Run it as the service's user: sudo -u courtyard-gateway courtyard-gateway doctor
            Exit code 1 if anything is bad, 78 if the site file is. A running agent holds its lines; they are then
            reported as held by it, which is fine.
            """)

    @OptionGroup var siteFile: SiteFileOption
    @Flag(help: "As JSON: a list of {thing, verdict, found, remedy}.")
    var json = false

    func run() throws {
        let site = try SiteFile.read(siteFile.path)
        var findings: [Finding] = [.fine("site file", "\(siteFile.path): \(site.points.count) call points")]
        findings += Examination.files(site)
        findings += Examination.certificates(site, at: SystemClock().now().wall)
        findings += Examination.hardware(site)
        findings += Examination.radio(site)
        findings += Examination.journal(site)
        findings += Examination.clock()
        findings += site.brokers.flatMap { Examination.broker($0, of: site) }
        if json {
            Output.print(String(decoding: WireJSON.bytes(findings), as: UTF8.self))
        } else {
            for finding in findings { Output.print(finding.text) }
        }
        if findings.contains(where: { $0.verdict == .bad }) { throw ExitCode.failure }
    }
}

/// The doctor's single looks.
enum Examination {
    static func files(_ site: Site) -> [Finding] {
        let unusable = site.unusableFiles()
        guard unusable.isEmpty else {
            return unusable.map { .bad("file of \($0.keyPath)", "\($0.path) is \($0.trouble)", remedy: $0.remedy) }
        }
        return site.brokers.compactMap(\.passwordFile).map(secrecy)
    }

    /// A password that everyone on the board can read is none.
    private static func secrecy(_ path: String) -> Finding {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o004 != 0 else { return .fine("password file", path) }
        return .note("password file", "\(path) can be read by every user of this board", remedy: "chmod o-r \(path)")
    }

    /// How long each certificate file is good; those that can't be opened are told by `files`.
    static func certificates(_ site: Site, at wall: WallTime) -> [Finding] {
        let unusable = Set(site.unusableFiles().map(\.path))
        var watch = CertificateWatch()
        return watch.expiries(site, broker: nil, at: wall).compactMap { expiry in
            guard case .file(let file) = expiry.place, !unusable.contains(file.path) else { return nil }
            return finding("certificate", expiry)
        }
    }

    /// Fine for long, a note from 30 days before its end on, bad from 7 days on.
    static func finding(_ thing: String, _ expiry: CertificateExpiry) -> Finding {
        if expiry.isUrgent { return .bad(thing, expiry.text, remedy: expiry.remedy) }
        return expiry.isWorthSaying
            ? .note(thing, expiry.text, remedy: expiry.remedy) : .fine(thing, expiry.text)
    }

    // MARK: Hardware

    static func hardware(_ site: Site) -> [Finding] {
        guard site.hardware == .gpio else {
            return [
                .note("hardware", "simulated: no real button is heard", remedy: "set `hardware: gpio` in the site file")
            ]
        }
        let names = GPIOLines.survey().chips.map { "\($0.label) (\($0.lineNames.count) lines)" }
        let chips: Finding =
            names.isEmpty
            ? .bad(
                "chips", "no GPIO chip can be opened",
                remedy: "check /dev/gpiochip*, and that this user is in their group (gpio)")
            : .fine("chips", "\(GPIOLines.library) sees " + names.joined(separator: ", "))
        return [chips] + zip(site.lines, GPIOLines.probe(site.lines)).map { finding($0, $1) }
            + zip(site.outputLines, GPIOOutputs.probe(site.outputLines)).map { finding($0, $1) }
    }

    /// An output was switched off to see whether it can be.
    private static func finding(_ line: OutputLine, _ report: OutputReport) -> Finding {
        let thing = "output \(line.output)"
        switch report {
        case .working: return .fine(thing, "\(line.address) can be switched; it is off now")
        case .trouble(_, .busy(let line, let holder)) where holder == GPIOLines.consumer:
            return .fine(thing, "\(line) is held by the running agent")
        case .trouble(_, let trouble): return .bad(thing, trouble.what, remedy: trouble.fault.lineRemedy)
        }
    }

    private static func finding(_ line: WatchedLine, _ probe: LineProbe) -> Finding {
        let thing = "line of \(line.point)"
        switch probe {
        case .works(let made, let interrupts):
            let level = made ? "its contact is made now" : "its contact is open now"
            guard interrupts else {
                return .note(thing, "\(line.address) has no interrupts: sampled every 5 ms; \(level)", remedy: nil)
            }
            return .fine(
                thing,
                "\(line.address), bias \(line.bias.rawValue), active \(line.activeLow ? "low" : "high"); \(level)")
        case .trouble(.busy(_, let holder)) where holder == GPIOLines.consumer:
            return .fine(thing, "\(line.address) is held by the running agent")
        case .trouble(let trouble): return .bad(thing, trouble.what, remedy: trouble.fault.lineRemedy)
        }
    }

    // MARK: Journal, clock

    static func journal(_ site: Site) -> [Finding] {
        let path = site.files.journal
        let directory = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        do throws(JournalError) {
            let kind = try fileSystemKind(of: path)
            guard kind.survivesRestart else {
                return [
                    .bad(
                        "journal", "\(path) is on \(kind): gone after a restart",
                        remedy: "put it on a disk or card partition")
                ]
            }
            guard access(directory, W_OK) == 0 else {
                return [
                    .bad(
                        "journal", "\(directory): \(String(cString: strerror(errno)))",
                        remedy: "make it, and give it to the service's user")
                ]
            }
            return [.fine("journal", "\(path) on \(kind)"), room(directory)]
        } catch {
            return [.bad("journal", "\(error)", remedy: "make the directory, and give it to the service's user")]
        }
    }

    /// A year of a busy courtyard's journal takes a few hundred megabytes (200 bytes an event).
    private static func room(_ directory: String) -> Finding {
        var status = statvfs()
        guard statvfs(directory.isEmpty ? "/" : directory, &status) == 0 else {
            return .bad("room for the journal", String(cString: strerror(errno)), remedy: "check the mount")
        }
        let megabytes = UInt64(status.f_bavail) * UInt64(status.f_frsize) / 1_000_000
        return megabytes < 100
            ? .bad("room for the journal", "\(megabytes) MB free", remedy: "free at least 100 MB")
            : .fine("room for the journal", "\(megabytes) MB free")
    }

    static func clock() -> [Finding] {
        let now = SystemClock().now()
        guard now.quality.synchronized else {
            return [
                .note(
                    "clock",
                    "nobody has set it since boot; it says \(now.wall), and local time is \(now.utcOffset.fromUTC)",
                    remedy: "check that the time service (chrony or systemd-timesyncd) reaches its server")
            ]
        }
        return [
            .fine(
                "clock",
                "synchronised to within \(now.quality.uncertaintyMs) ms; it says \(now.wall), "
                    + "and local time is \(now.utcOffset.fromUTC)")
        ]
    }
}

extension Duration {
    /// An offset as people write it: `UTC+08:00`.
    fileprivate var fromUTC: String {
        let minutes = Int(components.seconds) / 60
        func padded(_ number: Int) -> String { (abs(number) < 10 ? "0" : "") + String(abs(number)) }
        return "UTC\(minutes < 0 ? "-" : "+")\(padded(minutes / 60)):\(padded(minutes % 60))"
    }
}
