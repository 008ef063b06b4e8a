/// One place a resident can call from, as the site file describes it: who it is, how its contact behaves, and what
/// its gestures ask for. Where its line is found is the driver's business (`LineAddress`).
/// It has a contact, a transmitter, or both.
public struct CallPoint: Hashable, Sendable {
    public let id: PointID
    /// Where it is, in words that duty staff read: `3号楼2单元401 床头`.
    public let label: String
    /// How its contact is debounced.
    public var debounce: Debouncer.Settings
    /// What its gestures ask for.
    public var gestures: Gestures.Settings
    /// A contact made for longer than this is a fault: a jammed button or a shorted wire. Default 5 minutes.
    public var stuckAfter: Duration
    /// True if its contact is closed at rest and pressing opens it: a cut wire then calls, and stays as `wire-open`.
    /// The driver inverts the level; "made" still means pressed.
    public var isNormallyClosed = false
    /// False if it has no contact of its own, only a transmitter.
    public var isWired = true
    /// Its transmitter, if it has one.
    public var radio: RadioTransmitter?
    /// True if a second line supervises its wire: made while the wire is whole (`PointID.loop`).
    public var hasLoop = false
    /// Whose calls its `reset` gesture resolves: ids, or beginnings of ids followed by `*`. Empty: its own.
    public var resets: [String] = []

    public init(
        id: PointID, label: String, debounce: Debouncer.Settings = .init(), gestures: Gestures.Settings = .init(),
        stuckAfter: Duration = .seconds(300)
    ) {
        self.id = id
        self.label = label
        self.debounce = debounce
        self.gestures = gestures
        self.stuckAfter = stuckAfter
    }
}
