internal import ArgumentParser

/// The installer's and the service's one program.
@main
struct CourtyardGateway: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "courtyard-gateway",
        abstract: "Reads call buttons, journals every press and publishes it over MQTT.",
        version: Version.text,
        subcommands: [
            Run.self, Check.self, Doctor.self, Status.self, Watch.self, Report.self, Enrol.self, WalkTest.self,
            Decode.self,
            Capture.self,
        ])
}

enum Version {
    static let text = "0.1.0"
}

/// Exit codes of sysexits.h, as far as they are promised.
extension ExitCode {
    /// 78: the site file is not good.
    static let badConfiguration = ExitCode(78)
}

/// The option that every subcommand has.
struct SiteFileOption: ParsableArguments {
    @Option(name: [.customLong("config"), .customShort("c")], help: "The site file.")
    var path = "/etc/courtyard-gateway/gateway.yaml"
}
