// swift-tools-version: 6.2
// Every target, for Swift 6.2 and later. Debian 13's packaged Swift 6.0.3 reads Package@swift-6.0.swift instead,
// which lists the gateway's own targets only: the two are compared by Tests/TidyTests.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // an existential costs a box: say so where it is paid
    .enableUpcomingFeature("InternalImportsByDefault"),  // a target's C libraries stay its own business
    .enableUpcomingFeature("MemberImportVisibility"),  // no member leaks in through somebody else's import
    .treatAllWarnings(as: .error),
]

/// One Swift target with the project's settings.
func target(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies + [.product(name: "ArgumentParser", package: "swift-argument-parser")],
        swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "courtyard-gateway",
    products: [
        .executable(name: "courtyard-gateway", targets: ["courtyard-gateway"]),
        .executable(name: "courtyard-sim", targets: ["courtyard-sim"]),
        // Beside courtyard-sim, which gives it to the agents that it starts (LD_PRELOAD).
        .library(name: "courtyard-clock", type: .dynamic, targets: ["CourtyardClock"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
    ],
    targets: [
        // C libraries, each behind the one Swift target that may import it.
        .target(name: "CLinux"),  // header only: what the Glibc module leaves out
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CGpiodLibrary", pkgConfig: "libgpiod", providers: [.apt(["libgpiod-dev"])]),
        .target(name: "CGpiod", dependencies: ["CGpiodLibrary"]),  // one shim over libgpiod 1.6 and 2.x

        // The gateway. The arrows are docs/ARCHITECTURE.md's; Tests/TidyTests holds the imports to them.
        target("CallCore", []),
        target("CallContract", ["CallCore"]),
        target("Journal", ["CallCore", "CSQLite", "CLinux"]),
        target("SiteConfig", ["CallCore", "CYaml"]),
        target("LinuxSupport", ["CLinux"]),
        target("GPIOLines", ["CallCore", "CGpiod", "LinuxSupport", "CLinux"]),
        target("SimulatedLines", ["CallCore", "LinuxSupport", "CLinux"]),
        target("RadioReceivers", ["CallContract", "CallCore", "LinuxSupport", "CLinux"]),
        target("Certificates", ["COpenSSL"]),
        target("MQTTLink", ["Certificates", "CMosquitto", "LinuxSupport", "CLinux"]),
        target("GatewayAgent", ["CallCore", "CallContract", "Journal"]),
        target(
            "GatewayTransport",
            ["GatewayAgent", "MQTTLink", "Certificates", "CallContract", "CallCore", "LinuxSupport"]),
        program(
            "courtyard-gateway",
            [
                "GatewayAgent", "GatewayTransport", "GPIOLines", "RadioReceivers", "SimulatedLines", "MQTTLink",
                "Certificates",
                "Journal",
                "SiteConfig", "CallContract", "CallCore", "LinuxSupport", "CLinux",
            ]),

        // The simulator.
        .target(name: "CourtyardClock"),  // another wall clock for a program
        target("SimulatedDisk", ["CSQLite"]),
        target(
            "CourtyardSimulation",
            ["GatewayAgent", "SimulatedDisk", "Journal", "SiteConfig", "CallContract", "CallCore"]),
        program(
            "courtyard-sim",
            [
                "CourtyardSimulation", "GatewayAgent", "GatewayTransport", "Journal", "SiteConfig", "MQTTLink",
                "CallContract", "CallCore", "LinuxSupport", "CLinux",
            ]),

        // Tests carry their target's name.
        tests("CallCoreTests", ["CallCore"]),
        tests("CallContractTests", ["CallContract", "CallCore"]),
        tests("GatewayAgentTests", ["GatewayAgent", "CallContract", "Journal", "CallCore"]),
        tests("SiteConfigTests", ["SiteConfig", "CallCore"]),
        tests("JournalTests", ["Journal", "CallCore", "CSQLite"]),
        tests("GPIOLinesTests", ["GPIOLines", "CallCore", "CGpiod"]),  // CGpiod: to play other programs
        tests("RadioReceiversTests", ["RadioReceivers", "LinuxSupport", "CallCore"]),
        tests("SimulatedLinesTests", ["SimulatedLines", "LinuxSupport", "CallCore"]),
        tests("LinuxSupportTests", ["LinuxSupport"]),
        tests("CertificatesTests", ["Certificates"]),
        tests("MQTTLinkTests", ["MQTTLink", "Certificates"]),
        tests("ReportTests", ["Journal", "CallCore"]),  // the program's report, of journals made for it
        tests("EndToEndTests", []),  // the programs themselves, from outside
        tests("SimulatedDiskTests", ["SimulatedDisk", "Journal", "CallCore"]),
        tests(
            "CourtyardSimulationTests",
            ["CourtyardSimulation", "GatewayAgent", "Journal", "SiteConfig", "CallContract", "CallCore"]),
        tests(
            "CourtyardSimTests",
            ["courtyard-sim", "CourtyardSimulation", "SimulatedLines", "MQTTLink", "CallContract", "CallCore"]),
        tests("TidyTests", []),  // the project's own files
        tests(
            "CourtyardGatewayTests",
            [
                "courtyard-gateway", "GatewayAgent", "GatewayTransport", "Certificates", "SiteConfig", "CallContract",
                "CallCore",
                "LinuxSupport",
            ]),
        tests(  // and on a kernel's own lines
            "KernelTests",
            ["courtyard-gateway", "GatewayAgent", "CallContract", "CallCore", "Journal", "LinuxSupport", "CLinux"]),
    ],
    swiftLanguageModes: [.v6]
)
