internal import ArgumentParser
internal import SiteConfig

/// `courtyard-gateway check`: everything that is wrong with a site file, at once.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a site file and the files it names; exit code 78 if anything is wrong.")

    @OptionGroup var siteFile: SiteFileOption

    func run() throws {
        let site = try SiteFile.read(siteFile.path)
        let unusable = site.unusableFiles()
        for file in unusable { Output.error("\(siteFile.path): \(file)") }
        guard unusable.isEmpty else { throw ExitCode.badConfiguration }
        Output.print(
            "\(siteFile.path): fine. Site \(site.site), gateway \(site.gateway), \(site.points.count) call points, "
                + "\(site.brokers.count) \(site.brokers.count == 1 ? "broker" : "brokers"), hardware \(site.hardware.rawValue)"
        )
    }
}
