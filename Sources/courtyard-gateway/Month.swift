internal import CallCore
internal import Glibc

/// A month of the board's own calendar: in the time zone of `$TZ` or /etc/localtime.
struct Month: Hashable {
    /// 2000 to 2999.
    let year: Int
    /// 1 to 12.
    let number: Int

    /// Reads `2026-11`.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        let digits = bytes.enumerated().allSatisfy { $0 == 4 ? $1 == UInt8(ascii: "-") : (48...57).contains($1) }
        guard bytes.count == 7, digits, bytes[0] == UInt8(ascii: "2"),
            let year = Int(String(decoding: bytes[..<4], as: UTF8.self)),
            let number = Int(String(decoding: bytes[5...], as: UTF8.self)), (1...12).contains(number)
        else { return nil }
        self.year = year
        self.number = number
    }

    /// The month that `wall` lies in.
    init(of wall: WallTime) {
        let local = CalendarTime(wall)
        year = local.year
        number = local.month
    }

    /// From its first midnight to that of the next month.
    var period: Range<WallTime> {
        let next = number == 12 ? (year + 1, 1) : (year, number + 1)
        return Self.midnight(year, number)..<Self.midnight(next.0, next.1)
    }

    private static func midnight(_ year: Int, _ month: Int) -> WallTime {
        var first = tm()
        first.tm_year = Int32(year - 1900)
        first.tm_mon = Int32(month - 1)
        first.tm_mday = 1
        first.tm_isdst = -1  // mktime(3): to be found out
        return WallTime(milliseconds: Int64(mktime(&first)) * 1000)
    }

    /// `November 2026`.
    var name: String { "\(Self.names[number - 1]) \(year)" }

    /// `2026-11`.
    var text: String { "\(year)-\(twoDigits(number))" }

    private static let names = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}

/// A moment by the board's own calendar and clock.
struct CalendarTime {
    let year: Int
    let month: Int
    private let local: tm

    init(_ wall: WallTime) {
        var seconds = time_t(wall.milliseconds / 1000)
        var local = tm()
        tzset()  // localtime_r(3) needn't do it
        localtime_r(&seconds, &local)
        self.local = local
        year = Int(local.tm_year) + 1900
        month = Int(local.tm_mon) + 1
    }

    /// `2026-11-24`.
    var day: String { "\(year)-\(twoDigits(month))-\(twoDigits(Int(local.tm_mday)))" }

    /// `2026-11-24 08:15`.
    var minute: String { "\(day) \(twoDigits(Int(local.tm_hour))):\(twoDigits(Int(local.tm_min)))" }

    /// How far it is ahead of UTC: `UTC+08:00`.
    var offset: String {
        let minutes = abs(Int(local.tm_gmtoff)) / 60
        return "UTC\(local.tm_gmtoff < 0 ? "-" : "+")\(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))"
    }
}

/// 0 to 99 with a zero in front where one is missing.
func twoDigits(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
