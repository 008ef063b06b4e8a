/// What is known of one call point: its contact, its gesture, and whether its line works.
struct PointWatch: Sendable {
    /// How long a supervising loop must stay open to be told: a clamp that is being touched isn't.
    static let loopOpenFor = Duration.seconds(1)

    /// The supervising loop of its wire, if it has one.
    private enum Loop: Hashable, Sendable {
        case whole
        case open(since: Moment, told: Bool)
        case troubled(LineTrouble)
    }

    private(set) var point: CallPoint
    /// Held down, or pressed three times in 10 s, its press is an emergency.
    private(set) var isUrgent: Bool
    private var debouncer: Debouncer
    private var gestures: Gestures
    private var repetition = Repetition()
    /// When the press that lasts now began.
    private var pressedSince: Moment?
    private var contact = PointCondition.waiting
    private var loop = Loop.whole
    /// Its transmitter, if it has one.
    private(set) var radio: RadioWatch? {
        get { kept.first }
        set { kept = newValue.map { [$0] } ?? [] }
    }
    /// Outside of the watch: those are copied in every turn, and most points have no transmitter.
    private var kept: [RadioWatch] = []
    /// When the condition began.
    private(set) var since: WallTime
    private(set) var lastPress: WallTime?

    init(_ point: CallPoint, isUrgent: Bool = false, earlier: TransmitterStates.Earlier? = nil, _ now: Now) {
        self.point = point
        self.isUrgent = isUrgent
        since = now.wall
        debouncer = Debouncer(point.debounce)
        gestures = Gestures(point.gestures(isUrgent))
        radio = point.radio.map {
            RadioWatch($0, point.gestures(isUrgent), at: now.moment, earlier: earlier)
        }
    }

    /// How the point is: what is wrong with its contact comes before what is wrong with its loop, and that before what
    /// is wrong with its transmitter.
    var condition: PointCondition {
        let wired = wiredCondition
        guard let radio else { return point.isWired ? wired : .notEnrolled }
        guard wired == .working || !point.isWired else { return wired }
        if radio.isDeaf { return .unheard }
        if radio.isMissing { return .silent }
        if radio.isStuck { return .stuck }
        return isRadioReady || point.isWired ? .working : .waiting
    }

    private var wiredCondition: PointCondition {
        guard contact == .working else { return contact }
        return switch loop {
        case .open(_, told: true): .wireOpen
        case .troubled(let trouble): .troubled(trouble)
        case .whole, .open: .working
        }
    }

    /// True once the receivers have told whether they work.
    private var isRadioReady = false

    /// True until the driver has said how the contact is, or the receivers how they are.
    var isWaiting: Bool { condition == .waiting }

    /// Gestures wait until the debouncer can have told all that happened before.
    private var lag: Duration { max(point.debounce.minimumWidth, point.debounce.quiet) }

    /// When `advance` has something to say.
    var deadline: Moment? {
        let wired = [debouncer.deadline, gestures.deadline.map { $0 + lag }, stuckAt, loopAt]
        return (wired + [radio?.deadline(stuckAfter: point.stuckAfter)]).compactMap { $0 }.min()
    }

    private var stuckAt: Moment? {
        contact == .stuck || contact == .wireOpen ? nil : pressedSince.map { $0 + point.stuckAfter }
    }

    private var loopAt: Moment? {
        guard case .open(let since, told: false) = loop else { return nil }
        return since + Self.loopOpenFor
    }

    var status: PointStatus {
        PointStatus(
            id: point.id, label: point.label, condition: condition, since: since, lastPress: lastPress,
            radio: radio.map {
                .init(
                    lastHeard: $0.lastHeard, reception: $0.reception, isBatteryLow: $0.isBatteryLow,
                    isTampered: $0.isTampered, isSupervised: $0.transmitter.device.supervision != nil)
            })
    }

    /// Takes a driver's report; tells the gestures that it completed.
    mutating func take(_ report: LineReport, now: Now) -> [Gestures.Gesture] {
        switch report {
        case .armed(_, let made, let at):
            become(.working, now)
            pressedSince = nil
            return gestures.abandon() + follow(debouncer.arm(made: made, at: at), now)
        case .edge(_, let made, let at): return follow(debouncer.edge(made: made, at: at), now)
        case .lost(_, let made, let at): return follow(debouncer.resume(made: made, at: at), now)
        case .trouble(_, let trouble, _):
            become(.troubled(trouble), now)
            pressedSince = nil
            debouncer = Debouncer(point.debounce)
            return gestures.abandon()
        }
    }

    /// Takes a receiver's report of its transmitter; tells the gestures that it completed.
    mutating func take(_ report: RadioReport, now: Now) -> [Gestures.Gesture] {
        guard radio != nil else { return [] }
        var told: [Gestures.Gesture] = []
        change(now) { watch in
            watch.isRadioReady = true
            let isUrgent = watch.isUrgent
            let heard = watch.radio?.take(report, isUrgent: isUrgent, now)
            if heard?.pressed ?? false { watch.lastPress = now.wall(at: report.at) }
            told = heard?.told ?? []
        }
        return told
    }

    /// What the journal has to be told of its transmitter, if anything.
    mutating func transmitterNews(_ now: Now) -> TransmitterState? {
        let id = point.id
        return radio?.news(of: id, now)
    }

