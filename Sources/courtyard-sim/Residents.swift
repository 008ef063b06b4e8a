internal import CLinux
internal import CallCore
internal import Glibc
internal import LinuxSupport
internal import Synchronization

/// What is still to be done to which contact, in the order of its time.
struct Agenda {
    struct Entry: Hashable {
        var at: Moment
        let point: String
        let contact: [Bool]
        /// The deed that begins with this edge.
        let begins: Deed?
    }

    private var entries: [Entry] = []

    /// When the next edge is due.
    var next: Moment? { entries.first?.at }
    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ deed: Deed, at begin: Moment) {
        entries += deed.edges.enumerated().map { index, edge in
            Entry(at: begin + edge.after, point: deed.point, contact: edge.contact, begins: index == 0 ? deed : nil)
        }
        entries.sort { $0.at < $1.at }
    }

    /// The first entry, if it is due. If it is late, so is all that follows at its point: on a busy machine a press
    /// comes late, and never shorter than it was meant, which the gateway would rightly take for a spike.
    mutating func take(dueBy now: Moment) -> Entry? {
        guard let first = entries.first, first.at <= now else { return nil }
        entries.removeFirst()
        for index in entries.indices where entries[index].point == first.point {
            entries[index].at = entries[index].at + (now - first.at)
        }
        entries.sort { $0.at < $1.at }
        return first
    }
}

/// The residents' fingers, all on one thread and one connection: their deeds overlap in an agenda.
final class Residents: Sendable {
    private let socket: String
    private let tell: @Sendable (Happening) -> Void
    private let wakeUp = WakeUp()
    private let isStopping = Atomic(false)

    /// How long after its last edge a press may still wait to see what it becomes: `double-within`, and the
    /// debouncer's `quiet` (docs/site-file.md).
    static let gestureTakes = Duration.milliseconds(525)

    /// - Parameters:
    ///   - socket: the gateway's simulator-socket.
    ///   - tell: called on the residents' thread.
    init(socket: String, tell: @escaping @Sendable (Happening) -> Void) {
        self.socket = socket
        self.tell = tell
    }

    func start(_ courtyard: DemoCourtyard, perMinute: Int) {
        let points = courtyard.points
        DriverThread(named: "residents") { [self] in
            do {
                var schedule = Schedule(points, perMinute: perMinute, random: SystemRandomNumberGenerator())
                try run(&schedule)
                tell(.residentsRest)
            } catch {
                tell(.residentsFailed("\(error)"))
            }
        }.start()
    }

    /// Nobody presses any more; buttons that are held are let go in their time. `residentsRest` tells when.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        wakeUp.wake()
    }

    private func run(_ schedule: inout Schedule<SystemRandomNumberGenerator>) throws {
        var lines = try LinesClient(path: socket)
        var agenda = Agenda()
        var nextDeed = Moment.now + schedule.gap()
        while true {
            let isStopping = isStopping.load(ordering: .relaxed)
            if isStopping, agenda.isEmpty { return }
            if !isStopping, nextDeed <= .now {
                if let deed = schedule.deed(at: nextDeed) { agenda.add(deed, at: nextDeed) }
                nextDeed = nextDeed + schedule.gap()
            }
            while let entry = agenda.take(dueBy: .now) { try carryOut(entry, &lines) }
            let due = [agenda.next, isStopping ? nil : nextDeed].compactMap { $0 }.min()
            if let due { wait(until: due, wakeable: !isStopping) }
        }
    }

    private func carryOut(_ entry: Agenda.Entry, _ lines: inout LinesClient) throws {
        if let deed = entry.begins {
            let now = Moment.now
            let press = MadePress(
                point: deed.point, service: deed.service, begun: now, complete: now + deed.lasts + Self.gestureTakes,
                toldAtOnce: deed.toldAtOnce)
            tell(.pressed(press))
        }
        try lines.set(entry.point, entry.contact)
    }

    private func wait(until due: Moment, wakeable: Bool) {
        let nanoseconds = (due - .now).nanoseconds
        guard nanoseconds > 0 else { return }
        var entry = pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&entry, wakeable ? 1 : 0, Int32(min((nanoseconds + 999_999) / 1_000_000, 60_000)))
    }
}
