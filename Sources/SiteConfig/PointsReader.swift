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
    /// Their lines, each followed by that of its loop.
    private(set) var lines: [WatchedLine] = []
    /// The lines that are taken.
    private(set) var register = LineRegister()

    private var defaults = PointSettings()
    private var defaultResets: Field?
    private var resets: [(patterns: [String], field: Field)] = []
    private var ids: [PointID: Place] = [:]
    /// True once all points' ids are in `ids`: then a pattern that means none of them is wrong.
    private var knowsAllIDs = false
    private var csvFiles: [String: Place] = [:]
    private var count = 0
    /// The points' transmitters.
    private(set) var radio: RadioReader

    /// Points without a line of their own.
    private(set) var unwired: Set<PointID> = []
    /// The points whose transmitters stand in the table of enrolled ones.
    private(set) var enrolled: Set<PointID> = []
    /// True if transmitters may be enrolled later: then a point may have neither line nor transmitter.
    let mayWait: Bool

    /// - Parameters:
    ///   - devices: the folder of the site's own kinds of transmitters.
    ///   - mayWait: true if transmitters may be enrolled later.
    init(
        services: Set<ServiceID>, needsLines: Bool, directory: String, devices: String, mayWait: Bool,
        files: any SiteFiles, problems: ProblemList
    ) {
        self.mayWait = mayWait
        radio = RadioReader(
            devices: DeviceReader(folder: devices, services: services, files: files, problems: problems),
            problems: problems)
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
        if let patterns = defaults.resets, let field = section.fields[PointSettingKeys.resets.name] {
            defaultResets = field
            resets.append((patterns, field))
        }
    }

    /// Where a point's wire, or its loop, ends; without an address if that isn't given, or is wrong.
    private struct Wire {
        let address: LineAddress?
        let place: Place
        let path: String
    }

    /// The ids of all points, to compare patterns with; nil if some are not known.
    var index: PointIndex? { knowsAllIDs ? PointIndex(ids.keys) : nil }

    /// Reads `points`: a list of points and files, or one file.
    mutating func readPoints(_ part: Part) {
        let before = problems.total
        knowsAllIDs = true
        if case .mapping = part.node.content {
            readFile(part)
        } else {
            let items = part.items(allowed: SiteKeys.points.allowed, problems: problems)
            if items == nil { knowsAllIDs = false }
            for item in items ?? [] {
                if item.namesFile { readFile(item) } else { readPoint(item) }
                if count > Self.pointLimit { break }
            }
        }
        if count == 0, problems.total == before {
            problems.add(part.place, part.path, found: "no points", allowed: "at least one call point")
        }
        // What a wrong gesture was meant to be, nobody knows.
        if let defaultResets, problems.total == before, !points.contains(where: { $0.gestures.asks(for: .reset) }) {
            Self.refuseUnused(defaultResets, problems)
        }
        guard let index else { return }
        for (patterns, field) in resets {
            for pattern in patterns { index.refuse(pattern, at: field.place, field.path, problems) }
        }
    }

    /// Reads the table of enrolled transmitters, if there is one; after `readPoints`.
    mutating func readTransmitters(_ section: Section) {
        guard let path = section.value(SiteKeys.transmitters, problems),
            let field = section.fields[SiteKeys.transmitters.name]
        else { return }
        (points, enrolled) = TransmittersReader(files: files, problems: problems).read(
            absolutePath(path, from: directory), at: field, into: points, unwired: unwired, &radio)
    }

    private static func refuseUnused(_ resets: Field, _ problems: ProblemList) {
        problems.add(
            resets.place, resets.path, found: "resets without a gesture that is reset",
            allowed: "press, hold or double: reset, or no resets")
    }

    private mutating func readPoint(_ part: Part) {
        guard admit(part.place, part.path) else { return }
        guard
            let section = Section(
                part, allowed: "a call point, beginning with \"id:\"", keys: PointKeys.all, problems: problems)
        else {
            knowsAllIDs = false
            return
        }
        let line = section.part(PointKeys.line, problems).map { wire($0) }
        let radio = section.part(PointKeys.radio, problems)
        if line == nil, radio == nil, needsLines, !mayWait {
            section.missing(PointKeys.line.name, allowed: PointKeys.line.allowed, problems)
        }
        let transmitter = radio.flatMap { part in
            Section(part, allowed: PointKeys.radio.allowed, keys: RadioKeys.all, problems: problems)
        }.flatMap { self.radio.transmitter($0, device: RadioKeys.device, code: RadioKeys.code) }
        finish(
            section, line: line, loop: section.part(PointKeys.loop, problems).map { wire($0, mayBeEmpty: !needsLines) },
            transmitter)
    }

    /// Reads a point's `line` or `loop`.
    /// - Parameter mayBeEmpty: true for a loop of simulated hardware, which has no line and is still to be named.
    private func wire(_ part: Part, mayBeEmpty: Bool = false) -> Wire {
        var address: LineAddress?
        if let keys = Section(part, allowed: PointKeys.line.allowed, keys: LineKeys.all, problems: problems) {
            let reader = LineReader(section: keys, problems: problems)
            if !mayBeEmpty || !reader.isSilent { address = reader.address }
        }
        return Wire(address: address, place: part.place, path: part.path)
    }

    /// Puts a point together from its section and its wires, and says what is wrong with it beyond single values.
    private mutating func finish(
        _ section: Section, line: Wire?, loop: Wire?, _ transmitter: RadioTransmitter?
    ) {
        let id = section.value(PointKeys.id, problems)
        let label = section.value(PointKeys.label, problems)
        let own = PointSettings(section, services: services, problems)
        let settings = own.over(defaults)
        settings.refuseContradictions(in: section, problems)
        if let id, let field = section.fields[PointKeys.id.name] {
            register(id, at: field)
        } else {
            knowsAllIDs = false
        }
        if let patterns = own.resets, let field = section.fields[PointSettingKeys.resets.name] {
            resets.append((patterns, field))
            if !settings.gestures.asks(for: .reset) { Self.refuseUnused(field, problems) }
        }
        for wire in [line, loop] {
            guard let wire, let address = wire.address else { continue }
            register.take(address, at: wire.place, wire.path, problems)
        }
        guard let id, let label else { return }
        var point = settings.point(id, label)
        point.hasLoop = loop != nil
        if line == nil { unwired.insert(id) }
        point.isWired = line != nil || (transmitter == nil && !needsLines)
        point.radio = transmitter
        if transmitter != nil, point.gestures.asks(for: .reset) { refuseReset(section) }
        points.append(point)
        if let address = line?.address {
            // What is made for the kernel is open for us where pressing opens the contact.
            let activeLow = settings.isActiveLow != settings.isNormallyClosed
            lines.append(
                WatchedLine(point: id, address: address, bias: settings.effectiveBias, activeLow: activeLow))
        }
        if let address = loop?.address {
            lines.append(
                WatchedLine(
                    point: id.loop, address: address, bias: settings.effectiveBias, activeLow: settings.isActiveLow))
        }
    }

    private func refuseReset(_ section: Section) {
        let keys = [PointSettingKeys.press.name, PointSettingKeys.hold.name, PointSettingKeys.double.name]
        let field = keys.compactMap { section.fields[$0] }.first { $0.text == ServiceID.reset.text }
        problems.add(
            field?.place ?? section.place, field?.path ?? section.path, found: "reset at a point with radio",
            allowed: "reset at wired points only: a code can be copied off the air")
    }

    private mutating func register(_ id: PointID, at field: Field) {
        guard let before = ids[id] else {
            ids[id] = field.place
            return
        }
        problems.add(
            field.place, field.path, found: "\(quoted(id.text)) again (first at \(before.short))",
            allowed: "each id once in a site")
    }

    /// Counts one more point. False, after saying so once, when there are too many.
    private mutating func admit(_ place: Place, _ path: String) -> Bool {
        count += 1
        if count == Self.pointLimit + 1 {
            knowsAllIDs = false
            problems.add(
                place, path, found: "more than \(grouped(Self.pointLimit)) points",
                allowed: "at most that many per gateway")
        }
        return count <= Self.pointLimit
    }

    // MARK: CSV

    private mutating func readFile(_ part: Part) {
        guard let text = openFile(part) else {
            knowsAllIDs = false
            return
        }
        var table = PointsTable(text, problems: problems)
        let before = count
        while let row = table.nextRow(), admit(row.place, "") { readRow(row) }
        if table.isBroken { knowsAllIDs = false }
        if count == before, !table.isBroken {
            problems.add(
                file: text.name, found: "no points", allowed: "a row for each call point under the header row")
        }
    }

    /// The text of the file that `part` names; nil after saying why there is none.
    private mutating func openFile(_ part: Part) -> TextFile? {
        guard
            let section = Section(
                part, allowed: SiteKeys.points.allowed, keys: [PointKeys.file.doc], problems: problems),
            let path = section.value(PointKeys.file, problems), let field = section.fields[PointKeys.file.name]
        else { return nil }
        let full = absolutePath(path, from: directory)
        guard csvFiles[full] == nil, csvFiles.count < Self.fileLimit else {
            let isTooMany = csvFiles[full] == nil
            problems.add(
                field.place, field.path,
                found: isTooMany
                    ? "more than \(Self.fileLimit) files of points" : "a file listed twice (\(csvFiles[full]!.short))",
                allowed: isTooMany ? "at most that many" : "each file once")
            return nil
        }
        csvFiles[full] = field.place
        let content: [UInt8]
        do throws(FileTrouble) {
            content = try files.bytes(of: full, limit: TextFile.Format.csv.limit)
        } catch {
            TextFile.report(error, of: full, format: .csv, at: (field.place, path: field.path), to: problems)
            return nil
        }
        return TextFile(content, name: full, format: .csv, problems: problems)
    }

    private mutating func readRow(_ section: Section) {
        let line = LineReader(section: section, nameKey: ColumnKeys.lineName, problems: problems)
        let hasRadio = !section.present.isDisjoint(with: [ColumnKeys.device.name, ColumnKeys.code.name])
        if line.isSilent, needsLines, !hasRadio, !mayWait {
            section.missing(
                "line", allowed: "the columns chip and offset, or line-name, filled in", problems)
        }
        let loop = LineReader(
            section: section, chipKey: ColumnKeys.loopChip, offsetKey: ColumnKeys.loopOffset,
            nameKey: ColumnKeys.loopName, problems: problems)
        finish(
            section, line: wire(PointKeys.line.name, line, in: section),
            loop: wire(PointKeys.loop.name, loop, in: section),
            hasRadio ? radio.transmitter(section, device: ColumnKeys.device, code: ColumnKeys.code) : nil)
    }

    /// The wire that a row's cells give, if they give one.
    private func wire(_ name: String, _ reader: LineReader, in section: Section) -> Wire? {
        guard !reader.isSilent else { return nil }
        let cell = section.fields[reader.offsetKey.name] ?? section.fields[reader.nameKey.name]
        return Wire(address: reader.address, place: cell?.place ?? section.place, path: name)
    }
}
