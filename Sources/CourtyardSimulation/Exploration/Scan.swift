/// Looks for single fields in the project's own JSON without reading all of it: a season has a million messages.
enum Scan {
    /// What follows `mark` up to the next quotation mark.
    static func text(after mark: StaticString, in json: [UInt8]) -> String? {
        guard let start = end(of: mark, in: json), let end = json[start...].firstIndex(of: UInt8(ascii: "\"")) else {
            return nil
        }
        return String(decoding: json[start..<end], as: UTF8.self)
    }

    /// The whole number that follows `mark`.
    static func number(after mark: StaticString, in json: [UInt8]) -> UInt64? {
        guard let start = end(of: mark, in: json) else { return nil }
        let digits = json[start...].prefix { $0 >= 48 && $0 <= 57 }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }

    static func contains(_ mark: StaticString, in json: [UInt8]) -> Bool { end(of: mark, in: json) != nil }

    /// FNV-1a (RFC 9923) of everything but `late` and `ageMs`, which tell when a message left.
    static func contentHash(of json: [UInt8]) -> UInt64 {
        let cut = end(of: "\"late\":", in: json).map { start in
            start..<(json[start...].firstIndex(of: UInt8(ascii: "}")) ?? json.count)
        }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for (index, byte) in json.enumerated() where cut?.contains(index) != true {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return hash
    }

    private static func end(of mark: StaticString, in json: [UInt8]) -> Int? {
        let (length, start) = (mark.utf8CodeUnitCount, mark.utf8Start)
        return json.withUnsafeBufferPointer { bytes in
            guard bytes.count >= length else { return nil }
            for index in 0...(bytes.count - length) where bytes[index] == start[0] {
                var matched = 1
                while matched < length, bytes[index + matched] == start[matched] { matched += 1 }
                if matched == length { return index + length }
            }
            return nil
        }
    }
}
