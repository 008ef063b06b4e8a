import Foundation
import Testing

/// Who may import whom: docs/ARCHITECTURE.md's table, word for word. Swift's own modules stand apart.
private let arrows: [String: Set<String>] = [
    "CallCore": [],
    "CallContract": ["CallCore", "FoundationEssentials"],
    "Journal": ["CallCore", "CSQLite", "CLinux"],
    "SiteConfig": ["CallCore", "CYaml"],
    "GPIOLines": ["CallCore", "CGpiod", "LinuxSupport", "CLinux"],
    "SimulatedLines": ["CallCore", "LinuxSupport", "CLinux"],
    "RadioReceivers": ["CallContract", "CallCore", "LinuxSupport", "CLinux"],
    "Certificates": ["COpenSSL"],
    "MQTTLink": ["Certificates", "CMosquitto", "LinuxSupport", "CLinux"],
    "LinuxSupport": ["CLinux"],
    "GatewayAgent": ["CallCore", "CallContract", "Journal"],
    "GatewayTransport": ["GatewayAgent", "MQTTLink", "Certificates", "CallContract", "CallCore", "LinuxSupport"],
    "courtyard-gateway": [
        "GatewayAgent", "GatewayTransport", "GPIOLines", "RadioReceivers", "SimulatedLines", "MQTTLink", "Certificates",
        "Journal",
        "SiteConfig",
        "CallContract", "CallCore", "LinuxSupport", "CLinux", "ArgumentParser",
    ],
    "SimulatedDisk": ["CSQLite"],
    "CourtyardSimulation": ["GatewayAgent", "SimulatedDisk", "Journal", "SiteConfig", "CallContract", "CallCore"],
    "courtyard-sim": [
        "CourtyardSimulation", "GatewayAgent", "GatewayTransport", "Journal", "SiteConfig", "MQTTLink", "CallContract",
        "CallCore", "LinuxSupport",
        "CLinux",
        "ArgumentParser", "Foundation",
    ],
]

/// What comes with Swift and the C library. The core has neither.
private let own: Set<String> = ["Glibc", "Synchronization"]

@Suite("Arrows") struct ArrowTests {
    @Test("Every target imports only what the architecture allows", arguments: arrows.keys.sorted())
    func imports(target: String) throws {
        let allowed = arrows[target]!.union(target == "CallCore" ? [] : own)
        for path in Tree.swiftSources where path.hasPrefix("Sources/\(target)/") {
            for line in try Tree.text(path).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let position = words.firstIndex(of: "import"), position < 2, words.count > position + 1,
                    !line.hasPrefix("//")
                else { continue }
                let module = String(words[position + 1].prefix { $0 != "." })
                #expect(
                    allowed.contains(module),
                    "\(path) imports \(module): use what is there, or change the table in docs/ARCHITECTURE.md and here"
                )
            }
        }
    }

    @Test("Every target with Swift code stands in the table")
    func complete() {
        let targets = Set(Tree.swiftSources.map { $0.split(separator: "/")[1].description })
        #expect(targets == Set(arrows.keys))
    }

    @Test("The architecture page names every target and its neighbours")
    func page() throws {
        let page = try Tree.text("docs/ARCHITECTURE.md")
        for (target, allowed) in arrows {
            guard let row = page.split(separator: "\n").first(where: { $0.hasPrefix("| `\(target)` |") }) else {
                Issue.record("docs/ARCHITECTURE.md has no row for \(target)")
                continue
            }
            guard target != "courtyard-gateway" else { continue }  // "all of the above"
            for module in allowed where module != "ArgumentParser" && module != "Foundation" {
                #expect(row.contains(module), "docs/ARCHITECTURE.md does not say that \(target) may import \(module)")
            }
        }
    }

    @Test("The manifest for Swift 6.0 has the gateway's targets with the same dependencies")
    func manifests() throws {
        // Without white space: the formatter breaks long lines.
        let new = try Tree.text("Package.swift").filter { !$0.isWhitespace }
        let old = try Tree.text("Package@swift-6.0.swift").filter { !$0.isWhitespace }
        let others: Set = ["courtyard-gateway", "courtyard-sim", "CourtyardSimulation", "SimulatedDisk"]
        for target in arrows.keys where !others.contains(target) {
            let parts = new.split(separator: "target(\"\(target)\",[", omittingEmptySubsequences: false)
            #expect(parts.count == 2, "Package.swift lists \(target) once")
            let call = "target(\"\(target)\",[\(parts.last?.prefix { $0 != "]" } ?? "")]"
            #expect(old.contains(call), "Package@swift-6.0.swift lacks: \(call)")
        }
    }
}
