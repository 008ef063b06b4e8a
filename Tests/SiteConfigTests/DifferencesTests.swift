import CallCore
import Testing

@testable import SiteConfig

@Suite struct DifferencesTests {
    static let old = """
        site: s
        gateway: g
        brokers: [{host: one}, {host: two}]
        services: {laundry: {priority: 4}}
        points:
          - {id: a, label: A, line: {chip: c, offset: 1}}
          - {id: b, label: B, line: {chip: c, offset: 2}}
          - {id: d, label: D, line: {chip: c, offset: 3}}
        """

    /// What changes when this text of the old file is replaced.
    func differences(_ text: String, _ replacement: String) throws -> Site.Differences {
        #expect(Self.old.contains(text))
        let before = try readSite(Self.old).get()
        return before.differences(to: try readSite(Self.old.replacing(text, with: replacement)).get())
    }

    func ids(_ points: [CallPoint]) -> [String] { points.map(\.id.text) }

    @Test("The same file changes nothing, however it is written")
    func nothing() throws {
        #expect(try differences("{host: one}", "{host: one, port: 1883}").isEmpty)
        #expect(try differences("points:", "journal: /var/lib/courtyard-gateway/gateway.db\npoints:").isEmpty)
    }

    @Test("Points that are new, changed and gone are told, and only their lines are touched")
    func points() throws {
        let changes = try differences(
            "- {id: b, label: B, line: {chip: c, offset: 2}}", "- {id: e, label: E, line: {name: X}}")
        #expect(ids(changes.added) == ["e"])
        #expect(changes.changed.isEmpty)
        #expect(changes.removed.map(\.text) == ["b"])
        #expect(changes.releasedLines.map(\.point.text) == ["b"])
        #expect(changes.requestedLines.map(\.point.text) == ["e"])
        #expect(!changes.brokersChanged && !changes.servicesChanged && changes.needsRestart.isEmpty)
        #expect(!changes.isEmpty)
    }

    @Test("Another label or gesture changes the point and leaves its line alone")
    func settings() throws {
        let changes = try differences("label: B", "label: Bath, press: meal")
        #expect(ids(changes.changed) == ["b"])
        #expect(changes.changed.first?.label == "Bath")
        #expect(changes.releasedLines.isEmpty && changes.requestedLines.isEmpty)
    }

    @Test("Another bias touches the line and not the point")
    func bias() throws {
        let changes = try differences("offset: 2}", "offset: 2}, bias: disabled")
        #expect(changes.changed.isEmpty)
        #expect(changes.releasedLines.map(\.bias) == [.pullUp])
        #expect(changes.requestedLines.map(\.bias) == [.disabled])
    }

    @Test("Two points that swap lines release and request both")
    func swap() throws {
        let before = try readSite(Self.old).get()
        let swapped = Self.old.replacing("offset: 2", with: "offset: x").replacing("offset: 1", with: "offset: 2")
            .replacing("offset: x", with: "offset: 1")
        let changes = before.differences(to: try readSite(swapped).get())
        #expect(changes.releasedLines.map(\.point.text) == ["a", "b"])
        #expect(changes.requestedLines.map(\.point.text) == ["a", "b"])
    }

    @Test("Another order of points changes nothing, another order of brokers does")
    func order() throws {
        let before = try readSite(Self.old).get()
        var after = before
        after.points.reverse()
        after.lines.reverse()
        #expect(before.differences(to: after).isEmpty)
        #expect(try differences("[{host: one}, {host: two}]", "[{host: two}, {host: one}]").brokersChanged)
    }

    @Test("Services that change are told")
    func services() throws {
        #expect(try differences("laundry: {priority: 4}", "laundry: {priority: 5}").servicesChanged)
        #expect(try differences("services: {laundry: {priority: 4}}", "").servicesChanged)
    }

    @Test("Rules of a service are part of it")
    func serviceRules() throws {
        let changes = try differences("laundry: {priority: 4}", "laundry: {priority: 4, expiry: 2h}")
        #expect(changes.servicesChanged && !changes.rulesChanged && !changes.isEmpty)
    }

    @Test(
        "How calls are followed is told without touching points, lines or brokers",
        arguments: [
            "acknowledgement: broker", "daily-test: off", "daily-test: 04:00", "nobody-listening: {next-broker: false}",
        ])
    func rules(_ line: String) throws {
        let changes = try differences("site: s", "site: s\n\(line)")
        #expect(changes.rulesChanged && !changes.isEmpty)
        #expect(!changes.servicesChanged && !changes.outputsChanged && !changes.retentionChanged)
        #expect(changes.needsRestart.isEmpty && changes.requestedLines.isEmpty && changes.releasedLines.isEmpty)
    }

