/// A CSV file of points, or of what belongs to them: its header, then one `Section` per row with the cells under their columns' names.
struct PointsTable {
    private enum Column {
        case known(String)
        /// Unknown or doubled, which has been reported.
        case refused
        /// An empty cell of the header: nothing may stand under it.
        case unnamed
    }

    private let file: TextFile
    private let keys: [KeyDoc]
    private let problems: ProblemList
    private var rows: CSVRows
    /// The columns in the file's order.
    private var columns: [Column] = []
    /// True if reading ended before the file did, or the header is of no use.
    private(set) var isBroken = false

    /// Reads the header, and reports what is wrong with it.
    init(_ file: TextFile, keys: [KeyDoc] = ColumnKeys.all, problems: ProblemList) {
        self.file = file
        self.keys = keys
        self.problems = problems
        rows = CSVRows(file.bytes, separator: CSVRows.separator(of: file.bytes))
        let header = nextFilled() ?? []
        if !isBroken { readHeader(header) }
    }

    /// The next row with anything in it; nil at the end, or when the file can't be read on.
    mutating func nextRow() -> Section? {
        guard !isBroken, let cells = nextFilled() else { return nil }
        // A missing cell is reported at the row's first column.
        let start = Mark(line: cells[0].mark.line, column: 1)
        var section = Section(place: Place(file: file.name, mark: start), path: "")
        for (index, cell) in cells.enumerated() where !cell.text.isEmpty {
            let place = Place(file: file.name, mark: cell.mark)
            guard index < columns.count else {
                problems.add(
                    place, "", found: "\(quoted(cell.text)) past the last column",
                    allowed: "\(columns.count) cells, as the header has (put text with a separator in quotes)")
                break
            }
            switch columns[index] {
            case .known(let name): section.set(Field(text: cell.text, place: place, path: name), for: name)
            case .refused: break
            case .unnamed:
                problems.add(place, "", found: "\(quoted(cell.text)) in a column without a name", allowed: columnNames)
            }
        }
        return section
    }

    /// The next row that isn't blank. What is wrong with its quotes is reported.
    private mutating func nextFilled() -> [CSVRows.Cell]? {
        while let cells = rows.next() {
            if let trouble = rows.trouble {
                let place = Place(file: file.name, mark: trouble.mark)
                problems.add(place, "", found: trouble.found, allowed: trouble.allowed)
                if trouble.isEndOfFile {
                    isBroken = true
                    return nil
                }
            }
            if cells.contains(where: { !$0.text.isEmpty }) { return cells }
        }
        return nil
    }

    // MARK: Header

    private var columnNames: String { "the columns \(keys.map(\.name).joined(separator: ", "))" }

    private var required: String {
        listed(keys.filter { if case .required = $0.presence { true } else { false } }.map(\.name))
    }

    private mutating func readHeader(_ cells: [CSVRows.Cell]) {
        var first: [String: Mark] = [:]
        for cell in cells { columns.append(column(cell, &first)) }
        for doc in keys where first[doc.name] == nil {
            guard case .required = doc.presence else { continue }
            isBroken = true
            problems.add(
                Place(file: file.name, mark: Mark(line: cells.first?.mark.line ?? 1, column: 1)), doc.name,
                found: "no such column", allowed: "a header row with at least \(required)")
        }
    }

    private func column(_ cell: CSVRows.Cell, _ first: inout [String: Mark]) -> Column {
        if cell.text.isEmpty { return .unnamed }
        guard keys.contains(where: { $0.name == cell.text }) else {
            refuse(cell)
            return .refused
        }
        guard let before = first[cell.text] else {
            first[cell.text] = cell.mark
            return .known(cell.text)
        }
        problems.add(
            Place(file: file.name, mark: cell.mark), cell.text,
            found: "the column a second time (first at column \(before.column))", allowed: "each column once")
        return .refused
    }

    private func refuse(_ cell: CSVRows.Cell) {
        let isFullWidth = cell.text.contains("，") || cell.text.contains("；")
        let guess = problems.guess(for: cell.text, of: keys.map(\.name))
        problems.add(
            Place(file: file.name, mark: cell.mark), "", found: "an unknown column \(quoted(cell.text))",
            allowed: isFullWidth ? "names separated by plain commas, not full-width ones" : "\(guess)\(columnNames)")
    }
}

extension Part {
    /// True for `{file: …}` among points.
    var namesFile: Bool {
        guard case .mapping(let pairs) = node.content else { return false }
        return pairs.contains { pair in
            if case .scalar("file", _) = pair.key.content { true } else { false }
        }
    }
}
