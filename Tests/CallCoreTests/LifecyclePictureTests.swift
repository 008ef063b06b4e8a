import CallCore
import Foundation
import Testing

@Suite("The picture in docs/call-lifecycle.md") struct LifecyclePictureTests {
    private func page() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "docs/call-lifecycle.md"), encoding: .utf8)
    }

    @Test("It has every transition of the code, and no other")
    func picture() throws {
        let parts = try page().components(separatedBy: "<!-- lifecycle -->")
        let block = try #require(parts.last?.components(separatedBy: "<!-- end -->").first)
        let drawn = block.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { $0.contains("-->") && !$0.contains("[*]") }
        let coded = CallLifecycle.transitions.map { "\($0.from.rawValue) --> \($0.to.rawValue): \($0.step.rawValue)" }
        #expect(drawn == coded, "draw docs/call-lifecycle.md as CallLifecycle.transitions says")
    }

    @Test("It says of every step who takes it")
    func steps() throws {
        let page = try page()
        for step in CallLifecycle.Step.allCases { #expect(page.contains("| `\(step.rawValue)` |"), "\(step)") }
    }
}
