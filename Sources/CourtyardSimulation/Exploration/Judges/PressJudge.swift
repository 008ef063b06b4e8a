internal import CallCore
internal import Journal

/// Every press that the driver has seen is told, once, at its own time; and nothing is told that nobody pressed.
final class PressJudge: Judge {
    private struct Watched {
        let made: Hand.Made
        /// Told exactly once; nothing came between that could blur it.
        var isCertain: Bool
        var released: Moment?
        var told = 0
        /// By when it must have been told.
        var due: Moment
        /// Its time has come, and it was found told, or excused.
        var isJudged = false

        /// When the hand came to the button and left it, in the world's time: a button that is held down outlives boots.
        let touchedAt: Moment
        var leftAt: Moment?

        /// Whether it can be what is told.
        /// - Parameter world: `moment`, of the board's clock, in the world's time.
        func explains(_ moment: Moment, _ world: Moment) -> Bool {
            if isCertain { return made.first.contains(moment) }
            let slack = Duration.milliseconds(50)
            return world >= touchedAt - slack && world <= (leftAt ?? .init(nanoseconds: .max)) + slack
        }
    }

    private let court: Court
    private var watched: [PointID: [Watched]] = [:]
    private var nextDue: Moment?
    /// In the world's time.
    private var flickers: [PointID: ClosedRange<Moment>] = [:]
    /// Presses that could be refused, since the journal failed lately.
    private var failedAt: Moment?
    private(set) var presses = 0

    /// From the end of its bouncing to the turn that tells it, above its minimum width.
    private static let slack = Duration.milliseconds(5)
    /// A button that also means other things when held or pressed twice: until it is clear what was meant.
    private static let decidedAfter = Duration.milliseconds(3500)
    /// Presses so far apart have nothing to do with each other.
    private static let apart = Duration.seconds(12)

    init(_ court: Court) { self.court = court }

    private func point(_ id: PointID) -> CallPoint? { court.gateway.rules.points.first { $0.id == id } }

    /// The hand has begun a press.
    func began(_ made: Hand.Made, closing: Duration) {
        guard let point = point(made.point), point.gestures.press != .reset else { return }
        presses += 1
        let isDirect = point.gestures.press == .emergency
        let isHeard =
            point.isWired
            ? court.gateway.isHearing(made.point) && made.first.lowerBound == made.first.upperBound
            : made.heardWithin != nil
        let due = made.first.upperBound + closing + point.debounce.minimumWidth + Self.slack
        var list = (watched[made.point] ?? []).filter {
            !$0.isJudged || $0.told == 0 || made.first.lowerBound - $0.due < Self.apart
        }
        list.append(
            Watched(
                made: made, isCertain: isHeard, due: isDirect ? due : Moment(nanoseconds: .max),
                touchedAt: court.world.agenda.now))
        watched[made.point] = list
        plan()
    }

    func released(_ id: PointID, _ moment: Moment) {
        guard var list = watched[id], let last = list.indices.last else { return }
        list[last].released = moment
        list[last].leftAt = court.world.agenda.now
        if list[last].due.nanoseconds == .max { list[last].due = moment + Self.decidedAfter }
        watched[id] = list
        plan()
    }

    func flickers(_ id: PointID, _ range: ClosedRange<Moment>) { flickers[id] = range }

    /// Something came between: what is under way may be told more than once, or not at all.
    func blur(_ id: PointID? = nil) {
        for key in id.map({ [$0] }) ?? Array(watched.keys) {
            guard var list = watched[key] else { continue }
            for index in list.indices where list[index].told == 0 || list[index].released == nil {
                list[index].isCertain = false
            }
            watched[key] = list
        }
    }

    func started(_ contents: Journal.Contents?) { blur() }

    func ended() {
        blur()
        watched = watched.mapValues { $0.filter { $0.released == nil } }
        nextDue = nil
    }

    func refused() { failedAt = court.now }

    func told(_ action: Action) {
        // Presses are refused from one failed attempt to the last, however long nothing is attempted between.
        if case .clear(.journalFailing) = action { failedAt = court.now }
        guard case .append(let event) = action, event.type == .pressed else { return }
        let (id, moment) = (event.call.point, event.occurred.moment)
        guard event.occurred.boot == court.gateway.boot else {
            return court.complain(.label, "a press of \(id) bears the boot \(event.occurred.boot)")
        }
        let world = court.gateway.clock.world(at: moment)
        if let index = watched[id]?.lastIndex(where: { $0.explains(moment, world) }) {
            watched[id]![index].told += 1
            let one = watched[id]![index]
            if one.told > 1, one.isCertain, point(id)?.gestures.press == .emergency, event.service == .emergency {
                court.complain(
                    .pressDoubled, "\(id), pressed at \(moment.nanoseconds) ns, is told as \(one.told) presses")
            }
        } else if !(flickers[id]?.contains(world) ?? false) {
            court.complain(.pressInvented, "\(event.service) of \(id) at \(moment.nanoseconds) ns")
        }
    }

    func turned() {
        guard let nextDue, nextDue <= court.now else { return }
        for (id, list) in watched {
            var list = list
            for (index, one) in list.enumerated() where one.due <= court.now && !one.isJudged {
                if one.told == 0, one.isCertain { judge(id, one, after: index > 0 ? list[index - 1] : nil) }
                list[index].isJudged = true
            }
            list.removeAll { $0.isJudged && $0.released != nil && court.now - $0.due >= Self.apart }
            watched[id] = list.isEmpty ? nil : list
        }
        plan()
    }

    private func judge(_ id: PointID, _ one: Watched, after before: Watched?) {
        guard let point = point(id), !court.faults.contains(.rateLimited) else { return }
        if point.gestures.press != .emergency {
            // The second of two that mean something together; or one that a failing journal could not take.
            if let before, before.told > 0, one.made.first.lowerBound - before.made.first.lowerBound < Self.apart {
                return
            }
            if court.faults.contains(.journalFailing) { return }
            if let failedAt, one.made.first.lowerBound - failedAt < .seconds(60) { return }
        }
        court.complain(
            .pressLost, "\(id), first edge at \(one.made.first.lowerBound.nanoseconds) ns of \(one.made.boot)")
    }

    private func plan() {
        nextDue = watched.values.flatMap { $0 }.filter { !$0.isJudged }.map(\.due).min()
    }
}
