import CallCore
import Foundation
import SiteConfig
import Testing

@testable import CourtyardSimulation

/// The scenarios of the repository.
enum ScenarioFiles {
    static let directory =
        String(
            #filePath.prefix(#filePath.count - "Tests/CourtyardSimulationTests/ScenarioTests.swift".count))
        + "simulator/scenarios"

    static let all =
        (try? FileManager.default.contentsOfDirectory(atPath: directory))?.sorted()
        .filter { $0.hasSuffix(".yaml") }.map { "\(directory)/\($0)" } ?? []
}

@Suite("Scenarios") struct ScenarioTests {
    private func play(_ scenario: Scenario) throws -> ScenarioResult {
        let stage = try VirtualStage(scenario)
        let steps = ScenarioRunner(scenario, on: stage).run()
        return ScenarioResult(scenario, stage: "virtual", steps: steps, log: stage.log)
    }

    private func text(_ result: ScenarioResult) -> String {
        result.steps.flatMap { ResultText.lines($0, isLong: true) }.joined(separator: "\n")
    }

    @Test("there are enough of them")
    func count() { #expect(ScenarioFiles.all.count >= 25) }

    @Test("every scenario goes as expected in virtual time", arguments: ScenarioFiles.all)
    func all(file: String) throws {
        let scenario = try ScenarioReader.read(path: file)
        let result = try play(scenario)
        #expect(result.isAsExpected, "\(text(result))")
        #expect(!result.log.contains { if case .unreadable = $0.what { true } else { false } })
    }

    @Test("what is not as expected is shown with what was seen instead, and where it stands")
    func unexpected() throws {
        let result = try play(
            scenario("- press: b3-u2-401\n- expect: {event: raised, service: meal, within: 1s}\n- wait: 1s\n"))
        let shown = text(result)
        #expect(shown.contains("line 4: NOT AS EXPECTED: not seen within 0:00:01.000"), "\(shown)")
        #expect(shown.contains("event raised b3-u2-401 emergency, 1 press"), "\(shown)")
        #expect(ResultText.summary(result).hasPrefix("NOT AS EXPECTED: step 2 of 3, story.yaml:4, 0:00:01.150"))
    }

    @Test("JUnit's file holds whatever a scenario says, and counts failures and errors")
    func junit() throws {
        let text = "scenario: 'a <b> & \"c\" ]]>'\nsteps: [{wait: 1s}, {expect: {event: raised, within: 0}}]\n"
        let story = try ScenarioReader.read(Array(text.utf8), name: "x/<y>.yaml", directory: "/", files: DiskFiles())
        let failing = try play(story)
        let refused = ScenarioResult(
            story, stage: "process", steps: [StepResult(refusing: story.steps[0], "no \u{1B}[31m disk")], log: [])
        let xml = JUnit.write([failing, refused], stage: "virtual")
        #expect(xml.contains("tests=\"2\" failures=\"1\" errors=\"1\""), "\(xml)")
        #expect(xml.contains("name=\"a &lt;b&gt; &amp; &quot;c&quot; ]]&gt;\""), "\(xml)")
        #expect(xml.contains("classname=\"virtual.&lt;y&gt;\"") && xml.contains("<error message=\"line 2: wait: 1s\""))
        #expect(
            !xml.unicodeScalars.contains("\u{1B}") && xml.contains("this stage can't do that: no \u{FFFD}[31m disk"))
        #expect(XMLCheck.isWellFormed(xml), "\(xml)")
    }

    @Test("a waveform has every line, call, output and fault that was ever high, at its time")
    func waveform() throws {
        let result = try play(scenario("- wait: 1s\n- press: {point: b3-u2-401, for: 200ms}\n- wait: 20s\n"))
        let wave = Waveform.write(result)
        for name in ["b3_u2_401", "b3_u2_401_emergency_raised", "b3_lamp_sent", "nobody_listening", "status_degraded"] {
            #expect(wave.contains(" \(name) $end\n"), "\(name) in \(wave)")
        }
        let line = try #require(wave.split(separator: "\n").first { $0.hasSuffix(" b3_u2_401 $end") })
        let code = line.split(separator: " ")[3]
        #expect(wave.contains("#1000000\n1\(code)\n") && wave.contains("#1200000\n0\(code)\n"), "\(wave)")
        #expect(wave.hasPrefix("$comment A story $end\n$timescale 1 us $end\n") && wave.hasSuffix("#21200000\n"))
    }
}

/// Just enough of XML to find a tag that isn't closed or a sign that isn't escaped.
private enum XMLCheck {
    static func isWellFormed(_ xml: String) -> Bool {
        var open: [Substring] = []
        var rest = xml[...]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else { return false }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("?") || tag.hasSuffix("/") { continue }
            let name = tag.prefix { $0 != " " }
            if name.hasPrefix("/") {
                guard open.popLast() == name.dropFirst() else { return false }
            } else {
                open.append(name)
            }
        }
        let ampersands = xml.split(separator: "&").dropFirst()
        return open.isEmpty
            && ampersands.allSatisfy { part in ["lt;", "gt;", "amp;", "quot;"].contains { part.hasPrefix($0) } }
    }
}
