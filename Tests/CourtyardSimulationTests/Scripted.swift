import CallContract
import CallCore
import SiteConfig

@testable import CourtyardSimulation

/// A stage on which happens what a test says, at the time that it says.
final class ScriptedStage: Stage {
    private(set) var now = Duration.zero
    private(set) var log: [Seen] = []
    private(set) var deeds: [StageDeed] = []
    private var coming: [Seen]
    var cannot: String?

    init(_ coming: [Seen]) { self.coming = coming }

    func objection(to deed: StageDeed) -> String? { cannot }

    func perform(_ deed: StageDeed) throws(StageFailure) {
        deeds.append(deed)
        try advance(until: now + deed.lasts, orBeyond: nil)
    }

    func advance(until moment: Duration, orBeyond known: Int?) throws(StageFailure) {
        while let next = coming.first, next.at <= moment {
            now = max(now, next.at)
            log.append(coming.removeFirst())
            if let known, log.count > known { return }
        }
        now = max(now, moment)
    }

    func close() {}
}

/// A scenario with the standard courtyard.
func scenario(_ steps: String, site: String = "", name: String = "story.yaml") throws -> Scenario {
    try ScenarioReader.read(
        Array("scenario: A story\n\(site)steps:\n\(steps)".utf8), name: name, directory: "/", files: DiskFiles())
}

/// What is wrong with a scenario file, line by line.
func problems(_ text: String) -> [String] {
    do {
        _ = try ScenarioReader.read(Array(text.utf8), name: "story.yaml", directory: "/", files: DiskFiles())
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

extension Seen {
    /// An event of a bed.
    static func event(_ type: CallEventType, at: Duration, point: String = "b3-u2-401") -> Seen {
        let call = Call(
            id: CallID(journal: JournalID(unchecked: "k3f9qz"), number: 1), point: PointID(unchecked: point),
            label: "床头", service: Service.defaults[0], raised: stamp)
        let event = CallEvent(
            journal: call.id.journal, sequence: UInt64(at.milliseconds), type: type, occurred: stamp, call: call)
        let now = Now(moment: stamp.moment, wall: stamp.wall, quality: stamp.quality)
        return Seen(at: at, .event(EventMessage(event, source: "/courtyard/s/g", boot: "boot", now: now)))
    }

    static func output(_ id: String, _ signal: String, at: Duration) -> Seen { Seen(at: at, .output(id, signal)) }

    private static let stamp = Stamp(
        boot: "boot", moment: Moment(nanoseconds: 0), wall: WallTime(milliseconds: 1_787_536_800_000),
        quality: ClockQuality(synchronized: true, uncertaintyMs: 2))
}
