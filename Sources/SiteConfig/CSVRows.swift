/// Splits CSV text into rows as RFC 4180 describes it, with the place of each cell. One row is held at a time.
struct CSVRows {
    struct Cell {
        let text: String
        let mark: Mark
    }

    /// What is wrong with a row's quotes.
    struct Trouble {
        let mark: Mark
        let found: String
        let allowed: String
        /// An unclosed quote has swallowed the rest of the file.
        let isEndOfFile: Bool
    }

    /// The most cells of a row that are kept: the columns a points file has, three times over.
    static let cellLimit = 60

    let separator: UInt8
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var column = 1
    /// Found in the row that was read last.
    private(set) var trouble: Trouble?

    init(_ bytes: [UInt8], separator: UInt8) {
        self.bytes = bytes
        self.separator = separator
    }

    /// The separator that the first line with anything on it has most of, outside quotes: a comma, a semicolon (Excel
    /// where the comma is decimal) or a tab (copied out of a spreadsheet).
    static func separator(of bytes: [UInt8]) -> UInt8 {
        var (commas, semicolons, tabs) = (0, 0, 0)
        var isQuoted = false
        let start = bytes.firstIndex { $0 != 0x0A && $0 != 0x0D } ?? 0
        header: for byte in bytes[start...] {
            switch byte {
            case 0x22: isQuoted.toggle()
            case _ where isQuoted: break
            case 0x0A, 0x0D: break header
            case 0x2C: commas += 1
            case 0x3B: semicolons += 1
            case 0x09: tabs += 1
            default: break
            }
        }
        if commas >= max(semicolons, tabs) { return 0x2C }
        return semicolons >= tabs ? 0x3B : 0x09
    }

    /// The next row, or nil at the end. Blank lines are rows with one empty cell.
    mutating func next() -> [Cell]? {
        guard index < bytes.count else { return nil }
        trouble = nil
        var cells: [Cell] = []
        while true {
            let cell = nextCell()
            if cells.count < Self.cellLimit { cells.append(cell) }
            guard index < bytes.count else { return cells }
            let end = bytes[index]
            advance()
            if end == separator {
                // A separator at the very end of the file still has an empty cell after it.
                if index < bytes.count { continue }
                return cells
            }
            if end == 0x0D, index < bytes.count, bytes[index] == 0x0A { advance() }
            (line, column) = (line + 1, 1)
            return cells
        }
    }

    /// Reads one cell, and stops before the separator or line end that ends it.
    private mutating func nextCell() -> Cell {
        let mark = Mark(line: line, column: column)
        guard index < bytes.count, bytes[index] == 0x22 else { return Cell(text: trimmed(plainText()), mark: mark) }
        advance()
        var text: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            advance()
            if byte == 0x22 {
                guard index < bytes.count, bytes[index] == 0x22 else {
                    refuseTextAfterQuote()
                    return Cell(text: trimmed(text[...]), mark: mark)
                }
                advance()
            }
            if byte == 0x0A || (byte == 0x0D && index < bytes.count && bytes[index] != 0x0A) {
                (line, column) = (line + 1, 1)
            }
            text.append(byte)
        }
        trouble = Trouble(
            mark: mark, found: "a quote that is never closed",
            allowed: "cells in pairs of quotes, each \" inside doubled",
            isEndOfFile: true)
        return Cell(text: "", mark: mark)
    }

    /// The bytes up to the next separator or line end.
    private mutating func plainText() -> ArraySlice<UInt8> {
        let separator = separator
        let text = bytes[index...].prefix { $0 != separator && $0 != 0x0A && $0 != 0x0D }
        index = text.endIndex
        column += text.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
        return text
    }

    private mutating func refuseTextAfterQuote() {
        let mark = Mark(line: line, column: column)
        let rest = trimmed(plainText())
        guard !rest.isEmpty else { return }
        trouble = Trouble(
            mark: mark, found: "\(quoted(rest)) after a closing quote",
            allowed: "a separator or the line's end there; a \" inside quotes is doubled", isEndOfFile: false)
    }

    private mutating func advance() {
        // A byte 10xxxxxx goes on with a character that has been counted.
        if bytes[index] & 0xC0 != 0x80 { column += 1 }
        index += 1
    }

    /// Text without the blanks around it, also the full-width and the unbreakable ones.
    private func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        if bytes.isEmpty { return "" }
        let scalars = Substring(decoding: bytes, as: UTF8.self).unicodeScalars
        func isBlank(_ scalar: Unicode.Scalar) -> Bool { [" ", "\t", "\u{3000}", "\u{A0}"].contains(scalar) }
        guard let first = scalars.firstIndex(where: { !isBlank($0) }),
            let last = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(scalars[first...last])
    }
}
