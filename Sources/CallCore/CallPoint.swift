/// One place a resident can call from, as the site file describes it: who it is, how its contact behaves, and what
/// its gestures ask for. Where its line is found is the driver's business (`LineAddress`).
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

/// What a press can ask for.
public struct Service: Hashable, Sendable {
    public let id: ServiceID
    /// 1 is the most urgent; 9 the least. Lower goes out first.
    public let priority: Int

    public init(id: ServiceID, priority: Int) {
        self.id = id
        self.priority = priority
    }

    /// The largest number a priority can have: the least urgent.
    public static let leastPriority = 9

    /// What every site has unless it says otherwise.
    public static let defaults = [
        Service(id: .emergency, priority: 1), Service(id: .meal, priority: 3), Service(id: .errand, priority: 3),
    ]
}
