import CallCore
import Glibc
import Journal
import Testing

/// A journal made for one test.
final class Place {
    let directory: String
    var path: String { directory + "/gateway.db" }
    let journal: Journal
    /// When the boards were started, by the wall clock.
    private static let bootTime: Int64 = 1_700_000_000_000
    private var sequences: [ServiceID: UInt64] = [:]
    private var calls: UInt64 = 0

    init() throws {
        var template = Array("/var/tmp/report-tests-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        journal = try Journal.open(
            at: directory + "/gateway.db", now: WallTime(milliseconds: Self.bootTime), allowVolatile: true,
            makeID: { JournalID(unchecked: "k3f9qz") }
        ).journal
    }

    deinit { shell("rm -rf \(directory)") }

    /// One call, raised `at`, and what then happened, so many seconds later. A step in another boot has only the wall
    /// clock, which is synchronised or not.
    func tell(
        _ service: ServiceID, at raised: Int64, presses: Int = 1, reason: String? = nil,
        restarted: (synchronized: Bool, before: CallEventType)? = nil, _ steps: (CallEventType, Double)...
    ) throws {
        calls += 1
        var boot = ("boot-1", true)
        var batch = Journal.Batch()
        let pressed = (1...presses).map { (CallEventType.pressed, Double($0 - 1)) }
        for (index, (type, seconds)) in (pressed + [(.raised, 0)] + steps).enumerated() {
            if let restarted, restarted.before == type { boot = ("boot-2", restarted.synchronized) }
            let call = Call(
                id: CallID(journal: journalID, number: calls), point: PointID(unchecked: "b3-u2-401"),
                label: "3号楼2单元401 床头", service: service, priority: 1,
                state: type == .resolved ? .resolved : type == .cancelled ? .cancelled : .raised, revision: index + 1,
                presses: presses, raised: stamp(raised, ("boot-1", true)), escalation: 0, actor: nil,
                reason: type == .cancelled ? reason : nil, times: [:], actors: [:], pressTimes: [])
            sequences[service, default: 0] += 1
            batch.events.append(
                CallEvent(
                    journal: journalID, sequence: sequences[service]!, type: type,
                    occurred: stamp(raised + Int64(seconds * 1000), boot), call: call))
            batch.calls = [call]
        }
        try journal.commit(batch)
    }

    private let journalID = JournalID(unchecked: "k3f9qz")

    private func stamp(_ milliseconds: Int64, _ boot: (name: String, synchronized: Bool)) -> Stamp {
        Stamp(
            boot: boot.name, moment: Moment(nanoseconds: (milliseconds - Self.bootTime) * 1_000_000),
            wall: WallTime(milliseconds: milliseconds),
            quality: ClockQuality(synchronized: boot.synchronized, uncertaintyMs: 4))
    }

    /// The month that docs/report.md shows.
    func tellNovember() throws {
        let november: Int64 = 1_761_926_400_000  // 2025-11-01T00:00 in Shanghai
        for number: Int64 in 0..<40 {
            let raised = november + number * 61_234_000
            let quick = Double(number % 7)
            switch number {
            case 3:
                try tell(
                    .emergency, at: raised, presses: 4, (.delivered, 0.03), (.escalated, 60), (.escalated, 120),
                    (.accepted, 130), (.reopened, 310), (.delivered, 310.02), (.accepted, 330), (.arrived, 420),
                    (.resolved, 1500))
            case 11:
                try tell(
                    .emergency, at: raised, restarted: (true, .arrived), (.delivered, 0.03), (.accepted, 22),
                    (.arrived, 190), (.resolved, 640))
            case 12:
                try tell(
                    .emergency, at: raised, restarted: (false, .resolved), (.delivered, 0.04), (.accepted, 31),
                    (.arrived, 150), (.resolved, 700))
            case 39: try tell(.emergency, at: raised, (.delivered, 0.02), (.escalated, 60))
            default:
                try tell(
                    .emergency, at: raised, presses: 1 + Int(number % 3) / 2, (.delivered, 0.02 + quick / 500),
                    (.accepted, 9 + 6.5 * quick), (.arrived, 70 + 20 * quick), (.resolved, 400 + 90 * quick))
            }
        }
        for number: Int64 in 0..<12 {
            let raised = november + number * 200_000_000 + 40_000_000
            switch number {
            case 2, 7: try tell(.meal, at: raised, reason: "expired", (.delivered, 1), (.cancelled, 14_400))
            case 5: try tell(.meal, at: raised, reason: "outside-hours", (.cancelled, 0))
            default:
                try tell(
                    .meal, at: raised, (.delivered, 0.4), (.accepted, 100 + 40 * Double(number)),
                    (.resolved, 2400 + 60 * Double(number)))
            }
        }
        for number: Int64 in 0..<30 {
            let raised = november + number * 86_400_000 + 12_600_000
            if number == 17 {
                try tell(.test, at: raised, reason: "expired", (.cancelled, 60))
            } else {
                try tell(.test, at: raised, (.delivered, 0.1), (.tested, 0.21 + Double(number) / 100))
            }
        }
    }
}

/// Runs a shell command to its end; its standard output and error apart.
@discardableResult
func shell(_ command: String) -> (status: Int32, output: String, errors: String) {
    var template = Array("/var/tmp/report-errors-XXXXXX".utf8CString)
    let file = mkstemp(&template)
    let name = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        close(file)
        unlink(name)
    }
    guard let pipe = popen("{ \(command)\n} 2> \(name)", "r") else { return (-1, "", "") }
    let output = text(of: pipe)
    let status = pclose(pipe)
    guard let errors = fopen(name, "r") else { return (-1, output, "") }
    defer { fclose(errors) }
    return ((status >> 8) & 0xff, output, text(of: errors))
}

private func text(of file: UnsafeMutablePointer<FILE>) -> String {
    var bytes: [UInt8] = []
    while case let byte = getc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return String(decoding: bytes, as: UTF8.self)
}

/// The program, which stands beside the tests.
let program: String = {
    var name = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &name, name.count)
    let own = String(decoding: name.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/courtyard-gateway"
}()

/// The project's own page.
func page(_ path: String) throws -> String {
    let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
    let file = try #require(fopen("\(root)/\(path)", "r"))
    defer { fclose(file) }
    return text(of: file)
}
