import CallCore
import Testing

@testable import SiteConfig

private let withFile = head + "points: {file: p.csv}"

private func read(_ csv: String) -> Result<Site, SiteProblems> { readSite(withFile, csv: ["p.csv": csv]) }

private func problems(_ csv: String) -> [String] { messages(withFile, csv: ["p.csv": csv]) }

@Suite struct PointsFileTests {
    @Test("Every column reaches its setting, in any order")
    func everyColumn() throws {
        let site = try read(
            """
            stuck-after,quiet,minimum-width,double-within,hold-after,double,hold,press,active,bias,line-name,offset,chip,\
            label,id
            10min,30ms,0,1s,3s,meal,errand,emergency,high,disabled,N,3,c,楼,a

            """
        ).get()
        #expect(
            site.points == [
                CallPoint(
                    id: PointID("a")!, label: "楼",
                    debounce: .init(minimumWidth: .zero, quiet: .milliseconds(30)),
                    gestures: .init(
                        press: .emergency, hold: .errand, double: .meal, holdAfter: .seconds(3),
                        doubleWithin: .seconds(1)),
                    stuckAfter: .seconds(600))
            ])
        #expect(
            site.lines == [
                WatchedLine(
                    point: PointID("a")!, address: .offset(chip: "c", offset: 3, name: "N"), bias: .disabled,
                    activeLow: false)
            ])
    }

    @Test("An empty cell leaves the site file's default, none takes a gesture away")
    func defaults() throws {
        let site = try readSite(
            withFile + "\ndefaults: {hold: errand, quiet: 30ms}",
            csv: ["p.csv": "id,label,line-name,hold,quiet\na,A,X,,\nb,B,Y,none,40ms\n"]
        ).get()
        #expect(site.points.map(\.gestures.hold) == [.errand, nil])
        #expect(site.points.map(\.debounce.quiet) == [.milliseconds(30), .milliseconds(40)])
    }

    @Test(
        "Separators, line ends, marks, quotes, blanks and empty cells that spreadsheets write are all fine",
        arguments: [
            "id,label,chip,offset\na,A 1,c,1\nb,\"B, 2\",c,2",
            "id;label;chip;offset\r\na;A 1;c;1\r\nb;B, 2;c;2\r\n",
            "id\tlabel\tchip\toffset\na\tA 1\tc\t1\nb\tB, 2\tc\t2\n",
            "\u{FEFF}id,label,chip,offset,,\r\na,A 1,c,1,,\r\n,,,,,\r\n\r\nb,\"B, 2\",c,2,,,,\r\n,,,\r\n",
            "\n\nid,label,chip,offset\ra,A 1,c,1\rb,\"B, 2\",c,2\r",
            "\"id\",\"label\",\"chip\",\"offset\"\n\"a\",\"A 1\",\"c\",\"1\"\n\"b\",\"B, 2\",\"c\",\"2\"\n",
            " id , label,chip,offset\n a,　A 1\u{A0},c, 1 \n\"b \" ,\"B, 2\",c,2",
        ])
    func dialects(_ csv: String) throws {
        let points = try read(csv).get().points
        #expect(points.map(\.id.text) == ["a", "b"])
        #expect(points.map(\.label) == ["A 1", "B, 2"])
    }

    @Test("A doubled quote inside quotes is one quote")
    func quotes() throws {
        let site = try read("id,label,line-name\na,\"the \"\"red\"\" room\",X\nb,12\" pipe,Y").get()
        #expect(site.points.map(\.label) == ["the \"red\" room", "12\" pipe"])
    }

    @Test("Problems name the file, line, column of text and the column's name")
    func places() {
        #expect(
            briefly(problems("id,label,chip,offset,line-name,hold-after\nA b,楼楼,c,999,n,2\na,,,,,\n,B,,,m,")) == [
                #"p.csv:2:1: id: found "A b""#, #"p.csv:2:10: offset: found "999""#,
                #"p.csv:2:16: hold-after: found "2""#,
                "p.csv:3:1: line: found nothing", "p.csv:3:1: label: found nothing", "p.csv:4:1: id: found nothing",
            ])
    }

    @Test("A line after a quoted line break is counted right")
    func lineBreakInQuotes() {
        #expect(
            briefly(problems("id,label,line-name\r\na,\"two\r\nlines\",X\r\nB,B,Y\r\n")) == [
                #"p.csv:2:3: label: found "two\u{d}\nlines""#, #"p.csv:4:1: id: found "B""#,
            ])
    }

    @Test("A header of no use is said so once, without a message per row")
    func header() {
        let rows = String(repeating: "a,b,c\n", count: 100)
        #expect(
            briefly(problems("id,id,chip\n" + rows)) == [
                "p.csv:1:1: label: found no such column",
                "p.csv:1:4: id: found the column a second time (first at column 1)",
            ])
        let fullWidth = problems("id，label，chip\n" + rows)
        #expect(fullWidth.count == 3)
        #expect(fullWidth[0].hasSuffix("allowed: names separated by plain commas, not full-width ones"))
        let unknown = problems("id,label,line_name\na,A,X\n")
        #expect(
            unknown.first?.contains("found an unknown column \"line_name\", allowed: did you mean line-name?") == true)
    }

    @Test("Cells past the header, under no name, or with broken quotes are refused, and the rest is read on")
    func cells() {
        let csv = "id,label,line-name,,\na,A,X,y\nb,B,Y,,,z\nc,\"C\"C,Z\nD,D,W\ne,\"E,V\nF,F,U\n"
        #expect(
            briefly(problems(csv)) == [
                #"p.csv:2:7: found "y" in a column without a name"#, #"p.csv:3:9: found "z" past the last column"#,
                #"p.csv:4:6: found "C" after a closing quote"#, #"p.csv:5:1: id: found "D""#,
                "p.csv:6:3: found a quote that is never closed",
            ])
    }

    @Test("A point or a line that is in the site file too names both places")
    func doublesAcrossFiles() {
        let yaml = head + "points:\n- {id: a, label: A, line: {chip: c, offset: 1}}\n- file: p.csv\n- file: q.csv\n"
        let found = messages(
            yaml,
            csv: ["p.csv": "id,label,chip,offset\na,A,c,2\nb,B,c,1\n", "q.csv": "id,label,line-name\nb,B,X\n"])
        #expect(
            briefly(found) == [
                #"p.csv:2:1: id: found "a" again (first at gateway.yaml:5)"#,
                "p.csv:3:7: line: found c offset 1 again (first at gateway.yaml:5)",
                #"q.csv:2:1: id: found "b" again (first at /site/p.csv:3)"#,
            ])
    }

    @Test("A file that is missing, listed twice, too large, empty or without rows is said so")
    func files() {
        #expect(
            messages(head + "points: {file: nope.csv}") == [
                "gateway.yaml:4:16: points.file: found no such file at /site/nope.csv, allowed: a CSV file of points"
            ])
        #expect(
            briefly(
                messages(head + "points: [{file: p.csv}, {file: p.csv}]", csv: ["p.csv": "id,label,line-name\na,A,X"]))
                == ["gateway.yaml:4:32: points[1].file: found a file listed twice (gateway.yaml:4)"])
        let large = String(repeating: "\n", count: 4 << 20) + "x"
        #expect(
            messages(withFile, csv: ["p.csv": large]) == [
                "gateway.yaml:4:16: points.file: found a file of 4,194,305 bytes at /site/p.csv, "
                    + "allowed: a CSV file of points of up to 4,194,304 bytes"
            ])
        #expect(briefly(problems("")) == ["p.csv: found an empty file"])
        #expect(briefly(problems("id,label\n,\n")) == ["p.csv: found no points"])
        let many = (0...16).map { "{file: \($0).csv}" }.joined(separator: ", ")
        #expect(briefly(messages(head + "points: [\(many)]")).last?.contains("more than 16 files of points") == true)
    }

    @Test("More than 20,000 points are refused, once")
    func tooManyPoints() {
        let csv = "id,label,line-name\n" + (0..<20_010).map { "p\($0),P,l\($0)\n" }.joined()
        #expect(briefly(problems(csv)) == ["p.csv:20002:1: found more than 20,000 points"])
    }

    @Test("GBK, as Excel in China saves it, is recognised, and the remedy named")
    func gbk() throws {
        // 3号楼 in GBK.
        let label: [UInt8] = [0x33, 0xBA, 0xC5, 0xC2, 0xA5]
        let csv = Array("id,label,line-name\na,".utf8) + label + Array(",X\n".utf8)
        #expect(
            messages(readSite(Array(withFile.utf8), csv: ["p.csv": csv])) == [
                "p.csv:2:4: found the byte 0xBA, which is not UTF-8 (it looks like GBK, as Excel in China saves CSV), "
                    + "allowed: text in UTF-8 (in Excel or WPS: Save As, type \"CSV UTF-8\"; CSV UTF-8(逗号分隔))"
            ])
    }

    @Test("An accented letter of a Western code page is not taken for GBK")
    func latin1() {
        let csv = Array("id,label,line-name\na,caf".utf8) + [0xE9] + Array(" bar,X\n".utf8)
        let found = messages(readSite(Array(withFile.utf8), csv: ["p.csv": csv]))
        #expect(briefly(found) == ["p.csv:2:6: found the byte 0xE9, which is not UTF-8"])
    }

    @Test(
        "Workbooks and UTF-16 are recognised",
        arguments: [
            ([0x50, 0x4B, 0x03, 0x04, 0x14], "an Excel workbook (.xlsx) or another zip file"),
            ([0xD0, 0xCF, 0x11, 0xE0, 0xA1], "an old Excel workbook (.xls)"),
            ([0xFF, 0xFE, 0x69, 0x00], "UTF-16 (which Windows calls Unicode)"),
        ])
    func foreign(_ start: [UInt8], _ name: String) {
        let found = messages(readSite(Array(withFile.utf8), csv: ["p.csv": start]))
        #expect(briefly(found) == ["p.csv: found \(name)"])
    }
}
