internal import Glibc
internal import Synchronization

/// How far the board's local time is ahead of UTC: its time zone is that of TZ or, without it, of /etc/localtime
/// (tzset(3)); UTC where there is neither.
///
/// Asked for with every reading of the clock, so it is remembered for the running minute. That is also how soon a step
/// to or from summer time, and another zone in /etc/localtime (`timedatectl set-timezone`), are noticed.
final class LocalTime: Sendable {
    /// The zone belongs to the process, and so does what is remembered of it.
    static let board = LocalTime()

    private let remembered = Mutex<(minute: Int, offset: Duration)?>(nil)

    /// - Parameter unixSeconds: since 1970-01-01 UTC.
    func offset(at unixSeconds: Int) -> Duration {
        // Whole minutes, also before 1970: a board without a clock may stand there.
        let minute = unixSeconds >= 0 ? unixSeconds / 60 : (unixSeconds - 59) / 60
        return remembered.withLock { remembered in
            if let remembered, remembered.minute == minute { return remembered.offset }
            let offset = Self.read(unixSeconds)
            remembered = (minute, offset)
            return offset
        }
    }

    private static func read(_ unixSeconds: Int) -> Duration {
        // localtime_r(3) need not look at the zone again; glibc's tzset looks whether the file is another.
        tzset()
        var seconds = time_t(unixSeconds)
        var fields = tm()
        // SAFETY: both are ours; localtime_r keeps neither.
        guard localtime_r(&seconds, &fields) != nil else { return .zero }
        return .seconds(fields.tm_gmtoff)
    }
}
