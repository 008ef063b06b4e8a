/// Notices when somebody sets the wall clock. It decides nothing; it lets labels be corrected and the fault be told.
struct WallClock: Sendable {
    /// Smaller corrections are not worth a new revision of every open call.
    static let leastStep = Duration.seconds(1)
    /// A clock that is being slewed runs at most so much too fast or slow (Linux `include/linux/timex.h`, MAXFREQ: 500
    /// ppm), twice for safety.
    static let slew = 0.001

    private var last: (moment: Moment, offsetMs: Int64, wasSynchronized: Bool)?

    /// What became of the clock since the last look.
    struct Change {
        /// How far it was set; zero if it wasn't.
        var stepMs: Int64 = 0
        /// It is right now, and wasn't.
        var becameRight = false
        /// It was right before, so nobody expected a step.
        var wasRight = false
    }

    /// Looks at both clocks; nil if nothing happened. The first look is news.
    mutating func look(_ now: Now) -> Change? {
        let offset = now.wall.milliseconds - now.moment.nanoseconds / 1_000_000
        defer { last = (now.moment, offset, now.quality.synchronized) }
        // Calls that a journal of this boot holds may have been raised before the clock was set.
        guard let last else { return Change(becameRight: now.quality.synchronized) }
        let allowed = Self.leastStep.milliseconds + Int64(Double((now.moment - last.moment).milliseconds) * Self.slew)
        var change = Change(becameRight: now.quality.synchronized && !last.wasSynchronized)
        change.wasRight = last.wasSynchronized
        if abs(offset - last.offsetMs) >= allowed { change.stepMs = offset - last.offsetMs }
        return change.becameRight || change.stepMs != 0 ? change : nil
    }
}

extension Call {
    /// The call with its times as the clock shows them now, if it was raised in this boot while the clock was not right;
    /// nil if there is nothing to correct.
    func corrected(by now: Now, boot: String) -> Call? {
        guard raised.boot == boot, !raised.quality.synchronized else { return nil }
        let shift = now.wall(at: raised.moment).milliseconds - raised.wall.milliseconds
        guard abs(shift) >= WallClock.leastStep.milliseconds || now.quality.synchronized else { return nil }
        var call = self
        func moved(_ wall: WallTime) -> WallTime { WallTime(milliseconds: wall.milliseconds + shift) }
        func moved(_ stamp: Stamp) -> Stamp {
            guard stamp.boot == boot else { return stamp }
            return Stamp(boot: boot, moment: stamp.moment, wall: moved(stamp.wall), quality: now.quality)
        }
        call.raised = moved(raised)
        call.waitingSince = moved(waitingSince)
        call.times = times.mapValues(moved)
        call.pressTimes = pressTimes.map(moved)
        call.revision += 1
        return call
    }
}
