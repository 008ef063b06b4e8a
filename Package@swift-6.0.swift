// swift-tools-version: 6.0
// The gateway's own targets for Swift 6.0 and 6.1: Debian 13 packages 6.0.3. Newer toolchains read Package.swift, which
// says why each line is there; Tests/TidyTests compares the two. The simulator and the tests need Swift 6.2.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func target(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies + [.product(name: "ArgumentParser", package: "swift-argument-parser")],
        swiftSettings: strict)
}

let package = Package(
    name: "courtyard-gateway",
    products: [
        .executable(name: "courtyard-gateway", targets: ["courtyard-gateway"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
    ],
    targets: [
        .target(name: "CLinux"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CGpiodLibrary", pkgConfig: "libgpiod", providers: [.apt(["libgpiod-dev"])]),
        .target(name: "CGpiod", dependencies: ["CGpiodLibrary"]),

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
    ],
    swiftLanguageModes: [.v6]
)
