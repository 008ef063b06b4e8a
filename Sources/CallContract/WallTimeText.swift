public import CallCore

extension WallTime: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-08-24T03:14:15.926Z`.
    public var description: String {
        let (days, inDay) = milliseconds.quotientAndFloorRemainder(dividingBy: 86_400_000)
        let (year, month, day) = Self.civil(daysSince1970: days)
        let seconds = inDay / 1000
        let numbers = [month, day, seconds / 3600, seconds / 60 % 60, seconds % 60, inDay % 1000]
        return Self.padded(year)
            + String(unsafeUninitializedCapacity: 20) { text in
                var end = 0
                for (mark, number) in zip("--T::.".utf8, numbers) {
                    text[end] = mark
                    let width = mark == UInt8(ascii: ".") ? 3 : 2
                    var left = number
                    for place in stride(from: end + width, to: end, by: -1) {
                        text[place] = UInt8(ascii: "0") + UInt8(left % 10)
                        left /= 10
                    }
                    end += 1 + width
                }
                text[end] = UInt8(ascii: "Z")
                return end + 1
            }
    }

    /// Reads RFC 3339 in UTC (`Z`), with or without a fraction of a second; nil for anything else.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 30, bytes.last == UInt8(ascii: "Z"),
            zip([4, 7, 10, 13, 16], "--T::".utf8).allSatisfy({ bytes[$0] == $1 })
        else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            bytes[range].reduce(Int64?(0)) { sum, byte in
                (48...57).contains(byte) ? sum.map { $0 * 10 + Int64(byte - 48) } : nil
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), (1...12).contains(month),
            (1...31).contains(day), let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19), hour < 24, minute < 60, second < 61
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 20 {
            guard bytes[19] == UInt8(ascii: "."), bytes.count > 21 else { return nil }
            let digits = bytes[20..<(bytes.count - 1)].prefix(3)
            guard digits.allSatisfy({ (48...57).contains($0) }), let value = number(20..<(20 + digits.count)) else {
                return nil
            }
            fraction = value * [100, 10, 1][digits.count - 1]
        }
        let days = Self.days(year: year, month: month, day: day)
        self.init(milliseconds: ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction)
    }

    /// The proleptic Gregorian date, counted in 400-year eras that begin on the first of March.
    private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).quotientAndFloorRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).quotientAndFloorRemainder(dividingBy: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func padded(_ year: Int64) -> String {
        let digits = String(year)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}

extension WallTime: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try String(from: decoder)
        guard let time = WallTime(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not a time in RFC 3339 UTC: \(text)"))
        }
        self = time
    }

    public func encode(to encoder: any Encoder) throws { try description.encode(to: encoder) }
}

extension Int64 {
    /// Division that rounds down, and the remainder that is never negative.
    fileprivate func quotientAndFloorRemainder(dividingBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
