/// A file's bytes, found to be text: UTF-8 without a byte order mark, without bytes that no text has.
package struct TextFile {
    /// As messages call it.
    package let name: String
    /// Without a byte order mark.
    package let bytes: [UInt8]
    package let format: Format

    /// What a file is, and the words for its remedies.
    package enum Format {
        /// A site file, its points, or a simulator's scenario.
        case yaml, csv, scenario

        /// The most bytes it may have. A thousand points are 150 KB of YAML or 60 KB of CSV.
        package var limit: Int { self == .csv ? 4 << 20 : 1 << 20 }

        var noun: String {
            switch self {
            case .yaml: "a YAML site file"
            case .csv: "a CSV file of points"
            case .scenario: "a YAML scenario file"
            }
        }

        /// The page that says what stands in it.
        var page: String { self == .scenario ? "simulator/scenarios/README.md" : "docs/site-file.md" }

        var remedy: String {
            switch self {
            case .yaml, .scenario: "text in UTF-8 (save it again with the encoding UTF-8)"
            case .csv: "text in UTF-8 (in Excel or WPS: Save As, type \"CSV UTF-8\"; CSV UTF-8(逗号分隔))"
            }
        }
    }

    /// The text of `content`, or nil after saying why it is none.
    package init?(_ content: [UInt8], name: String, format: Format, problems: ProblemList) {
        problems.opened(name)
        self.name = name
        self.format = format
        guard content.count <= format.limit else {
            let trouble = FileTrouble.tooLarge(size: content.count, limit: format.limit)
            Self.report(trouble, of: name, format: format, to: problems)
            return nil
        }
        if let kind = Self.foreignFormat(content) {
            problems.add(file: name, found: kind, allowed: format.remedy)
            return nil
        }
        bytes = content.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(content[3...]) : content
        guard !bytes.allSatisfy({ $0 <= 0x20 && $0 != 0 }) else {
            problems.add(file: name, found: "an empty file", allowed: "\(format.noun), see \(format.page)")
            return nil
        }
        guard let fault = Self.firstFault(in: bytes) else { return }
        let place = Place(file: name, mark: Self.mark(of: fault.offset, in: bytes))
        problems.add(place, "", found: fault.found, allowed: format.remedy)
        return nil
    }

    /// Says that a file can't be read, in the words of its format.
    package static func report(
        _ trouble: FileTrouble, of name: String, format: Format, at place: (Place, path: String)? = nil,
        to problems: ProblemList
    ) {
        var allowed = format.noun
        switch trouble {
        case .tooLarge(_, let limit): allowed += " of up to \(grouped(limit)) bytes"
        case .forbidden: allowed += " that this user may read (see its owner and mode with ls -l)"
        default: break
        }
        if let place {
            problems.add(place.0, place.path, found: "\(trouble) at \(name)", allowed: allowed)
        } else {
            problems.add(file: name, found: "\(trouble)", allowed: allowed)
        }
    }

    /// Files that people name by mistake, told by their first bytes.
    private static func foreignFormat(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return "an Excel workbook (.xlsx) or another zip file" }
        if bytes.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) { return "an old Excel workbook (.xls)" }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return "UTF-16 (which Windows calls Unicode)"
        }
        return nil
    }

    private static func firstFault(in bytes: [UInt8]) -> (offset: Int, found: String)? {
        if let offset = bytes.firstIndex(of: 0) { return (offset, "a NUL byte: this is not a text file") }
        guard let offset = firstInvalidUTF8(in: bytes) else { return nil }
        let hex = String(bytes[offset], radix: 16, uppercase: true)
        let found = "the byte 0x\(hex), which is not UTF-8"
        return (offset, looksLikeGBK(bytes) ? found + " (it looks like GBK, as Excel in China saves CSV)" : found)
    }

    /// The offset of the first byte that is no UTF-8 (Unicode 15, table 3-7).
    static func firstInvalidUTF8(in bytes: [UInt8]) -> Int? {
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            var lowest: UInt8 = 0x80
            var highest: UInt8 = 0xBF
            let following: Int
            switch first {
            case 0..<0x80: following = 0
            case 0xC2...0xDF: following = 1
            case 0xE0...0xEF:
                following = 2
                if first == 0xE0 { lowest = 0xA0 }
                if first == 0xED { highest = 0x9F }
            case 0xF0...0xF4:
                following = 3
                if first == 0xF0 { lowest = 0x90 }
                if first == 0xF4 { highest = 0x8F }
            default: return index
            }
            guard index + following < bytes.count else { return index }
            for step in 0..<following {
                guard (lowest...highest).contains(bytes[index + 1 + step]) else { return index }
                (lowest, highest) = (0x80, 0xBF)
            }
            index += 1 + following
        }
        return nil
    }

    /// True if the bytes above 0x7F come in pairs, most of them from GB 2312's rows of Chinese characters and full-width
    /// marks (0xA1-0xF7, then 0xA1-0xFE); GBK widens that set. An accented letter of a Western code page is nearly
    /// always followed by a plain one.
    static func looksLikeGBK(_ bytes: [UInt8]) -> Bool {
        var pairs = 0
        var common = 0
        var index = 0
        while index < bytes.count {
            guard bytes[index] >= 0x80 else {
                index += 1
                continue
            }
            guard index + 1 < bytes.count, (0x81...0xFE).contains(bytes[index]),
                (0x40...0xFE).contains(bytes[index + 1]), bytes[index + 1] != 0x7F
            else { return false }
            pairs += 1
            if (0xA1...0xF7).contains(bytes[index]), bytes[index + 1] >= 0xA1 { common += 1 }
            index += 2
        }
        return pairs > 0 && common * 2 > pairs
    }

    /// The line and column of a byte.
    static func mark(of offset: Int, in bytes: [UInt8]) -> Mark {
        var line = 1
        var column = 1
        for index in 0..<min(offset, bytes.count) {
            switch bytes[index] {
            case 0x0A:
                (line, column) = (line + 1, 1)
            case 0x0D where index + 1 >= bytes.count || bytes[index + 1] != 0x0A:
                (line, column) = (line + 1, 1)
            case 0x80...0xBF: break  // the rest of a character that has been counted
            default: column += 1
            }
        }
        return Mark(line: line, column: column)
    }

    /// The bytes of one line, counted from 1, without its end.
    func line(_ number: Int) -> ArraySlice<UInt8> {
        var start = 0
        for _ in 1..<max(number, 1) {
            guard let end = bytes[start...].firstIndex(of: 0x0A) else { return [] }
            start = end + 1
        }
        return bytes[start...].prefix { $0 != 0x0A }
    }
}
