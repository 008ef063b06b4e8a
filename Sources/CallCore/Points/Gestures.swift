/// Tells a press from a hold and from a double press.
public struct Gestures: Hashable, Sendable {
    /// What one point's gestures ask for.
    public struct Settings: Hashable, Sendable {
        /// What a press asks for.
        public var press: ServiceID
        /// What holding the button asks for, if that is something else.
        public var hold: ServiceID?
        /// What holding it asks for besides the press, which is told at once, if `hold` is nothing of its own.
        public var heldToo: ServiceID?
        /// What pressing twice asks for, if that is something else.
        public var double: ServiceID?
        /// How long the button must be held down to be a hold. Default 2 s.
        public var holdAfter: Duration
        /// How soon after its release the second press must follow. Default 500 ms.
        public var doubleWithin: Duration

        public init(
            press: ServiceID = .emergency, hold: ServiceID? = nil, double: ServiceID? = nil,
            holdAfter: Duration = .seconds(2), doubleWithin: Duration = .milliseconds(500)
        ) {
            self.press = press
            self.hold = hold
            self.double = double
            self.holdAfter = holdAfter
            self.doubleWithin = doubleWithin
        }
    }

    /// A gesture that was recognised: what it asks for, and when it began.
    public struct Gesture: Hashable, Sendable {
        public let service: ServiceID
        public let at: Moment
        /// Who heard it, if it came over the air.
        public internal(set) var reception: Reception?
    }

    private enum Phase: Hashable, Sendable {
        case idle
        /// Held down; `told` if the press itself has been told already.
        case down(since: Moment, told: Bool)
        /// Released, and waiting for a second press.
        case between(first: Moment, released: Moment, told: Bool)
        /// Nothing more can come of it until the button is released.
        case spent
    }

    /// May change while the button is down: what comes next is judged by the new ones.
    public var settings: Settings
    private var phase = Phase.idle

    public init(_ settings: Settings) { self.settings = settings }

    /// An emergency never waits to see whether it becomes something else; nor does a press that can't.
    private var tellsPressAtOnce: Bool {
        settings.press == .emergency || (settings.hold == nil && settings.double == nil)
    }

    private var held: ServiceID? { settings.hold ?? settings.heldToo }

    /// When `advance` has something to say, if nothing happens before.
    public var deadline: Moment? {
        switch phase {
        case .idle, .spent: nil
        case .down(let since, _): held == nil ? nil : since + settings.holdAfter
        case .between(_, let released, _): released + settings.doubleWithin
        }
    }

    /// The button was pressed, at its first edge.
    public mutating func pressed(at moment: Moment) -> [Gesture] {
        var told = advance(to: moment)
        if case .between(let first, _, let toldAlready) = phase, let double = settings.double {
            if toldAlready { told.append(Gesture(service: settings.press, at: moment)) }
            told.append(Gesture(service: double, at: toldAlready ? moment : first))
            phase = .spent
        } else {
            if case .between(let first, _, told: false) = phase {  // no double press any more, since a reload
                told.append(Gesture(service: settings.press, at: first))
            }
            if tellsPressAtOnce { told.append(Gesture(service: settings.press, at: moment)) }
            phase = .down(since: moment, told: tellsPressAtOnce)
        }
        return told
    }

    /// The button was released.
    public mutating func released(at moment: Moment) -> [Gesture] {
        var told = advance(to: moment)
        switch phase {
        case .down(let since, let toldAlready) where settings.double != nil:
            phase = .between(first: since, released: moment, told: toldAlready)
        case .down(let since, told: false):
            told.append(Gesture(service: settings.press, at: since))
            phase = .idle
        case .down, .spent: phase = .idle
        case .idle, .between: break
        }
        return told
    }

    /// The contact is not watched any more: a press that waited to become something else is a press.
    mutating func abandon() -> [Gesture] {
        defer { phase = .idle }
        switch phase {
        case .down(let first, told: false), .between(let first, _, told: false):
            return [Gesture(service: settings.press, at: first)]
        case .idle, .down, .between, .spent: return []
        }
    }

    /// Time has passed.
    public mutating func advance(to moment: Moment) -> [Gesture] {
        guard let deadline, deadline <= moment else { return [] }
        switch phase {
        case .down(let since, _):
            phase = .spent
            return held.map { [Gesture(service: $0, at: since)] } ?? []
        case .between(let first, _, let told):
            phase = .idle
            return told ? [] : [Gesture(service: settings.press, at: first)]
        case .idle, .spent: preconditionFailure("a button at rest has no deadline")
        }
    }
}
