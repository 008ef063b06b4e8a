import CallCore

/// Reads `defaults` and `points`, from the site file and from the CSV files it names.
struct PointsReader {
    /// The most points one gateway may have: a hundred times a large property's.
    static let pointLimit = 20_000
    /// The most CSV files one site file may name.
    static let fileLimit = 16

    let services: Set<ServiceID>
    /// True if a point must say where its line is.
    let needsLines: Bool
    let directory: String
    let files: any SiteFiles
    let problems: ProblemList

    /// The points that are right so far, in the order of the files.
    private(set) var points: [CallPoint] = []
    /// Their lines.
    private(set) var lines: [WatchedLine] = []

    private var defaults = PointSettings()
    private var ids: [PointID: Place] = [:]
    private var register = LineRegister()
    private var csvFiles: [String: Place] = [:]
    private var count = 0

    init(
        services: Set<ServiceID>, needsLines: Bool, directory: String, files: any SiteFiles, problems: ProblemList
    ) {
        self.services = services
        self.needsLines = needsLines
        self.directory = directory
        self.files = files
        self.problems = problems
    }

    /// Reads `defaults`; before `readPoints`.
    mutating func readDefaults(_ part: Part?) {
        guard let part,
            let section = Section(
                part, allowed: SiteKeys.defaults.allowed, keys: PointSettingKeys.all, problems: problems)
        else { return }
        defaults = PointSettings(section, services: services, problems)
        defaults.refuseContradictions(in: section, problems)
    }

    /// Reads `points`: a list of points and files, or one file.
    mutating func readPoints(_ part: Part) {
        let before = problems.total
        if case .mapping = part.node.content {
            readFile(part)
        } else {
            for item in part.items(allowed: SiteKeys.points.allowed, problems: problems) ?? [] {
                if item.namesFile { readFile(item) } else { readPoint(item) }
                if count > Self.pointLimit { break }
            }
        }
        if count == 0, problems.total == before {
            problems.add(part.place, part.path, found: "no points", allowed: "at least one call point")
        }
    }

    private mutating func readPoint(_ part: Part) {
        guard admit(part.place, part.path) else { return }
        guard
            let section = Section(
                part, allowed: "a call point, beginning with \"id:\"", keys: PointKeys.all, problems: problems)
        else { return }
        var line: LineAddress?
        if let part = section.part(PointKeys.line, problems) {
            if let keys = Section(part, allowed: PointKeys.line.allowed, keys: LineKeys.all, problems: problems) {
                line = LineReader(section: keys, nameKey: LineKeys.name, problems: problems).address
            }
        } else if needsLines {
            section.missing(PointKeys.line.name, allowed: PointKeys.line.allowed, problems)
        }
        finish(section, line: line, linePlace: section.parts[PointKeys.line.name]?.place ?? section.place)
    }

    /// Puts a point together from its section and its line, and says what is wrong with it beyond single values.
    private mutating func finish(_ section: Section, line: LineAddress?, linePlace: Place) {
        let id = section.value(PointKeys.id, problems)
        let label = section.value(PointKeys.label, problems)
        let settings = PointSettings(section, services: services, problems).over(defaults)
        settings.refuseContradictions(in: section, problems)
        if let id, let field = section.fields[PointKeys.id.name] {
            if let before = ids[id] {
                problems.add(
                    field.place, field.path, found: "\(quoted(id.text)) again (first at \(before.short))",
                    allowed: "each id once in a site")
            } else {
                ids[id] = field.place
            }
        }
        if let line, let before = register.take(line, for: linePlace) {
            problems.add(
                linePlace, joined(section.path, "line"), found: "\(line) again (first at \(before.short))",
                allowed: "each line for one point")
        }
        guard let id, let label else { return }
        points.append(settings.point(id, label))
        guard let line else { return }
        lines.append(
            WatchedLine(point: id, address: line, bias: settings.effectiveBias, activeLow: settings.isActiveLow))
    }

    /// Counts one more point. False, after saying so once, when there are too many.
    private mutating func admit(_ place: Place, _ path: String) -> Bool {
        count += 1
        if count == Self.pointLimit + 1 {
            problems.add(
                place, path, found: "more than \(grouped(Self.pointLimit)) points",
                allowed: "at most that many per gateway")
        }
        return count <= Self.pointLimit
    }

    // MARK: CSV

    private mutating func readFile(_ part: Part) {
        guard
            let section = Section(
                part, allowed: SiteKeys.points.allowed, keys: [PointKeys.file.doc], problems: problems),
            let path = section.value(PointKeys.file, problems), let field = section.fields[PointKeys.file.name]
        else { return }
        let full = absolutePath(path, from: directory)
        guard csvFiles[full] == nil, csvFiles.count < Self.fileLimit else {
            let isTooMany = csvFiles[full] == nil
            problems.add(
                field.place, field.path,
                found: isTooMany
                    ? "more than \(Self.fileLimit) files of points" : "a file listed twice (\(csvFiles[full]!.short))",
                allowed: isTooMany ? "at most that many" : "each file once")
            return
        }
        csvFiles[full] = field.place
        let content: [UInt8]
        do throws(FileTrouble) {
            content = try files.bytes(of: full, limit: TextFile.Format.csv.limit)
        } catch {
            TextFile.report(error, of: full, format: .csv, at: (field.place, path: field.path), to: problems)
            return
        }
        guard let text = TextFile(content, name: full, format: .csv, problems: problems) else { return }
        var table = PointsTable(text, problems: problems)
        let before = count
        while let row = table.nextRow(), admit(row.place, "") { readRow(row) }
        if count == before, !table.isBroken {
            problems.add(file: full, found: "no points", allowed: "a row for each call point under the header row")
        }
    }

    private mutating func readRow(_ section: Section) {
        let reader = LineReader(section: section, nameKey: ColumnKeys.lineName, problems: problems)
        if reader.isSilent, needsLines {
            section.missing(
                "line", allowed: "the columns chip and offset, or line-name, filled in", problems)
        }
        let linePlace = (section.fields[ColumnKeys.offset.name] ?? section.fields[ColumnKeys.lineName.name])?.place
        finish(section, line: reader.isSilent ? nil : reader.address, linePlace: linePlace ?? section.place)
    }
}

extension Part {
    /// True for `{file: …}` among points.
    fileprivate var namesFile: Bool {
        guard case .mapping(let pairs) = node.content else { return false }
        return pairs.contains { pair in
            if case .scalar("file", _) = pair.key.content { true } else { false }
        }
    }
}
