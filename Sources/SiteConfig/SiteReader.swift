import CallCore
import Glibc

/// Reads a site file, and the points files it names. Everything that is wrong with them is found at once.
public enum SiteReader {
    /// Where a site file is unless somebody says otherwise.
    public static let defaultPath = "/etc/courtyard-gateway/gateway.yaml"

    /// Reads the site file at `path`.
    /// - Throws: everything that is wrong with it; also that it is missing, too large or not readable.
    public static func read(path: String) throws(SiteProblems) -> Site {
        try read(path: path, from: DiskFiles())
    }

    /// Reads the site file at `path` as it would be with other bytes in one of the files that it names.
    /// - Parameter other: that file's absolute path.
    /// - Throws: everything that would be wrong with it.
    public static func read(path: String, with bytes: [UInt8], at other: String) throws(SiteProblems) -> Site {
        try read(path: path, from: OverlaidFiles(path: other, bytes: bytes))
    }

    private static func read(path: String, from files: any SiteFiles) throws(SiteProblems) -> Site {
        let content: [UInt8]
        do throws(FileTrouble) {
            content = try files.bytes(of: path, limit: TextFile.Format.yaml.limit)
        } catch {
            let problems = ProblemList()
            TextFile.report(error, of: path, format: .yaml, to: problems)
            throw problems.result!
        }
        return try read(content, name: path, directory: directory(of: path), files: files)
    }

    /// Reads a site file's bytes.
    /// - Parameters:
    ///   - name: what messages call the file.
    ///   - directory: the absolute path of the site file's directory, from which relative paths start.
    ///   - files: where the points files it names are.
    /// - Throws: everything that is wrong with it.
    public static func read(
        _ bytes: [UInt8], name: String, directory: String, files: any SiteFiles
    ) throws(SiteProblems) -> Site {
        let problems = ProblemList()
        var site: Site?
        if let text = TextFile(bytes, name: name, format: .yaml, problems: problems),
            let root = YAMLTree.read(text, problems: problems)
        {
            var reading = SiteReading(directory: directory, files: files, problems: problems)
            site = reading.site(Part(node: root, place: Place(file: name, mark: root.mark), path: ""))
        }
        if let result = problems.result { throw result }
        guard let site else { preconditionFailure("a site file without problems gave no site") }
        return site
    }

    /// Reads a site that stands as a mapping in a file of another kind.
    /// - Parameter problems: takes all that is wrong with it, at its places in that file.
    /// - Returns: nil if something without which there is no site is wrong.
    package static func read(
        _ mapping: Part, directory: String, files: any SiteFiles, problems: ProblemList
    ) -> Site? {
        var reading = SiteReading(directory: directory, files: files, problems: problems)
        return reading.site(mapping)
    }

    /// The absolute path of the directory in which the file at `path` lies.
    package static func directory(of path: String) -> String {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) }
        if path.hasPrefix("/") { return folder ?? "" }
        // SAFETY: getcwd allocates the text when given no buffer; it is copied, then freed.
        let working = getcwd(nil, 0)
        defer { free(working) }
        let here = working.map { String(cString: $0) } ?? "."
        return folder.map { "\(here)/\($0)" } ?? here
    }
}

/// One reading of one site file.
struct SiteReading {
    let directory: String
    let files: any SiteFiles
    let problems: ProblemList

    /// The site; nil if something without which there is none is wrong. Problems may have been added in either case.
    mutating func site(_ root: Part) -> Site? {
        guard
            let section = Section(
                root, allowed: "a mapping that begins with \"site: \"", keys: SiteKeys.all, problems: problems)
        else { return nil }
        let id = section.value(SiteKeys.site, problems)
        let gateway = section.value(SiteKeys.gateway, problems)
        let hardware = section.value(SiteKeys.hardware, problems)
        let brokers = section.part(SiteKeys.brokers, problems).map { self.brokers($0) }
        let files = self.files(section, isSimulated: hardware == .simulated)
        let outputsPart = section.part(SiteKeys.outputs, problems)
        let levels = LevelReader(
            outputs: OutputsReader.ids(outputsPart),
            hasOneBroker: section.parts[SiteKeys.brokers.name]?.hasOneItem ?? false,
            problems: problems)
        var services = ServicesReader(levels: levels, problems: problems)
        if let part = section.part(SiteKeys.services, problems) { services.read(part) }
        // A wrong `hardware` has been reported: then lines are not asked for, lest a slip there gives 194 messages.
        let needsLines = hardware == .gpio || !section.present.contains(SiteKeys.hardware.name)
        let before = problems.total
        let devices = absolute(section.value(SiteKeys.devices, problems) ?? "devices")
        let points = points(section, Set(services.services.map(\.id)), devices, needsLines: needsLines)
        // Not after a problem: what a wrong gesture was meant to be, nobody knows.
        if problems.total == before { services.refuseEndlessCalls(from: points.points) }
        var outputs = OutputsReader(
            needsLines: needsLines, points: points.index, register: points.register, problems: problems)
        if let outputsPart { outputs.read(outputsPart) }
        let receivers = receivers(section, points, outputs.register, needsLines: needsLines)
        let rules = rules(section, levels)
        let retention = retention(section)
        guard let id, let gateway, let brokers else { return nil }
        let isSimulated = hardware == .simulated
        var site = Site(
            site: id, gateway: gateway, hardware: hardware ?? .gpio, brokers: brokers, services: services.services,
            points: points.points, lines: isSimulated ? [] : points.lines, outputs: outputs.outputs,
            outputLines: isSimulated ? [] : outputs.lines, acknowledgement: rules.acknowledgement,
            dailyTestMinute: rules.dailyTestMinute, nobodyListening: rules.nobodyListening,
            retention: retention, homeAssistant: section.value(SiteKeys.homeAssistant, problems)?.text, files: files)
        site.deviceFolder = devices
        site.transmitters = section.value(SiteKeys.transmitters, problems).map(absolute)
        site.enrolled = points.enrolled
        site.receivers = receivers
        return site
    }

