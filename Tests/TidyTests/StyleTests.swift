import Foundation
import Testing

@Suite("Style") struct StyleTests {
    /// Files over the size that a person reads in one sitting, each with its reason.
    private static let long: [String: String] = [:]
    private static let longest = 300

    @Test("A source file is read in one sitting")
    func sizes() throws {
        for path in Tree.swiftSources where Self.long[path] == nil {
            let lines = try Tree.text(path).split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(lines <= Self.longest, "\(path) has \(lines) lines: split it where it has two subjects")
        }
    }

    @Test("Nothing is left for later, and no path is somebody's own")
    func leftovers() throws {
        let banned = ["TO" + "DO", "FIX" + "ME", "/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/"]
        let read = Tree.files.filter { path in
            ["swift", "c", "h", "md", "sh", "yaml", "csv", "config"].contains((path as NSString).pathExtension)
                || path == "Makefile"
        }
        for path in read {
            let text = try Tree.text(path)
            for word in banned { #expect(!text.contains(word), "\(path) contains \(word)") }
        }
    }

    @Test("Every link in the docs leads somewhere")
    func links() throws {
        for path in Tree.files where path.hasSuffix(".md") {
            for match in try Tree.text(path).matches(of: /\]\(([^)\s]+)\)/) {
                let target = match.1.prefix { $0 != "#" }
                guard !target.isEmpty, !target.contains("://") else { continue }
                let folder = Tree.root.appendingPathComponent(path).deletingLastPathComponent()
                #expect(
                    FileManager.default.fileExists(atPath: folder.appendingPathComponent(String(target)).path),
                    "\(path) links to \(target), which isn't there")
            }
        }
    }

    @Test("Every public symbol says what it means")
    func docComments() throws {
        let declaration =
            /^\s*public (?:private\(set\) |static |final |mutating |internal\(set\) )*(?:struct|class|enum|protocol|func|var|let|init|typealias|actor)\b/
        for path in Tree.swiftSources {
            let lines = try Tree.text(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            for (index, line) in lines.enumerated() where line.firstMatch(of: declaration) != nil {
                let isMemberwise = line.contains("init(") || line.contains("static func ") && line.contains("(a: ")
                let isRequired = Self.required.contains { line.contains($0) }
                if isMemberwise || isRequired { continue }
                let above =
                    lines[..<index].reversed().first { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("@") } ?? ""
                let trimmed = above.trimmingCharacters(in: .whitespaces)
                let isSibling = trimmed.hasPrefix("public ") || trimmed.hasPrefix("case ")
                #expect(
                    trimmed.hasPrefix("///") || isSibling || trimmed.hasSuffix("*/"),
                    "\(path):\(index + 1): no doc comment: \(line.trimmingCharacters(in: .whitespaces))")
            }
        }
    }

    /// What protocols ask for and everyone knows.
    private static let required = [
        "var description", "func encode(to", "init(from", "func hash(into", "static func < ", "static func == ",
        "static func + ", "static func - ",
    ]
}
