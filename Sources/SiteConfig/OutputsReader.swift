import CallCore

/// Reads `outputs`: the board's lamps, buzzers and relays, and their lines.
struct OutputsReader {
    /// True if an output must say where its line is.
    let needsLines: Bool
    /// The site's points; nil if not all are known, since something is wrong with them.
    let points: PointIndex?
    /// The lines that are taken.
    private(set) var register: LineRegister
    private let problems: ProblemList

    /// The outputs that are right so far, in the order of the file.
    private(set) var outputs: [BoardOutput] = []
    /// Their lines.
    private(set) var lines: [OutputLine] = []

    init(needsLines: Bool, points: PointIndex?, register: LineRegister, problems: ProblemList) {
        self.needsLines = needsLines
        self.points = points
        self.register = register
        self.problems = problems
    }

    /// The ids that stand at `part`, right or wrong; what is wrong with them is left to `read`.
    static func ids(_ part: Part?) -> [String] {
        guard let part, case .mapping(let pairs) = part.node.content else { return [] }
        return pairs.prefix(OutputKeys.limit).compactMap { pair in
            if case .scalar(let text, _) = pair.key.content { OutputKeys.id.read(text)?.text } else { nil }
        }
    }

    mutating func read(_ part: Part) {
        let pairs = part.pairs(allowed: SiteKeys.outputs.allowed, problems: problems) ?? []
        if pairs.count > OutputKeys.limit {
            problems.add(
                part.place, part.path, found: "\(pairs.count) outputs", allowed: "at most \(OutputKeys.limit)")
        }
        for pair in pairs.prefix(OutputKeys.limit) {
            guard let id = OutputKeys.id.read(pair.key) else {
                problems.add(
                    pair.place, pair.value.path, found: "the output \(quoted(pair.key))",
                    allowed: OutputKeys.id.allowed)
                continue
            }
            read(id, pair.value)
        }
    }

    private mutating func read(_ id: OutputID, _ part: Part) {
        guard
            let section = Section(
                part, allowed: "an output, such as {kind: lamp, line: {name: GPIO20}}", keys: OutputKeys.all,
                problems: problems)
        else { return }
        let kind = section.value(OutputKeys.kind, problems)
        let active = section.value(OutputKeys.active, problems)
        let patterns = section.part(OutputKeys.patterns, problems).map(self.patterns)
        let points = section.part(OutputKeys.points, problems).map(self.patternsOfPoints)
        let line = line(section)
        guard let kind else { return }
        outputs.append(BoardOutput(id: id, kind: kind, points: points ?? [], patterns: patterns ?? [:]))
        guard let line else { return }
        lines.append(OutputLine(output: id, address: line, activeLow: active == .low))
    }

    private mutating func line(_ section: Section) -> LineAddress? {
        guard let part = section.part(OutputKeys.line, problems) else {
            if needsLines { section.missing(OutputKeys.line.name, allowed: OutputKeys.line.allowed, problems) }
            return nil
        }
        guard let keys = Section(part, allowed: OutputKeys.line.allowed, keys: LineKeys.all, problems: problems),
            let address = LineReader(section: keys, problems: problems).address
        else { return nil }
        register.take(address, at: part.place, part.path, problems)
        return address
    }

    private func patternsOfPoints(_ part: Part) -> [String] {
        part.values(
            Kind<String>.pointPattern, limit: OutputKeys.patternLimit, allowed: OutputKeys.points.allowed,
            problems: problems
        ).map { pattern, item in
            points?.refuse(pattern, at: item.place, item.path, problems)
            return pattern
        }
    }

    private func patterns(_ part: Part) -> [Signal: OutputPattern] {
        guard
            let section = Section(
                part, allowed: OutputKeys.patterns.allowed, keys: SignalKeys.all, problems: problems)
        else { return [:] }
        var patterns: [Signal: OutputPattern] = [:]
        for (signal, key) in SignalKeys.keys { patterns[signal] = section.value(key, problems) }
        return patterns
    }
}
