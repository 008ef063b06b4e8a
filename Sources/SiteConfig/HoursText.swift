import CallCore

/// Times of day as the site file has them: `06:30`, always five characters.
enum HoursText {
    /// Minutes after midnight; nil if `text` is no time from 00:00 to 23:59.
    static func minute(_ text: some StringProtocol) -> Int? {
        let bytes = Array(text.utf8)
        let digits = bytes.enumerated().filter { $0.offset != 2 }.map(\.element)
        guard bytes.count == 5, bytes[2] == 58, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
        let (hour, minute) = (
            Int(digits[0] - 48) * 10 + Int(digits[1] - 48), Int(digits[2] - 48) * 10 + Int(digits[3] - 48)
        )
        return hour < 24 && minute < 60 ? hour * 60 + minute : nil
    }

    /// One stretch, `06:30-10:00`; nil if it is none, or if nobody can say whether it means a whole day or nothing.
    static func stretch(_ text: Substring) -> OpeningHours.Stretch? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let from = minute(ends[0]), let end = ends[1] == "24:00" ? endOfDay : minute(ends[1]),
            from != end
        else { return nil }
        return OpeningHours.Stretch(from: from, to: end == 0 ? endOfDay : end)
    }

    /// Stretches with commas or spaces between them.
    static func hours(_ text: String) -> OpeningHours? {
        let isSeparator = { (character: Character) in character == "," || character == " " }
        let stretches = text.split(whereSeparator: isSeparator).map(stretch)
        guard (1...stretchLimit).contains(stretches.count), stretches.allSatisfy({ $0 != nil }) else { return nil }
        return OpeningHours(stretches.compactMap(\.self))
    }

    /// `03:30` for 210.
    static func write(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }

    /// The most stretches of one day.
    static let stretchLimit = 16
    private static let endOfDay = 1_440
}

extension Kind<OpeningHours> {
    static let hours = Kind(
        "1 to \(HoursText.stretchLimit) stretches of the day such as 06:30-10:00, 10:30-13:00 (22:00-06:00 goes over "
            + "midnight; 24:00 is the day's end)", read: HoursText.hours)
}

/// When the daily test is due.
enum DailyTest: Hashable {
    case off
    /// Minutes after local midnight.
    case at(Int)

    var minute: Int? {
        guard case .at(let minute) = self else { return nil }
        return minute
    }
}

extension Kind<DailyTest> {
    static let dailyTest = Kind("a time of day from 00:00 to 23:59, or off") { text in
        text == "off" ? DailyTest.off : HoursText.minute(text).map(DailyTest.at)
    }
}
