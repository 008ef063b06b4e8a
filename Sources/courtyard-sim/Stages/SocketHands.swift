internal import CallCore
internal import CourtyardSimulation
internal import Glibc

/// Hands at the lines of an agent with `hardware: simulated`: its socket.
final class SocketHands: Hands {
    private let path: String
    private var lines: LinesClient?
    /// Contacts that are held, and loops whose wire is cut.
    private var held: Set<PointID> = []
    private var cut: Set<PointID> = []

    init(path: String) { self.path = path }

    var settings: [(String, String)] { [("hardware", "simulated"), ("simulator-socket", path)] }

    func complete(_ siteFile: String) -> String { siteFile }

    /// The agent stamps what it reads when it reads it, on a machine that may be busy with something else: a bounce
    /// timed to the fraction of a millisecond would come out as anything.
    var finestGap: Duration { .milliseconds(5) }

    var descriptor: Int32 { lines?.descriptor ?? -1 }

    func attach(within limit: Duration) throws(StageFailure) {
        let end = Moment.now + limit
        while true {
            do {
                lines = try LinesClient(path: path)
                break
            } catch {
                guard Moment.now < end else { throw StageFailure("\(error)") }
                usleep(2000)
            }
        }
        for point in cut { try setWire(of: point, whole: false) }
        for point in held { try set(point, [true]) }
    }

    func detach() { lines = nil }

    func set(_ point: PointID, _ changes: [Bool]) throws(StageFailure) {
        if changes.last ?? false { held.insert(point) } else { held.remove(point) }
        guard lines != nil else { return }
        do { try lines?.set(point.text, changes) } catch { throw StageFailure("\(error)") }
    }

    func setWire(of point: PointID, whole: Bool) throws(StageFailure) {
        if whole { cut.remove(point) } else { cut.insert(point) }
        guard lines != nil else { return }
        do { try lines?.set(wireOf: point, whole: whole) } catch { throw StageFailure("\(error)") }
    }

    func send(_ sending: RadioSending) throws(StageFailure) -> Duration {
        guard lines != nil else { return .zero }
        let lengths = sending.microseconds
        do {
            for receiver in sending.receivers { try lines?.show(on: receiver.text, lengths) }
        } catch { throw StageFailure("\(error)") }
        return sending.lasts
    }

    func takeShown() throws(StageFailure) -> [(output: String, signal: String)] {
        guard lines != nil else { return [] }
        do {
            return try lines?.takeShown().map { ($0.output, $0.signal) } ?? []
        } catch {
            // The agent has ended; the stage knows why.
            detach()
            return []
        }
    }
}
