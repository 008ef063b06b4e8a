import Testing

@testable import courtyard_sim

@Suite("The width of text on a terminal")
struct DisplayWidthTests {
    @Test(
        "counts Chinese characters twice",
        arguments: [
            ("", 0), ("bed", 3), ("床头", 4), ("3号楼2单元401 床头", 18), ("（ok）", 6), ("e\u{301}", 1), ("é", 1),
            ("𠮷", 2), ("☎", 1), ("👵", 2), ("한", 2), ("\u{200B}", 0), ("…", 1),
        ])
    func widths(text: String, width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test("pads to exactly the columns asked for, on either side")
    func padding() {
        #expect(DisplayWidth.pad("床头", to: 6) == "床头  ")
        #expect(DisplayWidth.pad("床头", to: 6, toRight: true) == "  床头")
        #expect(DisplayWidth.pad("", to: 2) == "  ")
    }

    @Test("never cuts a character in half", arguments: 0...20)
    func clipping(width: Int) {
        let text = "3号楼2单元401 床头"
        #expect(text.hasPrefix(DisplayWidth.clip(text, to: width)))
        let clipped = DisplayWidth.of(DisplayWidth.clip(text, to: width))
        #expect(clipped <= width)
        #expect(clipped >= min(width, DisplayWidth.of(text)) - 1)  // one column too few for a Chinese character
        #expect(DisplayWidth.of(DisplayWidth.pad(text, to: width)) == width)
    }

    @Test("lets no control character through to the terminal")
    func controls() {
        #expect(DisplayWidth.clip("a\u{1B}[2Jb\r\nc", to: 80) == "a[2Jbc")
    }

    @Test("a drawn row is as wide as the terminal at most, whatever its colours")
    func rows() {
        let row = Row(("床头", .red), ("床头", .plain), ("床头", .green))
        #expect(row.drawn(width: 7, colours: false) == "床头床")
        #expect(row.drawn(width: 7, colours: true) == "\u{1B}[1;31m床头\u{1B}[0m床")
    }
}
