/// When a service can be asked for, by the site's local time: the same every day.
public struct OpeningHours: Hashable, Sendable {
    /// One stretch of the day, in minutes since midnight, the end excluded; one that ends before it begins goes over
    /// midnight.
    public struct Stretch: Hashable, Sendable {
        /// 0 to 1,439.
        public let from: Int
        /// 1 to 1,440.
        public let to: Int

        public init(from: Int, to: Int) {
            self.from = from
            self.to = to
        }

        func contains(_ minute: Int) -> Bool {
            from < to ? (from..<to).contains(minute) : minute >= from || minute < to
        }
    }

    /// At least one.
    public let stretches: [Stretch]

    public init(_ stretches: [Stretch]) { self.stretches = stretches }

    /// How long until they are open: zero while they are. A clock that nobody has set closes nothing.
    public func wait(at wall: WallTime, utcOffset: Duration, quality: ClockQuality) -> Duration {
        guard quality.synchronized else { return .zero }
        let dayMs: Int64 = 86_400_000
        let local = wall.milliseconds + utcOffset.milliseconds
        let ofDay = ((local % dayMs) + dayMs) % dayMs
        if stretches.contains(where: { $0.contains(Int(ofDay / 60_000)) }) { return .zero }
        let waits = stretches.map { (Int64($0.from) * 60_000 - ofDay + dayMs) % dayMs }
        return .milliseconds(waits.min() ?? 0)
    }
}
