import CallCore
import Glibc
import Testing

@testable import SiteConfig

/// A small generator that a seed determines (Steele, Lea, Flood: SplitMix64, 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct MutationTests {
    /// `SITE_CONFIG_SEED=… swift test --filter MutationTests` repeats a run, `SITE_CONFIG_ROUNDS=…` makes it longer.
    static func setting(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    /// Text that changes meaning wherever it lands.
    static let pieces = [
        "\n", "\r\n", "\t", " ", "  ", ":", ": ", "：", "- ", "[", "]", "{", "}", ",", "\"", "'", "#", " #", "&a ", "*a",
        "!", "|",
        ">", "%", "@", "?", "~", "null", "\0", "\u{FEFF}", "\u{2028}", "\u{85}", "号", "\u{202E}", "---\n", "...\n",
        "<<: *a",
        "0", "-1", "99999999999999999999", "1e9", "5ms", "9h", "desk", "test", "none", "id", "file: points.csv", "true",
    ].map { Array($0.utf8) }

    /// One to five small accidents.
    static func mutated(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...5, using: &generator) {
            let at = Int.random(in: 0...bytes.count, using: &generator)
            let length = min(Int.random(in: 1...20, using: &generator), bytes.count - at)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes.insert(contentsOf: pieces.randomElement(using: &generator)!, at: at)
            case 1: bytes.removeSubrange(at..<at + length)
            case 2: bytes.insert(contentsOf: Array(bytes[at..<at + length]), at: at)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: at)
            case 4: bytes.replaceSubrange(at..<at + length, with: pieces.randomElement(using: &generator)!)
            default:
                guard let to = bytes.indices.randomElement(using: &generator) else { continue }
                let moved = Array(bytes[at..<at + length])
                bytes.removeSubrange(at..<at + length)
                bytes.insert(contentsOf: moved, at: min(to, bytes.count))
            }
        }
        return bytes
    }

    @Test("A mutated file always gives a site that holds together, or problems, and never a crash")
    func mutations() throws {
        let seed = Self.setting("SITE_CONFIG_SEED") ?? UInt64.random(in: 0...UInt64.max)
        let rounds = Int(Self.setting("SITE_CONFIG_ROUNDS") ?? 4_000)
        print("Mutations of the example site file: SITE_CONFIG_SEED=\(seed), \(rounds) rounds")
        var generator = SeededGenerator(seed: seed)
        let yaml = Array(try repositoryFile("docs/examples/gateway.yaml").utf8)
        let csv = Array(try repositoryFile("docs/examples/points.csv").utf8)
        var good = 0
        for round in 0..<rounds {
            let mutatesCSV = Bool.random(using: &generator)
            let result = readSite(
                mutatesCSV ? yaml : Self.mutated(yaml, &generator),
                csv: ["points.csv": mutatesCSV ? Self.mutated(csv, &generator) : csv])
            switch result {
            case .success(let site):
                good += 1
                try #require(site.holdsTogether, "seed \(seed), round \(round): \(site)")
            case .failure(let problems):
                try #require(!problems.problems.isEmpty, "seed \(seed), round \(round)")
                let areAllPrintable = problems.problems.allSatisfy(\.isPrintable)
                try #require(areAllPrintable, "seed \(seed), round \(round): \(problems)")
            }
        }
        // Both outcomes must have been tried: a change in a comment leaves the site as it is.
        #expect(good > 0 && good < rounds, "seed \(seed): \(good) of \(rounds) were good")
    }
}

extension Site {
    /// What the rest of the program relies on without looking again.
    fileprivate var holdsTogether: Bool {
        let services = Set(services.map(\.id))
        return !brokers.isEmpty && !points.isEmpty && Set(points.map(\.id)).count == points.count
            && lines.count == (hardware == .gpio ? points.count : 0)
            && Set(lines.map(\.point)).isSubset(of: Set(points.map(\.id)))
            && Set(lines.map(\.address)).count == lines.count
            && services.isSuperset(of: Service.defaults.map(\.id)) && !services.contains(.test)
            && points.allSatisfy { point in
                [point.gestures.press, point.gestures.hold, point.gestures.double].allSatisfy {
                    $0.map(services.contains) ?? true
                } && point.gestures.holdAfter < point.stuckAfter && point.debounce.quiet < point.gestures.doubleWithin
                    && PointID(point.id.text) != nil
            }
            && [files.journal, files.control, files.simulator].allSatisfy { $0.hasPrefix("/") }
    }
}

extension Problem {
    /// One line, with all its parts.
    fileprivate var isPrintable: Bool {
        !found.isEmpty && !allowed.isEmpty && !description.unicodeScalars.contains(where: isControl)
    }
}