    @Test("Another prefix for Home Assistant is told; what is no prefix is refused")
    func homeAssistant() throws {
        #expect(try differences("site: s", "site: s\nhome-assistant: ha/discovery").homeAssistantChanged)
        #expect(try differences("site: s", "site: s\nhome-assistant: off").isEmpty)
        for wrong in ["a b", "/a", "a/", "a//b", "a/#", "+", "courtyard/v1", String(repeating: "a", count: 65)] {
            #expect(throws: SiteProblems.self, "\(wrong)") {
                try differences("site: s", "site: s\nhome-assistant: \"\(wrong)\"")
            }
        }
    }

    @Test("Another retention is told")
    func retention() throws {
        let changes = try differences("site: s", "site: s\nretention: forever")
        #expect(changes.retentionChanged && !changes.rulesChanged && !changes.isEmpty)
        #expect(try differences("site: s", "site: s\nretention: 730d").isEmpty)
    }

    @Test("A loop that comes requests its own line, and leaves its point's alone")
    func loop() throws {
        let changes = try differences("label: B", "label: B, loop: {name: L}")
        #expect(ids(changes.changed) == ["b"])
        #expect(changes.requestedLines.map(\.point) == [PointID("b")!.loop])
        #expect(changes.releasedLines.isEmpty)
    }

    @Test("Another contact turns the point's line round")
    func contact() throws {
        let changes = try differences("label: B", "label: B, contact: normally-closed")
        #expect(ids(changes.changed) == ["b"])
        #expect(changes.releasedLines.map(\.activeLow) == [true])
        #expect(changes.requestedLines.map(\.activeLow) == [false])
    }

    /// What changes when this text of three outputs is replaced.
    func outputDifferences(_ text: String, _ replacement: String) throws -> Site.Differences {
        let outputs = """

            outputs:
              x: {kind: lamp, line: {name: X}, points: [a]}
              y: {kind: relay, line: {name: Y}}
              z: {kind: buzzer, line: {name: Z}}
            """
        #expect(outputs.contains(text))
        let before = try readSite(Self.old + outputs).get()
        return before.differences(to: try readSite(Self.old + outputs.replacing(text, with: replacement)).get())
    }

    @Test("Outputs that are new, changed and gone are told, and only their lines are touched")
    func outputs() throws {
        let exchanged = try outputDifferences("y: {kind: relay", "w: {kind: relay")
        #expect(exchanged.outputsChanged && !exchanged.isEmpty)
        #expect(exchanged.releasedOutputLines.map(\.output.text) == ["y"])
        #expect(exchanged.requestedOutputLines.map(\.output.text) == ["w"])
        let shown = try outputDifferences("points: [a]", "points: [a, b]")
        #expect(shown.outputsChanged)
        #expect(shown.releasedOutputLines.isEmpty && shown.requestedOutputLines.isEmpty)
        let moved = try outputDifferences("{name: Z}", "{name: Q}, active: low")
        #expect(!moved.outputsChanged && !moved.isEmpty)
        #expect(moved.releasedOutputLines.map(\.address) == [.name("Z", chip: nil)])
        #expect(moved.requestedOutputLines.map(\.activeLow) == [true])
        #expect(moved.requestedLines.isEmpty && moved.releasedLines.isEmpty && moved.changed.isEmpty)
    }

    @Test("Another order of outputs changes nothing")
    func outputOrder() throws {
        let x = "  x: {kind: lamp, line: {name: X}, points: [a]}\n"
        let y = "  y: {kind: relay, line: {name: Y}}\n"
        #expect(try outputDifferences(x + y, y + x).isEmpty)
    }

    @Test(
        "Identity, hardware and files take a restart, named by their keys",
        arguments: [
            ("site: s", "site: t", ["site"]), ("gateway: g", "gateway: h", ["gateway"]),
            ("gateway: g", "gateway: g\njournal: /j\ncontrol-socket: /c", ["journal", "control-socket"]),
            ("gateway: g", "gateway: g\nhardware: simulated\nsimulator-socket: /s", ["hardware", "simulator-socket"]),
        ])
    func restart(_ text: String, _ replacement: String, _ keys: [String]) throws {
        #expect(try differences(text, replacement).needsRestart == keys)
    }
}