    /// Takes in that a receiver is gone; tells the gestures that this ended.
    mutating func lost(_ receiver: ReceiverID, now: Now) -> [Gestures.Gesture] {
        var told: [Gestures.Gesture] = []
        change(now) { watch in told = watch.radio?.lost(receiver, at: now.moment) ?? [] }
        return told
    }

    /// Takes in that receivers work, or that none does; tells the gestures that this ended.
    mutating func receivers(hear: Bool, now: Now) -> [Gestures.Gesture] {
        guard radio != nil else { return [] }
        var told: [Gestures.Gesture] = []
        change(now) { watch in
            watch.isRadioReady = true
            told = watch.radio?.receivers(hear: hear, at: now.moment) ?? []
        }
        return told
    }

    /// Takes a driver's report of the loop that supervises the wire.
    mutating func takeLoop(_ report: LineReport, now: Now) {
        guard point.hasLoop else { return }
        switch report {
        case .armed(_, let made, let at), .edge(_, let made, let at), .lost(_, let made, let at):
            if made {
                change(now) { $0.loop = .whole }
            } else if case .open = loop {
                break
            } else {
                change(now) { $0.loop = .open(since: at, told: false) }
            }
        case .trouble(_, let trouble, _): change(now) { $0.loop = .troubled(trouble) }
        }
    }

    /// Time has passed; tells the gestures that this completed.
    mutating func advance(_ now: Now) -> [Gestures.Gesture] {
        let outcomes = debouncer.advance(to: now.moment)
        var told = follow(outcomes, now) + gestures.advance(to: now.moment - lag)
        if radio != nil {
            let after = point.stuckAfter
            change(now) { watch in told += watch.radio?.advance(now.moment, stuckAfter: after) ?? [] }
        }
        if let stuckAt, stuckAt <= now.moment { become(point.isNormallyClosed ? .wireOpen : .stuck, now) }
        if let loopAt, loopAt <= now.moment, case .open(let since, _) = loop {
            change(now) { $0.loop = .open(since: since, told: true) }
        }
        return told
    }

    /// The same contact under changed settings: a press that lasts goes on lasting.
    func changed(to point: CallPoint, isUrgent: Bool, _ now: Now) -> PointWatch {
        var watch = self
        if let transmitter = point.radio, radio?.transmitter.identity == transmitter.identity {
            watch.radio?.change(to: point.gestures(isUrgent), transmitter)
        } else {
            watch.radio = point.radio.map { RadioWatch($0, point.gestures(isUrgent), at: now.moment, earlier: nil) }
        }
        watch.point = point
        watch.isUrgent = isUrgent
        watch.debouncer.settings = point.debounce
        watch.gestures.settings = point.gestures(isUrgent)
        if !point.hasLoop { watch.loop = .whole }
        return watch
    }

    private mutating func follow(_ outcomes: [Debouncer.Outcome], _ now: Now) -> [Gestures.Gesture] {
        outcomes.flatMap { outcome in
            switch outcome {
            case .pressed(let at):
                pressedSince = at
                lastPress = now.wall(at: at)
                let isThird = isUrgent && repetition.pressed(at: at)
                return gestures.pressed(at: at) + (isThird ? [.init(service: .emergency, at: at)] : [])
            case .released(let at):
                pressedSince = nil
                if contact == .stuck || contact == .wireOpen { become(.working, now) }
                return gestures.released(at: at)
            }
        }
    }

    private mutating func become(_ contact: PointCondition, _ now: Now) { change(now) { $0.contact = contact } }

    private mutating func change(_ now: Now, _ body: (inout PointWatch) -> Void) {
        let before = condition
        body(&self)
        if condition != before { since = now.wall }
    }
}

extension CallPoint {
    /// What its gestures ask for; holding an urgent button asks for help too, unless it asks for something else.
    fileprivate func gestures(_ isUrgent: Bool) -> Gestures.Settings {
        var settings = gestures
        if isUrgent { settings.heldToo = .emergency }
        return settings
    }
}

/// Whether a call point can be heard.
public enum PointCondition: Hashable, Sendable {
    /// Its driver has not reported yet.
    case waiting
    case working
    /// Made for longer than `CallPoint.stuckAfter`.
    case stuck
    /// Its wire is cut: a normally closed contact stays open, or the loop that supervises the wire is.
    case wireOpen
    case troubled(LineTrouble)
    /// It has no wire, and no transmitter yet.
    case notEnrolled
    /// It is a transmitter, and no receiver works.
    case unheard
    /// It is a transmitter that should have told by itself that it is there, and hasn't.
    case silent
}

/// A call point's supervision, as displays are told.
public struct PointStatus: Hashable, Sendable {
    public let id: PointID
    public let label: String
    public let condition: PointCondition
    /// When the condition began.
    public let since: WallTime
    public let lastPress: WallTime?
    /// What is known of its transmitter; nil for a point without one.
    public let radio: Radio?

    /// A transmitter's supervision.
    public struct Radio: Hashable, Sendable {
        /// When anything of it was heard last; nil: never yet.
        public let lastHeard: WallTime?
        /// Who heard it then, and how.
        public let reception: Reception?
        public let isBatteryLow: Bool
        public let isTampered: Bool
        /// False for one that speaks only when it is pressed: nobody knows whether it still works.
        public let isSupervised: Bool
    }
}
