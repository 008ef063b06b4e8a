/// How wide text is on a terminal, in columns: Chinese characters take two.
///
/// Follows Unicode's East Asian Width (UAX #11), wide and fullwidth, by whole blocks.
enum DisplayWidth {
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F,  // Hangul Jamo, initial consonants
        0x2E80...0x303E,  // CJK radicals, punctuation
        0x3041...0x4DBF,  // kana, CJK symbols, Extension A
        0x4E00...0xA4CF,  // CJK ideographs, Yi
        0xA960...0xA97F, 0xAC00...0xD7A3,  // Hangul
        0xF900...0xFAFF, 0xFE30...0xFE6F,  // compatibility forms
        0xFF01...0xFF60, 0xFFE0...0xFFE6,  // fullwidth forms
        0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,  // pictographs
        0x20000...0x3FFFD,  // further ideographs
    ]

    static func of(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + of($1) } }

    /// A character is as wide as its widest part; marks and controls alone take nothing.
    static func of(_ character: Character) -> Int { character.unicodeScalars.map(of).max() ?? 0 }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        if (0x20...0x7E).contains(scalar.value) { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// As much of the text as fits, without half characters or control characters.
    static func clip(_ text: String, to width: Int) -> String {
        var left = width
        return String(
            text.filter { $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } }
                .prefix { character in
                    left -= of(character)
                    return left >= 0
                })
    }

    /// Exactly that wide: clipped, or filled up with spaces on the right, or on the left with `toRight`.
    static func pad(_ text: String, to width: Int, toRight: Bool = false) -> String {
        let clipped = clip(text, to: width)
        let spaces = String(repeating: " ", count: width - of(clipped))
        return toRight ? spaces + clipped : clipped + spaces
    }
}
