internal import ArgumentParser
internal import CallCore
internal import GatewayAgent
internal import Glibc
internal import SiteConfig

/// `courtyard-gateway run`: the agent itself.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the agent.",
        discussion: """
            Stops on SIGTERM or SIGINT within three seconds; reads the site file again on SIGHUP.
            """)

    @OptionGroup var siteFile: SiteFileOption
    @Flag(help: "Accept a journal on a file system that forgets at a restart. For trials only.")
    var volatileJournal = false
    @Flag(help: "Log more.")
    var verbose = false

    func run() throws {
        let log = Log(verbose: verbose)
        let site = try SiteFile.read(siteFile.path)
        do {
            let gateway = try Gateway(site: site, siteFile: siteFile.path, volatileJournal: volatileJournal, log: log)
            try gateway.run()
        } catch {
            log.log(.error, "\(error)", [:])
            throw ExitCode.failure
        }
    }
}

/// Reading the site file as the commands do: all problems on standard error, exit code 78.
enum SiteFile {
    static func read(_ path: String) throws -> Site {
        do {
            return try SiteReader.read(path: path)
        } catch {
            Output.error("\(error)")
            throw ExitCode.badConfiguration
        }
    }
}

/// Plain words to the person at the terminal.
enum Output {
    static func print(_ text: String) { write(text, STDOUT_FILENO) }
    static func error(_ text: String) { write(text, STDERR_FILENO) }

    private static func write(_ text: String, _ fd: Int32) {
        var bytes = Array((text + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