    private func receivers(
        _ section: Section, _ points: PointsReader, _ register: LineRegister, needsLines: Bool
    ) -> [RadioReceiver] {
        var reader = ReceiversReader(needsLines: needsLines, register: register, problems: problems)
        let part = section.part(SiteKeys.receivers, problems)
        if let part { reader.read(part) }
        if part == nil, let first = points.radio.first {
            problems.add(
                first, "", found: "a point with radio, and no receivers",
                allowed: "receivers, such as {hall: {line: {name: GPIO27}}}, or no radio")
        }
        return reader.receivers
    }

    private func points(
        _ section: Section, _ services: Set<ServiceID>, _ devices: String, needsLines: Bool
    ) -> PointsReader {
        var reader = PointsReader(
            services: services, needsLines: needsLines, directory: directory, devices: devices,
            mayWait: section.present.contains(SiteKeys.transmitters.name), files: files, problems: problems)
        reader.readDefaults(section.part(SiteKeys.defaults, problems))
        if let points = section.part(SiteKeys.points, problems) { reader.readPoints(points) }
        reader.readTransmitters(section)
        return reader
    }

    // MARK: Following calls

    /// The rules that stand at the top level; without points, services and outputs.
    private func rules(_ section: Section, _ levels: LevelReader) -> SiteRules {
        var rules = SiteRules(points: [])
        if let word = section.value(SiteKeys.acknowledgement, problems) { rules.acknowledgement = word }
        if let test = section.value(SiteKeys.dailyTest, problems) { rules.dailyTestMinute = test.minute }
        if let part = section.part(SiteKeys.nobodyListening, problems) {
            rules.nobodyListening = levels.level(part, usesNextBroker: rules.nobodyListening.usesNextBroker)
        }
        return rules
    }

    private func retention(_ section: Section) -> Duration? {
        guard let limit = section.value(SiteKeys.retention, problems) else { return Site.standardRetention }
        return limit.duration
    }

    // MARK: Files

    private func files(_ section: Section, isSimulated: Bool) -> Site.Files {
        var files = Site.Files.standard
        if let journal = section.value(SiteKeys.journal, problems) { files.journal = absolute(journal) }
        if let path = socket(SiteKeys.control, section) { files.control = path }
        if let path = socket(SiteKeys.simulator, section) { files.simulator = path }
        if let field = section.fields[SiteKeys.simulator.name], !isSimulated {
            problems.add(
                field.place, field.path, found: "a simulator's socket on real hardware",
                allowed: "this key only with hardware: simulated")
        }
        refuseSharedPath(files, section)
        return files
    }

    /// The most bytes of a socket's path: `sun_path` is 108 with its NUL (unix(7)).
    static let socketPathLimit = 107

    private func socket(_ key: Key<String>, _ section: Section) -> String? {
        guard let path = section.value(key, problems).map(absolute), let field = section.fields[key.name] else {
            return nil
        }
        guard path.utf8.count <= Self.socketPathLimit else {
            problems.add(
                field.place, field.path, found: "a path of \(path.utf8.count) bytes (\(quoted(path)))",
                allowed: "a socket's path of up to \(Self.socketPathLimit) bytes, as the kernel wants it")
            return nil
        }
        return path
    }

    private func refuseSharedPath(_ files: Site.Files, _ section: Section) {
        let used = [
            (SiteKeys.journal.name, files.journal), (SiteKeys.control.name, files.control),
            (SiteKeys.simulator.name, files.simulator),
        ]
        for (index, (name, path)) in used.enumerated() {
            // Of two that the file gives, the later one is reported.
            let other = used.indices.first {
                $0 != index && used[$0].1 == path && ($0 < index || section.fields[used[$0].0] == nil)
            }
            guard let other, let field = section.fields[name] else { continue }
            problems.add(
                field.place, field.path, found: "the path of \(used[other].0) too", allowed: "a path of its own")
        }
    }

    private func absolute(_ path: String) -> String { absolutePath(path, from: directory) }
}

/// `path`, starting at `directory` unless it is absolute.
func absolutePath(_ path: String, from directory: String) -> String {
    path.hasPrefix("/") ? path : "\(directory)/\(path)"
}

extension Part {
    /// True for a list with one item.
    fileprivate var hasOneItem: Bool {
        guard case .list(let items) = node.content else { return false }
        return items.count == 1
    }
}
