import CallCore
import CourtyardSimulation
import Testing

/// Real transmitters, as they were recorded and as they might have been.
@Suite("Recordings") struct RecordingTests {
    private typealias Packages = [[PulseFile.Pulse]]

    @Test("Every recording gives the codes it must, and none that nobody sent")
    func recordings() throws {
        for recording in try Recording.all() {
            #expect(recording.complaint(Heard(recording.packages)) == nil)
        }
    }

    @Test("Slower, faster, jittered, cut and shuffled recordings, and those in noise, give the same answers")
    func variants() throws {
        var dice = Dice(3)
        for recording in try Recording.all() {
            for round in 0..<longRun(4, full: 100) {
                for (name, packages) in variants(of: recording.packages, &dice) {
                    let heard = Heard(packages)
                    #expect(recording.complaint(heard) == nil, "\(name), round \(round)")
                }
            }
        }
    }

    private func variants(of packages: Packages, _ dice: inout Dice) -> [(String, Packages)] {
        let scale = 0.85 + 0.3 * dice.fraction()
        return [
            (
                "scaled by \(scale)",
                each(packages) { .init(high: Int64(Double($0.high) * scale), low: Int64(Double($0.low) * scale)) }
            ),
            (
                "jittered",
                each(packages) { pulse in
                    let off = Int64(dice.below(40_001)) - 20_000
                    let high = max(1000, pulse.high + off)
                    return .init(high: high, low: max(1000, pulse.low - off))
                }
            ),
            ("shuffled", packages.shuffled(using: &dice)),
            ("behind noise", [noise(400, &dice)] + packages + [noise(400, &dice)]),
            ("joined with noise", packages.map { noise(60, &dice) + $0 + noise(60, &dice) }),
            ("twice", packages + packages),
        ]
    }

    private func each(_ packages: Packages, _ change: (PulseFile.Pulse) -> PulseFile.Pulse) -> Packages {
        packages.map { $0.map(change) }
    }

    private func noise(_ count: Int, _ dice: inout Dice) -> [PulseFile.Pulse] {
        (0..<count).map { _ in .init(high: Noise.hiss.length(&dice), low: Noise.hiss.length(&dice)) }
    }

    @Test("A recording cut anywhere gives none that nobody sent")
    func cut() throws {
        var dice = Dice(8)
        for recording in try Recording.all() {
            for _ in 0..<longRun(10, full: 300) {
                let cut = recording.packages.map { Array($0[dice.below($0.count)...]) }
                let codes = Set(Heard(cut).codes.filter { $0.bits == 24 }.map(\.value))
                #expect(codes.isSubset(of: recording.must.union(recording.may)), "\(recording)")
            }
        }
    }

    @Test(
        "A file that is none, or is hostile, says in which line",
        arguments: [
            ("", "line 1: a pulse file begins"), ("476 1412\n", "line 1: pulses before the head"),
            (";pulse data\n476\n", "line 2: is no pulse and gap"),
            (";pulse data\n0 5\n", "line 2: is no pulse and gap"),
            (";pulse data\n-4 5\n", "line 2: is no pulse and gap"),
            (";pulse data\n1 2 3\n", "line 2: is no pulse and gap"),
            (";pulse data\n1 99999999999999999999\n", "line 2: is no pulse and gap"),
            (";pulse data\n;timescale 10us\n", "line 2: the timescale is 10us"),
            (";pulse data\n" + String(repeating: "1", count: 300), "line 2: is longer than any line"),
        ])
    func malformed(text: String, complaint: String) {
        let error = #expect(throws: PulseFile.Malformed.self) { try PulseFile(Array(text.utf8)) }
        #expect(error?.description.hasPrefix(complaint) ?? false, "\(error?.description ?? "")")
    }

    @Test("Packages, carriage returns, other timescales and frequency-shift packages are understood")
    func understood() throws {
        let text =
            ";pulse data\r\n;version 1\r\n;timescale 1ns\r\n;ook 2 pulses\r\n400 800\r\n500 0\r\n;end\r\n;fsk 1 pulses\r\n1 2\r\n;ook 1 pulses\n7 9"
        let file = try PulseFile(Array(text.utf8))
        #expect(file.packages.map { $0.map(\.high) } == [[400, 500], [7]])
    }
}
