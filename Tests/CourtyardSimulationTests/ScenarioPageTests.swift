import Foundation
import SiteConfig
import Testing

@testable import CourtyardSimulation

/// `simulator/scenarios/README.md`: its prose is written by hand, its tables are made here.
@Suite struct ScenarioPageTests {
    private static let path = "\(ScenarioFiles.directory)/README.md"

    @Test("The scenarios' page says what the reader does")
    func page() throws {
        let page = try String(contentsOfFile: Self.path, encoding: .utf8)
        let current = try ScenarioPage.filled(page)
        if getenv("SCENARIOS_WRITE_DOCS") != nil {
            try current.write(toFile: Self.path, atomically: true, encoding: .utf8)
            print("Wrote simulator/scenarios/README.md")
            return
        }
        #expect(
            page == current,
            "it has fallen behind: SCENARIOS_WRITE_DOCS=1 swift test --filter ScenarioPage writes it")
    }

    @Test("Every example of a step and of a key is right")
    func examples() {
        let head = "scenario: A story\nsteps:\n"
        for step in StepCatalogue.all {
            // A card is changed while the power is off.
            let before = step.name == "card" ? "  - power: cut\n" : ""
            #expect(problems("\(head)\(before)  - \(step.example)\n") == [], "\(step.name)")
            guard let subject = step.keys.first(where: { if case .required = $0.presence { true } else { false } })
            else { continue }
            for key in step.keys where key.name != subject.name {
                let more = step.name == "edges" || step.name == "wire" || step.name == "publish"
                if more { continue }  // all their keys are in their example
                var example = "\(key.name): \(key.example)"
                if key.name == "every" { example += ", times: 2" }
                if key.name == "which" { continue }  // takes a second broker
                if key.name == "service" { continue }  // the commands' own test
                let text = "\(head)  - \(step.name): {\(subject.name): \(subject.example), \(example)}\n"
                #expect(problems(text) == [], "\(step.name).\(key.name)")
            }
        }
        for subject in ExpectationKeys.subjects {
            let first = subject.filter { if case .required = $0.presence { true } else { false } }
                .map { "\($0.name): \($0.example)" }.joined(separator: ", ")
            for key in subject + [ExpectationKeys.within.doc] {
                let more = first.contains("\(key.name): ") ? "" : ", \(key.name): \(key.example)"
                let text = "\(head)  - expect: {\(first)\(more)}\n"
                #expect(problems(text) == [], "\(subject[0].name).\(key.name)")
            }
        }
    }

    @Test("The simulator's own page shows scenarios that are right and go as expected, and the standard courtyard")
    func simulatorPage() throws {
        let page = try String(
            contentsOfFile: "\(ScenarioFiles.directory)/../README.md", encoding: .utf8)
        let blocks = page.components(separatedBy: "```yaml\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }
        let scenarios = blocks.filter { $0.hasPrefix("scenario:") }
        #expect(scenarios.count >= 2)
        for text in scenarios {
            let story = try ScenarioReader.read(Array(text.utf8), name: "README", directory: "/", files: DiskFiles())
            let stage = try VirtualStage(story)
            let steps = ScenarioRunner(story, on: stage).run()
            let result = ScenarioResult(story, stage: "virtual", steps: steps, log: stage.log)
            #expect(
                result.isAsExpected,
                "\(ResultText.summary(result))\n\(steps.map { ResultText.lines($0, isLong: true) })")
        }
    }
}

private enum ScenarioPage {
    struct MarkMissing: Error { let mark: String }

    /// The page with all its generated parts as they should be.
    static func filled(_ page: String) throws -> String {
        var page = page
        for (name, content) in try parts() {
            let start = "<!-- generated: \(name) -->\n"
            guard let from = page.range(of: start)?.upperBound,
                let to = page.range(of: "<!-- end -->", range: from..<page.endIndex)?.lowerBound
            else { throw MarkMissing(mark: name) }
            page.replaceSubrange(from..<to, with: content)
        }
        return page
    }

    private static func parts() throws -> [(String, String)] {
        [
            ("top", keys(ScenarioKeys.all)), ("courtyard", "```yaml\n\(StandardCourtyard.yaml)```\n"),
            ("steps", steps), ("step-keys", stepKeys), ("expectations", expectations), ("list", try list()),
        ]
    }

    private static func row(_ cells: [String]) -> String {
        "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |\n"
    }

    private static func presence(_ doc: KeyDoc) -> String {
        switch doc.presence {
        case .required: "**required**"
        case .optional(let value): value
        }
    }

    private static func keys(_ docs: [KeyDoc]) -> String {
        "| key | meaning | allowed | default | example |\n|---|---|---|---|---|\n"
            + docs.map { row(["`\($0.name)`", $0.meaning, $0.allowed, presence($0), "`\($0.name): \($0.example)`"]) }
            .joined()
    }

    private static var steps: String {
        "| step | does | short form | keys | example |\n|---|---|---|---|---|\n"
            + StepCatalogue.all.map { step in
                var names = step.keys.map { "`\($0.name)`" }.joined(separator: ", ")
                if step.name == "desk" { names = DeskKeys.manner.map { "`\($0.name)`" }.joined(separator: ", ") }
                if step.name == "expect" || step.name == "never" { names = "see [What is expected](#what-is-expected)" }
                return row(["`\(step.name)`", step.meaning, step.short ?? "", names, "`- \(step.example)`"])
            }.joined()
    }

    /// Each key once, with the steps that have it, where it means the same.
    private static var stepKeys: String {
        var rows: [(doc: KeyDoc, steps: [String])] = []
        let all = StepCatalogue.all.flatMap { step in step.keys.map { (step.name, $0) } }
        for (name, doc) in all + DeskKeys.manner.map({ ("desk", $0) }) {
            if let index = rows.firstIndex(where: { $0.doc.name == doc.name && $0.doc.meaning == doc.meaning }) {
                rows[index].steps.append(name)
            } else {
                rows.append((doc, [name]))
            }
        }
        return "| key | of | meaning | allowed | default | example |\n|---|---|---|---|---|---|\n"
            + rows.map { doc, steps in
                row([
                    "`\(doc.name)`", steps.joined(separator: ", "), doc.meaning, doc.allowed, presence(doc),
                    "`\(doc.name): \(doc.example)`",
                ])
            }.joined()
    }

    private static var expectations: String {
        ExpectationKeys.subjects.map { subject in
            let isCounted = ExpectationKeys.counted.contains(subject[0].name)
            let rows = subject.map {
                row(["`\($0.name)`", $0.meaning, $0.allowed, presence($0), "`\($0.name): \($0.example)`"])
            }
            return "**`\(subject[0].name)`**\(isCounted ? ", which can be counted with `times`" : "")\n\n"
                + "| key | meaning | allowed | default | example |\n|---|---|---|---|---|\n" + rows.joined() + "\n"
        }.joined() + "And in each of them:\n\n"
            + keys([ExpectationKeys.within.doc, ExpectationKeys.times.doc, ExpectationKeys.lasts.doc])
    }

    private static func list() throws -> String {
        try "| file | story |\n|---|---|\n"
            + ScenarioFiles.all.map { path in
                let story = try ScenarioReader.read(path: path)
                let name = path.split(separator: "/").last!
                return row(["[\(name)](\(name))", story.title])
            }.joined()
    }
}
