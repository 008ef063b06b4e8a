import Glibc
import Testing

@testable import SiteConfig

/// `docs/site-file.md`: its prose is written by hand, its tables, examples and messages are made here.
@Suite struct ReferencePageTests {
    @Test("The site file's reference page says what the reader does")
    func page() throws {
        let page = try repositoryFile("docs/site-file.md")
        let current = try ReferencePage.filled(page)
        if getenv("SITE_CONFIG_WRITE_DOCS") != nil {
            try writeFile("\(repository)/docs/site-file.md", current)
            print("Wrote docs/site-file.md")
            return
        }
        #expect(
            page == current,
            "docs/site-file.md has fallen behind: SITE_CONFIG_WRITE_DOCS=1 swift test --filter ReferencePage writes it")
    }

    @Test("Every example in the table of keys is right, and every key's words are there")
    func examples() throws {
        for (key, yaml) in ReferencePage.exampleFiles {
            let files = [
                "points.csv": "id,label,line-name\na,A,X\n",
                "devices/ev1527-one-button.yaml": try repositoryFile("boards/devices/ev1527-one-button.yaml"),
            ]
            #expect(messages(yaml, csv: files) == [], "\(key)")
        }
        for doc in ReferencePage.tables.flatMap(\.value) + SignalKeys.all {
            #expect(!doc.allowed.isEmpty && !doc.example.isEmpty && doc.meaning.hasSuffix("."), "\(doc.name)")
        }
    }

    @Test("The page's short examples are right in a site that has what they name")
    func snippets() throws {
        let page = try repositoryFile("docs/site-file.md")
        let snippets = page.components(between: "```yaml\n", and: "```").dropFirst()  // the first is the whole example
        #expect(snippets.count == 4)
        for snippet in snippets {
            let around = [
                "site: s", "gateway: g", "brokers: [{host: one}, {host: two}]",
                "points: [{id: gate, label: G, line: {name: G}}, {id: b3-1, label: B, line: {name: B}}]",
                "outputs: {siren: {kind: relay, line: {name: S}}, duty-buzzer: {kind: buzzer, line: {name: D}}}",
            ].filter { line in !snippet.contains(line.prefix { $0 != ":" } + ":\n") }
            #expect(messages(around.joined(separator: "\n") + "\n" + snippet) == [], "\(snippet)")
        }
    }

    @Test("The defaults that the page tells are the ones that hold")
    func defaults() throws {
        // The bias follows `active`, and `resets` needs a reset.
        let stated = stated(PointSettingKeys.all.filter { !["bias", "resets"].contains($0.name) })
        #expect(stated.count == PointSettingKeys.all.count - 2)
        let spelled = try readSite(onePoint(stated.joined(separator: "\n"))).get()
        let silent = try readSite(onePoint()).get()
        #expect(spelled == silent)
        let paths = "journal: \(Site.Files.standard.journal)\ncontrol-socket: \(Site.Files.standard.control)"
        #expect(try readSite(onePoint() + "\nhardware: gpio\n" + paths).get() == silent)
        let following = [
            SiteKeys.acknowledgement.doc, SiteKeys.nobodyListening, SiteKeys.dailyTest.doc, SiteKeys.retention.doc,
        ]
        #expect(try readSite(onePoint() + "\n" + self.stated(following).joined(separator: "\n")).get() == silent)
    }

    /// Lines that say what holds anyway.
    private func stated(_ docs: [KeyDoc]) -> [String] {
        docs.compactMap { doc in
            guard case .optional(let value) = doc.presence else { return nil }
            return "\(doc.name): \(value)"
        }
    }

    @Test("A page without one of the marks is refused rather than left half old")
    func marks() {
        #expect(throws: ReferencePage.MarkMissing.self) { try ReferencePage.filled("no marks") }
    }
}

extension String {
    /// The texts that stand between two marks.
    fileprivate func components(between start: String, and end: String) -> [String] {
        split(separator: start).dropFirst().map { part in
            part.firstRange(of: end).map { String(part[..<$0.lowerBound]) } ?? String(part)
        }
    }
}

enum ReferencePage {
    struct MarkMissing: Error { let mark: String }

    /// The page with all its generated parts as they should be.
    static func filled(_ page: String) throws -> String {
        var page = page
        for (name, content) in try parts() {
            let start = "<!-- generated: \(name) -->\n"
            guard let from = page.firstRange(of: start)?.upperBound,
                let to = page[from...].firstRange(of: "<!-- end -->")?.lowerBound
            else { throw MarkMissing(mark: name) }
            page.replaceSubrange(from..<to, with: content)
        }
        return page
    }

    static let tables: KeyValuePairs<String, [KeyDoc]> = [
        "keys-site": SiteKeys.all, "keys-broker": BrokerKeys.all, "keys-tls": TLSKeys.all,
        "keys-service": ServiceKeys.all, "keys-level": LevelKeys.all, "keys-output": OutputKeys.all,
        "keys-receiver": ReceiverKeys.all, "keys-serial": SerialKeys.all,
        "keys-point": [PointKeys.id.doc, PointKeys.label.doc, PointKeys.line, PointKeys.loop, PointKeys.radio],
        "keys-radio": RadioKeys.all,
        "keys-line": LineKeys.all, "keys-settings": PointSettingKeys.all,
    ]

    private static func parts() throws -> [(String, String)] {
        let example = try repositoryFile("docs/examples/gateway.yaml")
        let points = try repositoryFile("docs/examples/points.csv")
        return [("example", fenced(example, "yaml")), ("example-csv", fenced(points, "csv"))]
            + tables.map { ($0.key, table($0.value)) } + [
                ("columns", columns), ("mistakes", mistakes), ("service-defaults", serviceDefaults),
                ("signals", signals),
            ]
    }

    private static func fenced(_ text: String, _ language: String) -> String {
        "```\(language)\n\(text.hasSuffix("\n") ? text : text + "\n")```\n"
    }

    private static func table(_ docs: [KeyDoc]) -> String {
        "| key | meaning | allowed | unit | default | example |\n|---|---|---|---|---|---|\n"
            + docs.map { doc in
                let presence =
                    switch doc.presence {
                    case .required: "**required**"
                    case .optional(let value): value
                    }
                let cells = [
                    "`\(doc.name)`", doc.meaning, doc.allowed, doc.unit ?? "", presence,
                    "`\(doc.name): \(doc.example)`",
                ]
                return "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |\n"
            }.joined()
    }

    private static var columns: String {
        "| column | is the key |\n|---|---|\n"
            + ColumnKeys.all.map { doc in
                let key =
                    switch doc.name {
                    case "chip", "offset": "line.\(doc.name)"
                    case "line-name": "line.name"
                    case "device", "code": "radio.\(doc.name)"
                    case "loop-chip", "loop-offset", "loop-name": doc.name.replacing("-", with: ".")
                    default: doc.name
                    }
                return "| `\(doc.name)` | `\(key)` |\n"
            }.joined()
    }
}
