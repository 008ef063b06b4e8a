/// A point on the kernel's monotonic clock (`CLOCK_MONOTONIC`, clock_gettime(2)), in nanoseconds since boot.
///
/// GPIO edges carry it from the kernel (Linux `include/uapi/linux/gpio.h`, `gpio_v2_line_event.timestamp_ns`). Every
/// decision is made on it; it never steps. It means nothing in another boot.
public struct Moment: Hashable, Comparable, Sendable {
    /// Nanoseconds since the machine booted.
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static func < (a: Moment, b: Moment) -> Bool { a.nanoseconds < b.nanoseconds }
    // What is too far away stays at the end of the scale: a record may carry any number.
    public static func + (moment: Moment, span: Duration) -> Moment {
        let (sum, overflows) = moment.nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Moment(nanoseconds: overflows ? (span < .zero ? .min : .max) : sum)
    }
    public static func - (moment: Moment, span: Duration) -> Moment {
        Moment(nanoseconds: difference(moment.nanoseconds, span.nanoseconds))
    }
    public static func - (a: Moment, b: Moment) -> Duration { .nanoseconds(difference(a.nanoseconds, b.nanoseconds)) }

    private static func difference(_ a: Int64, _ b: Int64) -> Int64 {
        let (difference, overflows) = a.subtractingReportingOverflow(b)
        return overflows ? (a < b ? .min : .max) : difference
    }
}

extension Duration {
    /// Whole nanoseconds, rounded towards zero; 292 years, the end of the scale, for anything longer.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowsToo) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflows || overflowsToo ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole milliseconds, rounded towards zero.
    public var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

/// The wall clock: milliseconds since 1970-01-01 UTC. A label for people, never a reason for a decision.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (a: WallTime, b: WallTime) -> Bool { a.milliseconds < b.milliseconds }
}

/// How far the wall clock is to be believed, as the kernel tells it (adjtimex(2)).
public struct ClockQuality: Hashable, Sendable {
    /// False while the kernel's `STA_UNSYNC` is set: nobody has set this clock since boot.
    public let synchronized: Bool
    /// The kernel's own bound on the error (`maxerror`), in milliseconds.
    public let uncertaintyMs: Int

    public init(synchronized: Bool, uncertaintyMs: Int) {
        self.synchronized = synchronized
        self.uncertaintyMs = uncertaintyMs
    }
}

/// Both clocks, read together: what the core is told with every input.
public struct Now: Sendable {
    /// The monotonic clock, on which decisions are made.
    public let moment: Moment
    /// The wall clock at that moment.
    public let wall: WallTime
    /// How good the wall clock is.
    public let quality: ClockQuality
    /// How far the site's local time is ahead of UTC now: opening hours and the daily test go by it.
    public let utcOffset: Duration

    public init(moment: Moment, wall: WallTime, quality: ClockQuality, utcOffset: Duration = .zero) {
        self.moment = moment
        self.wall = wall
        self.quality = quality
        self.utcOffset = utcOffset
    }

    /// When something that happened at `past`, in this boot, happened by the wall clock as it stands now.
    public func wall(at past: Moment) -> WallTime {
        WallTime(milliseconds: wall.milliseconds - (moment - past).milliseconds)
    }
}

/// When something happened: on both clocks, in which boot, and how good the wall clock was.
public struct Stamp: Hashable, Sendable {
    /// The kernel's boot id (`/proc/sys/kernel/random/boot_id`): `moment` orders stamps of one boot only.
    public let boot: String
    public let moment: Moment
    public let wall: WallTime
    public let quality: ClockQuality

    public init(boot: String, moment: Moment, wall: WallTime, quality: ClockQuality) {
        self.boot = boot
        self.moment = moment
        self.wall = wall
        self.quality = quality
    }
}
