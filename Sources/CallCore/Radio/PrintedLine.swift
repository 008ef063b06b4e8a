/// A line of text as a serial receiver prints it for each frame, with marks where the code and the level stand:
/// `RX {code}`, `{code};{level}`.
public struct PrintedLine: Hashable, Sendable {
    private enum Piece: Hashable, Sendable {
        case text(String)
        case code, level
    }

    /// As the site file has it.
    public let pattern: String
    private let pieces: [Piece]

    /// - Returns: nil unless there is one `{code}`, at most one `{level}`, and text between the two.
    public init?(_ pattern: String) {
        self.pattern = pattern
        var pieces: [Piece] = []
        var rest = pattern[...]
        while let brace = rest.firstIndex(of: "{") {
            if brace > rest.startIndex { pieces.append(.text(String(rest[..<brace]))) }
            let mark = rest[brace...]
            if mark.hasPrefix("{code}") {
                pieces.append(.code)
                rest = mark.dropFirst("{code}".count)
            } else if mark.hasPrefix("{level}") {
                pieces.append(.level)
                rest = mark.dropFirst("{level}".count)
            } else {
                return nil
            }
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        func count(_ piece: Piece) -> Int { pieces.count { $0 == piece } }
        let touches = zip(pieces, pieces.dropFirst()).contains { pair in
            if case .text = pair.0 { false } else if case .text = pair.1 { false } else { true }
        }
        guard count(.code) == 1, count(.level) <= 1, !touches else { return nil }
        self.pieces = pieces
    }

    /// The code in hexadecimal, with or without 0x, and the level in tenths of a dB; nil if the line is another one.
    public func read(_ line: String) -> (code: UInt64, level: Int?)? {
        var rest = line[...]
        var code: UInt64?
        var level: Int?
        for piece in pieces {
            switch piece {
            case .text(let text):
                guard rest.hasPrefix(text) else { return nil }
                rest = rest.dropFirst(text.count)
            case .code:
                if rest.hasPrefix("0x") || rest.hasPrefix("0X") { rest = rest.dropFirst(2) }
                let digits = rest.prefix { $0.isASCII && $0.isHexDigit }
                guard let value = UInt64(digits, radix: 16) else { return nil }
                code = value
                rest = rest.dropFirst(digits.count)
            case .level:
                let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == "-" || $0 == ".") }
                guard let value = Double(digits), abs(value) < 1000 else { return nil }
                level = Int((value * 10).rounded())
                rest = rest.dropFirst(digits.count)
            }
        }
        return code.map { ($0, level) }
    }
}

/// A receiver behind a serial port that decodes by itself and prints a line for each frame.
public struct SerialSource: Hashable, Sendable {
    /// The port: `/dev/serial/by-id/…` stays the same when others are plugged in.
    public let path: String
    /// Bits a second.
    public let baud: Int
    public let line: PrintedLine
    /// What its codes are.
    public let radioProtocol: RadioProtocol

    public init(path: String, baud: Int, line: PrintedLine, radioProtocol: RadioProtocol) {
        self.path = path
        self.baud = baud
        self.line = line
        self.radioProtocol = radioProtocol
    }
}
