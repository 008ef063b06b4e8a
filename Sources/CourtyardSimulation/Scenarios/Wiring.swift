package import CallCore
package import SiteConfig

/// Lines of a board's chips for the points, receivers and outputs of a scenario's site: every wired point has one, then
/// every loop, then every receiver, on one chip; every output has one on another.
package struct Wiring {
    /// The chips' labels.
    package static let inputs = "points"
    package static let outputs = "outputs"

    /// The points, then the loops, each at the offset of its place in the list.
    package let watched: [PointID]
    package let driven: [OutputID]
    /// The receivers' pins, behind the points and loops.
    package let receivers: [ReceiverID]

    package init(_ site: Site) {
        watched = site.rules.watchedPoints
        driven = site.outputs.map(\.id)
        receivers = site.receivers.map(\.id)
    }

    /// A site file in which every point and output has its line, and a line has no bias unless the file says so: the
    /// request of one with a bias would let go of a button that is held.
    /// - Parameter keep: keeps the bytes of a table of points, and answers under which path.
    /// - Throws: `StageFailure` where the site says itself which lines it has.
    package func complete(
        _ siteFile: String, keep: ([UInt8]) throws(StageFailure) -> String
    ) throws(StageFailure) -> String {
        let problems = ProblemList()
        guard let text = TextFile(Array(siteFile.utf8), name: "the site", format: .yaml, problems: problems),
            var node = YAMLTree.read(text, problems: problems)
        else { throw StageFailure("the site can't be read again") }
        if let points = node.value(of: "points") { node = node.setting("points", try wired(points, keep)) }
        if let outputs = node.value(of: "outputs"), case .mapping(let pairs) = outputs.content {
            let wired = pairs.map { pair in
                (key: pair.key, value: pair.value.setting("line", Self.line(Self.outputs, offset(of: pair.key))))
            }
            node = node.setting("outputs", Node(mark: outputs.mark, content: .mapping(wired)))
        }
        if let pins = node.value(of: "receivers"), case .mapping(let pairs) = pins.content {
            let wired = pairs.map { pair in
                let index = receivers.firstIndex { $0.text == pair.key.scalar } ?? 0
                let laid = pair.value.setting("line", Self.line(Self.inputs, watched.count + index))
                // A pin at rest shows no noise.
                return (
                    key: pair.key,
                    value: pair.value.value(of: "squelch") == nil ? laid.setting("squelch", .text("true")) : laid
                )
            }
            node = node.setting("receivers", Node(mark: pins.mark, content: .mapping(wired)))
        }
        let defaults = node.value(of: "defaults") ?? .pairs([])
        if defaults.value(of: "bias") == nil {
            node = node.setting("defaults", defaults.setting("bias", .text("disabled")))
        }
        return node.flowText + "\n"
    }

    private func offset(of output: Node) -> Int {
        driven.firstIndex { $0.text == output.scalar } ?? 0
    }

    private static func line(_ chip: String, _ offset: Int) -> Node {
        .pairs([("chip", .text(chip)), ("offset", .text(String(offset)))])
    }

    private func wired(
        _ points: Node, _ keep: ([UInt8]) throws(StageFailure) -> String
    ) throws(StageFailure) -> Node {
        var next = 0
        guard case .list(let items) = points.content else { return try wiredItem(points, &next, keep) }
        var wired: [Node] = []
        for item in items { wired.append(try wiredItem(item, &next, keep)) }
        return Node(mark: points.mark, content: .list(wired))
    }

    /// - Parameter next: the offset of the next point.
    private func wiredItem(
        _ item: Node, _ next: inout Int, _ keep: ([UInt8]) throws(StageFailure) -> String
    ) throws(StageFailure) -> Node {
        if let file = item.value(of: "file")?.scalar {
            return item.setting("file", .text(try keep(try table(file, &next))))
        }
        // A transmitter alone has no wire.
        guard item.value(of: "radio") == nil || item.value(of: "line") != nil else { return item }
        defer { next += 1 }
        let wired = item.setting("line", Self.line(Self.inputs, next))
        guard item.value(of: "loop") != nil else { return wired }
        let loop = watched.firstIndex { $0 == watched[next].loop } ?? 0
        return wired.setting("loop", Self.line(Self.inputs, loop))
    }

    /// A table of points with two more columns.
    private func table(_ path: String, _ next: inout Int) throws(StageFailure) -> [UInt8] {
        let bytes: [UInt8]
        do { bytes = try DiskFiles().bytes(of: path, limit: TextFile.Format.csv.limit) } catch {
            throw StageFailure("\(path) can't be read again")
        }
        var separator: Character = ","
        var rows: [String] = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard !rows.isEmpty else {
                guard !line.contains("chip"), !line.contains("loop"), !line.contains("line"), !line.contains("device")
                else {
                    throw StageFailure(
                        "\(path) has columns for lines or transmitters, which this stage lays itself: run on virtual")
                }
                separator = [",", ";", "\t"].max { a, b in line.count { $0 == a } < line.count { $0 == b } } ?? ","
                rows.append("\(line)\(separator)chip\(separator)offset")
                continue
            }
            let isBlank = line.allSatisfy { $0 == separator || $0 == " " }
            rows.append(isBlank ? String(line) : "\(line)\(separator)\(Self.inputs)\(separator)\(next)")
            if !isBlank { next += 1 }
        }
        return Array((rows.joined(separator: "\n") + "\n").utf8)
    }
}

extension Node {
    fileprivate static func text(_ text: String) -> Node {
        Node(mark: Mark(line: 1, column: 1), content: .scalar(text, plain: true))
    }

    fileprivate static func pairs(_ pairs: [(String, Node)]) -> Node {
        Node(mark: Mark(line: 1, column: 1), content: .mapping(pairs.map { (.text($0.0), $0.1) }))
    }

    fileprivate var scalar: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    fileprivate func value(of key: String) -> Node? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.scalar == key }?.value
    }

    /// In place of what it had.
    fileprivate func setting(_ key: String, _ value: Node) -> Node {
        guard case .mapping(let pairs) = content else { return self }
        let others = pairs.filter { $0.key.scalar != key }
        return Node(mark: mark, content: .mapping(others + [(.text(key), value)]))
    }
}
