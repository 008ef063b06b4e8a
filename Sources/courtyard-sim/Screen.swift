internal import Glibc

/// One line of a picture: pieces of text, each in its style.
struct Row {
    enum Style: String {
        // The parameters of the terminal's "select graphic rendition" (ECMA-48, section 8.3.117).
        case plain = "0"
        case bold = "1"
        case dim = "2"
        case red = "1;31"
        case green = "32"
        case yellow = "33"
    }

    var pieces: [(text: String, style: Style)]

    init(_ pieces: (String, Style)...) { self.pieces = pieces.map { (text: $0.0, style: $0.1) } }

    /// A line of one style.
    init(_ text: String, _ style: Style = .plain) { pieces = [(text, style)] }

    var text: String { pieces.map(\.text).joined() }

    /// At most `width` columns of it, with or without the terminal's colours.
    func drawn(width: Int, colours: Bool) -> String {
        var left = width
        return pieces.map { piece in
            let text = DisplayWidth.clip(piece.text, to: left)
            left -= DisplayWidth.of(text)
            guard colours, piece.style != .plain, !text.isEmpty else { return text }
            return "\u{1B}[\(piece.style.rawValue)m\(text)\u{1B}[0m"
        }.joined()
    }
}

/// Standard output: a terminal that is drawn on in place, or a stream of lines.
struct Screen {
    /// True if a picture can be drawn.
    let isLive: Bool
    private let colours: Bool
    private var isOpen = false
    /// Set once nobody reads any more.
    private(set) var isGone = false

    init() {
        let terminal = getenv("TERM").map { String(cString: $0) } ?? "dumb"
        isLive = isatty(STDOUT_FILENO) == 1 && terminal != "dumb"
        colours = getenv("NO_COLOR") == nil
    }

    /// Columns and rows; 80 by 24 where the terminal doesn't say.
    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Draws over what was there before: on the terminal's second page, with the cursor hidden.
    mutating func draw(_ rows: [Row]) {
        let (columns, height) = size
        let lines = rows.prefix(height).map { $0.drawn(width: columns, colours: colours) + "\u{1B}[K" }
        let opening = isOpen ? "" : "\u{1B}[?1049h\u{1B}[?25l"
        isOpen = true
        write(opening + "\u{1B}[H" + lines.joined(separator: "\r\n") + "\u{1B}[J")
    }

    /// Gives the terminal back as it was.
    mutating func close() {
        guard isOpen else { return }
        isOpen = false
        write("\u{1B}[?25h\u{1B}[?1049l")
    }

    /// Writes one line as it is.
    mutating func say(_ line: String) { write(line + "\n") }

    private mutating func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty, !isGone {
            let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count > 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR { isGone = true }
        }
    }
}
