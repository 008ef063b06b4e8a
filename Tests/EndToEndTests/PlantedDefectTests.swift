import Foundation
import Testing

extension EndToEnd {
    /// Exploration finds defects that are planted in a copy of the sources, and nothing where none is awake.
    @Suite struct PlantedDefectTests {
        private static let folder =
            #filePath.prefix(#filePath.count - "EndToEndTests/PlantedDefectTests.swift".count) + "PlantedDefects"
        private static let seedsAtMost = 1000
        /// As many as a release build lives through in half a minute.
        private static let cleanSeeds = 30

        private struct Defect {
            let name: String
            /// The complaints that fit it.
            let rules: [String]
        }

        private func defects() throws -> [Defect] {
            try FileManager.default.contentsOfDirectory(atPath: String(Self.folder)).sorted().compactMap { file in
                guard file.hasSuffix(".patch"), !file.hasPrefix("000-") else { return nil }
                let text = try String(contentsOfFile: "\(Self.folder)/\(file)", encoding: .utf8)
                let rules = text.split(separator: "\n").prefix { !$0.hasPrefix("diff ") }
                    .filter { $0.hasPrefix("Found by: ") }.map { String($0.dropFirst("Found by: ".count)) }
                return Defect(name: String(file.dropFirst(4).dropLast(".patch".count)), rules: rules)
            }
        }

        @Test(
            "Every planted defect is found within 1,000 seeds, and none where there is none", .timeLimit(.minutes(20)))
        func found() throws {
            let defects = try defects()
            try #require(defects.count >= 12)
            try Bench.run { bench in
                let program = try bench.run("\(Self.folder)/build.sh", [], within: .seconds(600))
                try #require(program.exitCode == 0, "\(program.errors)")
                let path = program.output.trimmingCharacters(in: .whitespacesAndNewlines)
                let clean = try bench.run(path, ["explore", "--seeds", "\(Self.cleanSeeds)"], within: .seconds(300))
                #expect(clean.exitCode == 0, "\(clean.output)")
                for defect in defects {
                    let run = try bench.run(
                        "/usr/bin/env",
                        [
                            "COURTYARD_PLANTED=\(defect.name)", path, "explore", "--seeds", "\(Self.seedsAtMost)",
                            "--no-shrinking",
                        ], within: .seconds(300))
                    #expect(run.exitCode == 1, "\(defect.name) was not found: \(run.output)")
                    let complaint = run.output.split(separator: "\n").first { $0.hasPrefix("seed ") } ?? ""
                    print("planted: \(defect.name), \(complaint.prefix(100))")
                    #expect(
                        defect.rules.contains { complaint.contains(": \($0): ") },
                        "\(defect.name) was found by the wrong judge: \(complaint)")
                }
            }
        }
    }
}
