public import CallCore

/// The supervision of one call point.
public struct PointMessage: Codable, Hashable, Sendable {
    public var point: String
    public var label: String
    /// `ok`, `waiting` (its driver has not reported yet), `stuck`, `wire-open`, `missing`, `renamed`, `busy`, `refused`,
    /// `unheard`, `silent` or `not-enrolled`.
    public var state: String
    public var since: WallTime
    /// What is wrong with it; null when nothing is.
    @OrNull public var what: String?
    /// Only there for a point with a transmitter.
    public var radio: Radio?

    /// What is known of a point's transmitter.
    public struct Radio: Codable, Hashable, Sendable {
        /// When it was heard last; null: never yet.
        @OrNull public var lastHeard: WallTime?
        /// Which receiver heard it then, and how strongly, in dB as that receiver counts them; null where it can't say.
        @OrNull public var receiver: String?
        @OrNull public var level: Double?
        /// True if it says that its battery runs out; many never say.
        public var batteryLow: Bool
        /// True if it was opened or taken off the wall.
        public var tampered: Bool
        /// False: it speaks only when it is pressed, and nobody knows whether it still works.
        public var supervised: Bool
    }

    public init(_ status: PointStatus) {
        point = status.id.text
        label = status.label
        since = status.since
        radio = status.radio.map { radio in
            Radio(
                lastHeard: radio.lastHeard, receiver: radio.reception?.receiver.text,
                level: radio.reception?.decibels, batteryLow: radio.isBatteryLow,
                tampered: radio.isTampered, supervised: radio.isSupervised)
        }
        switch status.condition {
        case .waiting: (state, what) = ("waiting", nil)
        case .working: (state, what) = ("ok", nil)
        case .stuck: (state, what) = ("stuck", "its contact has been made for too long")
        case .wireOpen: (state, what) = ("wire-open", "its wire is cut or a clamp is loose")
        case .notEnrolled: (state, what) = ("not-enrolled", "no transmitter is enrolled for it yet")
        case .unheard: (state, what) = ("unheard", "no radio receiver works")
        case .silent: (state, what) = ("silent", "it should have told that it is there, and hasn't")
        case .troubled(let trouble):
            what = trouble.what
            switch trouble {
            case .missing: state = "missing"
            case .renamed: state = "renamed"
            case .busy: state = "busy"
            case .refused: state = "refused"
            }
        }
    }
}
