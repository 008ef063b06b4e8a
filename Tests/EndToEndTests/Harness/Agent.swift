import Foundation
import Glibc
import Testing

/// One call point of a test's site.
struct Point {
    let id: String
    var label: String
    var settings: [String: String] = [:]

    /// A bedside button: a press is an emergency.
    static func bed(_ id: String) -> Point { Point(id: id, label: "\(id) 床头") }
    /// A button that orders a meal and nothing else.
    static func meal(_ id: String) -> Point { Point(id: id, label: "\(id) 厨房", settings: ["press": "meal"]) }
}

/// A site file in the making.
struct SiteFile {
    static let base = "courtyard/v1/willow-court/gw-1"

    var gateway = "gw-1"
    /// One YAML mapping each.
    var brokers: [String]
    var points: [Point]
    var journal = "gateway.db"
    /// Further lines.
    var more: [String] = []

    init(_ brokers: Broker..., points: [Point]) {
        self.brokers = brokers.map { Self.broker($0.port) }
        self.points = points
    }

    static func broker(_ port: Int, _ more: String = "") -> String {
        "{host: 127.0.0.1, port: \(port)\(more.isEmpty ? "" : ", \(more)")}"
    }

    var text: String {
        let points = points.map { point in
            let settings = point.settings.sorted { $0.key < $1.key }.map { ", \($0): \($1)" }.joined()
            return "  - {id: \(point.id), label: \"\(point.label)\"\(settings)}"
        }
        let head = [
            "site: willow-court", "gateway: \(gateway)", "hardware: simulated", "journal: \(journal)",
            "control-socket: control.sock", "simulator-socket: lines.sock", "brokers:",
        ]
        return (head + brokers.map { "  - \($0)" } + more + ["points:"] + points).joined(separator: "\n") + "\n"
    }
}

/// The real agent, built beside this test bundle.
final class Agent {
    let bench: Bench
    var site: SiteFile
    private(set) var process: ChildProcess?

    /// `courtyard-gateway` as the same build made it.
    static var program: String {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("courtyard-gateway").path
    }

    init(_ bench: Bench, _ site: SiteFile) {
        self.bench = bench
        self.site = site
    }

    static func running(_ bench: Bench, _ site: SiteFile) throws -> Agent {
        let agent = Agent(bench, site)
        try agent.start()
        return agent
    }

    /// Starts it and waits until its buttons can be pressed.
    func start() throws {
        try launch()
        try EndToEndTests.wait(until: "the agent's buttons") {
            if let code = process?.exitCode { throw Broken("the agent ended with \(code)") }
            return try (try? Buttons(bench.path("lines.sock")))?.points().count == site.points.count
        }
    }

    /// Starts it.
    func launch() throws {
        try bench.write(site.text, to: "gateway.yaml")
        let volatile = isInMemory(bench.path(site.journal)) ? ["--volatile-journal"] : []
        process = try bench.start("agent", Self.program, ["run", "-c", bench.path("gateway.yaml")] + volatile)
    }

    var log: String { process?.errors ?? "" }
    var isRunning: Bool { process.map { $0.exitCode == nil } ?? false }

    func buttons() throws -> Buttons { try Buttons(bench.path("lines.sock")) }

    /// kill -9.
    func kill() { process?.end() }
    func freeze() { process?.signal(SIGSTOP) }
    func thaw() { process?.signal(SIGCONT) }

    /// SIGTERM, and its exit code and how long that took.
    func stop() throws -> (code: Int32, took: Duration) {
        guard let process else { throw Broken("there is no agent") }
        let from = ContinuousClock.now
        process.signal(SIGTERM)
        return (try process.ended(), ContinuousClock.now - from)
    }

    /// SIGHUP, after writing `text` (or the site as it is now) as the site file.
    func reload(_ text: String? = nil) throws {
        try bench.write(text ?? site.text, to: "gateway.yaml")
        process?.signal(SIGHUP)
    }

    /// `courtyard-gateway status --json`.
    func status() throws -> JSON {
        try JSON(
            parsing: bench.succeed(Self.program, ["status", "--json", "--socket", bench.path("control.sock")]))
    }

    /// Waits until the status report is as `condition` wants it.
    @discardableResult
    func wait(
        untilStatus what: String, within limit: Duration = patience, _ condition: (JSON) -> Bool
    ) throws -> JSON {
        var last: JSON?
        return try EndToEndTests.wait(
            for: "status \(what); it is \(last.map { "\($0)" } ?? "unknown")", within: limit
        ) {
            last = try status()
            return last.flatMap { condition($0) ? $0 : nil }
        }
    }

    private func isInMemory(_ path: String) -> Bool {
        let kind = try? bench.succeed("stat", ["-f", "-c", "%T", (path as NSString).deletingLastPathComponent])
        return kind.map { $0.hasPrefix("tmpfs") || $0.hasPrefix("overlay") } ?? false
    }
}

extension JSON {
    /// The ids of the faults in a status report.
    var faultIDs: Set<String> { Set(self.faults?.items?.compactMap { $0["fault"]?.string } ?? []) }
    /// One of them.
    func setFault(_ id: String) -> JSON? { self.faults?.items?.first { $0["fault"]?.string == id } }
}
