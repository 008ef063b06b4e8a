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
            #expect(messages(yaml, csv: ["points.csv": "id,label,line-name\na,A,X\n"]) == [], "\(key)")
        }
        for doc in ReferencePage.tables.flatMap(\.value) {
            #expect(!doc.allowed.isEmpty && !doc.example.isEmpty && doc.meaning.hasSuffix("."), "\(doc.name)")
        }
    }

    @Test("The defaults that the page tells are the ones that hold")
    func defaults() throws {
        let stated = PointSettingKeys.all.compactMap { doc -> String? in
            guard case .optional(let value) = doc.presence, doc.name != "bias" else { return nil }
            return "\(doc.name): \(value)"
        }
        #expect(stated.count == PointSettingKeys.all.count - 1)
        let spelled = try readSite(onePoint(stated.joined(separator: "\n"))).get()
        let silent = try readSite(onePoint()).get()
        #expect(spelled == silent)
        let paths = "journal: \(Site.Files.standard.journal)\ncontrol-socket: \(Site.Files.standard.control)"
        #expect(try readSite(onePoint() + "\nhardware: gpio\n" + paths).get() == silent)
    }

    @Test("A page without one of the marks is refused rather than left half old")
    func marks() {
        #expect(throws: ReferencePage.MarkMissing.self) { try ReferencePage.filled("no marks") }
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
        "keys-service": ServiceKeys.all, "keys-point": [PointKeys.id.doc, PointKeys.label.doc, PointKeys.line],
        "keys-line": LineKeys.all, "keys-settings": PointSettingKeys.all,
    ]

    private static func parts() throws -> [(String, String)] {
        let example = try repositoryFile("docs/examples/gateway.yaml")
        let points = try repositoryFile("docs/examples/points.csv")
        return [("example", fenced(example, "yaml")), ("example-csv", fenced(points, "csv"))]
            + tables.map { ($0.key, table($0.value)) } + [("columns", columns), ("mistakes", mistakes)]
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
                    default: doc.name
                    }
                return "| `\(doc.name)` | `\(key)` |\n"
            }.joined()
    }

    /// For each key, a whole site file that has it as its example says.
    static var exampleFiles: [(key: String, yaml: String)] {
        let brokers = "brokers: [{host: h}]\n"
        let points = "points: [{id: p, label: P, line: {name: X}}]\n"
        let names = "site: s\ngateway: g\n"
        func line(_ doc: KeyDoc) -> String { "\(doc.name): \(doc.example)\n" }
        var files: [(String, String)] = SiteKeys.all.map { doc in
            let base = names + brokers + points + (doc.name == "simulator-socket" ? "hardware: simulated\n" : "")
            let others = base.split(separator: "\n").filter { !$0.hasPrefix(doc.name + ":") }
            return (doc.name, others.joined(separator: "\n") + "\n" + line(doc))
        }
        files += BrokerKeys.all.map { doc in
            let others = ["host: h", doc.name == "password-file" ? "username: u" : ""].filter {
                !$0.isEmpty && !$0.hasPrefix(doc.name + ":")
            }
            let broker = (others + ["\(doc.name): \(doc.example)"]).joined(separator: ", ")
            return ("brokers.\(doc.name)", names + points + "brokers: [{\(broker)}]\n")
        }
        let tls = TLSKeys.all.map { "\($0.name): \($0.example)" }.joined(separator: ", ")
        files.append(("tls", names + points + "brokers: [{host: h, tls: {\(tls)}}]\n"))
        let lineKeys = LineKeys.all.map { "\($0.name): \($0.example)" }.joined(separator: ", ")
        files.append(("line", names + brokers + "points: [{id: p, label: P, line: {\(lineKeys)}}]\n"))
        files += (PointSettingKeys.all + [PointKeys.line]).map { doc in
            (
                "points.\(doc.name)",
                names + brokers + "points:\n- id: p\n  label: P\n"
                    + (doc.name == "line" ? "" : "  line: {name: X}\n") + "  " + line(doc)
            )
        }
        files.append(
            (
                "points.id",
                names + brokers + "points:\n- {id: \(PointKeys.id.doc.example), "
                    + "label: \(PointKeys.label.doc.example), line: {name: X}}\n"
            ))
        files.append(("services", onePoint() + "\nservices: {x: {priority: \(ServiceKeys.priority.doc.example)}}\n"))
        return files
    }
}
