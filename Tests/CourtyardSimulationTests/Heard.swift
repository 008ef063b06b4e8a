import CallCore
import CourtyardSimulation
import Foundation

/// What a decoder makes of edges: presses, as `decode` prints them.
struct Heard {
    struct Press: Hashable {
        let code: RadioCode
        let frames: Int
    }

    let presses: [Press]
    let verdicts: RadioVerdicts
    var codes: Set<RadioCode> { Set(presses.map(\.code)) }

    init(_ edges: [Air.Edge], protocols: Set<RadioProtocol> = Set(RadioProtocol.keyed.filter(\.isOnByDefault))) {
        var decoder = RadioDecoder(receiver: ReceiverID("hall")!, protocols: protocols)
        for edge in edges { _ = decoder.take(carrier: edge.carrier, at: Moment(nanoseconds: edge.at)) }
        _ = decoder.pass(until: Moment(nanoseconds: (edges.last?.at ?? 0) + 1_000_000_000))
        self.init(&decoder)
    }

    init(_ packages: [[PulseFile.Pulse]]) {
        var decoder = RadioDecoder(receiver: ReceiverID("hall")!)
        var end = Moment(nanoseconds: 0)
        for package in packages { end = decoder.take(package, at: end) }
        _ = decoder.pass(until: end + .seconds(1))
        self.init(&decoder)
    }

    private init(_ decoder: inout RadioDecoder) {
        presses = decoder.takeReports().filter { $0.phase == .ended }.map { Press(code: $0.code, frames: $0.frames) }
        verdicts = decoder.verdicts
    }
}

/// Recordings by others, where somebody has them: a folder with an `index.tsv` that says what each must and may give.
struct Recording: CustomStringConvertible {
    let name: String
    let packages: [[PulseFile.Pulse]]
    let must: Set<UInt64>
    let may: Set<UInt64>
    var description: String { name }

    /// The long form of a campaign is wanted.
    static let isLong = ProcessInfo.processInfo.environment["RADIO_LONG"] != nil
    static let folder = ProcessInfo.processInfo.environment["RADIO_RECORDINGS"]

    /// All of them; none, with a printed reason, where `RADIO_RECORDINGS` names no folder.
    static func all() throws -> [Recording] {
        guard let folder else {
            print("skipped: recordings of real transmitters lie where RADIO_RECORDINGS says, and it says nothing")
            return []
        }
        let index = try String(contentsOfFile: "\(folder)/index.tsv", encoding: .utf8)
        return try index.split(separator: "\n").dropFirst().map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            func codes(_ text: String) -> Set<UInt64> {
                Set(text.split(separator: ",").compactMap { UInt64($0.dropFirst(2), radix: 16) })
            }
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(fields[0])"))
            return Recording(
                name: fields[0], packages: try PulseFile(bytes).packages, must: codes(fields[3]), may: codes(fields[4]))
        }
    }

    /// What is wrong with what was heard; nil if nothing is. Of 24 bits nothing else may be told.
    func complaint(_ heard: Heard) -> String? {
        let codes = Set(heard.codes.filter { $0.bits == 24 }.map(\.value))
        if !must.isSubset(of: codes) {
            return "\(name): not heard: \(must.subtracting(codes).map { String($0, radix: 16) })"
        }
        let wrong = codes.subtracting(must).subtracting(may)
        return wrong.isEmpty ? nil : "\(name): nobody sent \(wrong.map { String($0, radix: 16) })"
    }
}
