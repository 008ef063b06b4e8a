/// What is known of one call point: its contact, its gesture, and whether its line works.
struct PointWatch: Sendable {
    let point: CallPoint
    private var debouncer: Debouncer
    private var gestures: Gestures
    /// When the press that lasts now began.
    private var pressedSince: Moment?
    private(set) var condition = PointCondition.waiting
    /// When the condition began.
    private(set) var since: WallTime
    private(set) var lastPress: WallTime?

    init(_ point: CallPoint, since: WallTime) {
        self.point = point
        self.since = since
        debouncer = Debouncer(point.debounce)
        gestures = Gestures(point.gestures)
    }

    /// Gestures wait until the debouncer can have told all that happened before.
    private var lag: Duration { max(point.debounce.minimumWidth, point.debounce.quiet) }

    /// When `advance` has something to say.
    var deadline: Moment? {
        [debouncer.deadline, gestures.deadline.map { $0 + lag }, stuckAt].compactMap { $0 }.min()
    }

    private var stuckAt: Moment? {
        condition == .stuck ? nil : pressedSince.map { $0 + point.stuckAfter }
    }

    var status: PointStatus {
        PointStatus(id: point.id, label: point.label, condition: condition, since: since, lastPress: lastPress)
    }

    /// Takes a driver's report; tells the gestures that it completed.
    mutating func take(_ report: LineReport, now: Now) -> [Gestures.Gesture] {
        switch report {
        case .armed(_, let made, let at):
            become(.working, now)
            pressedSince = nil
            gestures = Gestures(point.gestures)
            return follow(debouncer.arm(made: made, at: at), now)
        case .edge(_, let made, let at): return follow(debouncer.edge(made: made, at: at), now)
        case .lost(_, let made, let at): return follow(debouncer.resume(made: made, at: at), now)
        case .trouble(_, let trouble, _):
            become(.troubled(trouble), now)
            pressedSince = nil
            debouncer = Debouncer(point.debounce)
            return []
        }
    }

    /// Time has passed; tells the gestures that this completed.
    mutating func advance(_ now: Now) -> [Gestures.Gesture] {
        let outcomes = debouncer.advance(to: now.moment)
        let told = follow(outcomes, now) + gestures.advance(to: now.moment - lag)
        if let stuckAt, stuckAt <= now.moment { become(.stuck, now) }
        return told
    }

    /// Carries its memory over to changed settings of the same point.
    func changed(to point: CallPoint) -> PointWatch {
        var watch = PointWatch(point, since: since)
        watch.condition = condition
        watch.lastPress = lastPress
        return watch
    }

    private mutating func follow(_ outcomes: [Debouncer.Outcome], _ now: Now) -> [Gestures.Gesture] {
        outcomes.flatMap { outcome in
            switch outcome {
            case .pressed(let at):
                pressedSince = at
                lastPress = now.wall(at: at)
                return gestures.pressed(at: at)
            case .released(let at):
                pressedSince = nil
                if condition == .stuck { become(.working, now) }
                return gestures.released(at: at)
            }
        }
    }

    private mutating func become(_ condition: PointCondition, _ now: Now) {
        guard condition != self.condition else { return }
        self.condition = condition
        since = now.wall
    }
}

/// Whether a call point can be heard.
public enum PointCondition: Hashable, Sendable {
    /// Its driver has not reported yet.
    case waiting
    case working
    /// Made for longer than `CallPoint.stuckAfter`.
    case stuck
    case troubled(LineTrouble)
}

/// A call point's supervision, as displays are told.
public struct PointStatus: Hashable, Sendable {
    public let id: PointID
    public let label: String
    public let condition: PointCondition
    /// When the condition began.
    public let since: WallTime
    public let lastPress: WallTime?
}
