import Foundation
import Testing

/// `courtyard-sim run --on kernel`, from outside.
@Suite("Scenarios in a kernel of their own", .serialized, .enabled(if: Guest.isPossible, "the reason is printed above"))
struct ScenarioTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardizedFileURL.path

    private func play(_ files: [String], _ more: [String] = []) throws -> (code: Int32, output: String) {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(filePath: tests).deletingLastPathComponent().appending(path: "courtyard-sim").path
        return try Guest.run(program, ["run"] + files + ["--on", "kernel"] + more)
    }

    @Test("Lines, lamps, wires, clocks, disks and power: all as on the other stages", .timeLimit(.minutes(4)))
    func scenarios() throws {
        let names = [
            "press-to-end", "wire-cut", "worn-contacts", "full-disk", "boot-in-1970", "clock-steps", "night-power-cut",
            "broker-restarts", "radio-pendant",
        ]
        let (code, output) = try play(names.map { "\(Self.root)/simulator/scenarios/\($0).yaml" })
        #expect(code == 0, "\(output)")
        #expect(output.contains("\(names.count) scenarios, \(names.count) as expected, 0 not"), "\(output)")
    }

    @Test("What isn't as expected is said, and written, from inside the kernel", .timeLimit(.minutes(1)))
    func unexpected() throws {
        let directory = try Guest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = "\(directory)/dark.yaml"
        try """
        scenario: A lamp that should stay dark
        about: It doesn't.
        steps:
          - desk: {desk-1: listens}
          - press: b3-u2-401
          - never: {output: b3-lamp, shows: received, for: 10s}

        """.write(toFile: file, atomically: true, encoding: .utf8)
        let (code, output) = try play(
            [file], ["--junit", "\(directory)/results.xml", "--vcd", "\(directory)/dark.vcd"])
        #expect(code == 1, "\(output)")
        #expect(output.contains("output b3-lamp shows received"), "\(output)")
        #expect(try String(contentsOfFile: "\(directory)/results.xml", encoding: .utf8).contains("<failure"))
        #expect(try String(contentsOfFile: "\(directory)/dark.vcd", encoding: .utf8).contains("b3_lamp_received"))
    }

    @Test("A courtyard that has more lines than the kernel is told so")
    func tooLarge() throws {
        let directory = try Guest.makeDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let points = (1...257).map { "    - {id: p\($0), label: p\($0)}" }.joined(separator: "\n")
        let file = "\(directory)/large.yaml"
        try "scenario: Large\nabout: Too large.\nsite:\n  points:\n\(points)\nsteps:\n  - press: p1\n"
            .write(toFile: file, atomically: true, encoding: .utf8)
        let (code, output) = try play([file])
        #expect(code == 1, "\(output)")
        #expect(output.contains("256 lines"), "\(output)")
    }
}
