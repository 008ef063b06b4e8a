internal import SiteConfig

/// A scenario's site before it is read: a mapping to which a stage adds what only it knows.
struct SiteMapping {
    let mark: Mark
    private(set) var pairs: [(key: Node, value: Node)]

    /// What every stage sets itself, whatever a site file says.
    private static let staged: Set<String> = [
        "hardware", "brokers", "journal", "control-socket", "simulator-socket",
    ]

    /// Nil if the node is no mapping.
    init?(_ node: Node) {
        guard case .mapping(let pairs) = node.content else { return nil }
        mark = node.mark
        self.pairs = pairs.filter { pair in
            if case .scalar(let key, _) = pair.key.content { !Self.staged.contains(key) } else { true }
        }
    }

    var node: Node { Node(mark: mark, content: .mapping(pairs)) }

    func has(_ key: String) -> Bool { value(of: key) != nil }

    private func value(of key: String) -> Node? { pairs.first { Self.isKey($0.key, key) }?.value }

    private static func isKey(_ node: Node, _ key: String) -> Bool {
        if case .scalar(key, _) = node.content { true } else { false }
    }

    mutating func set(_ key: String, _ value: Node) {
        pairs.removeAll { Self.isKey($0.key, key) }
        pairs.append((Node(mark: mark, content: .scalar(key, plain: true)), value))
    }

    mutating func set(_ key: String, _ text: String) {
        set(key, Node(mark: mark, content: .scalar(text, plain: true)))
    }

    /// Brokers at these places.
    mutating func setBrokers(_ brokers: [(host: String, port: Int)]) {
        func scalar(_ text: String) -> Node { Node(mark: mark, content: .scalar(text, plain: true)) }
        let list = brokers.map { broker in
            Node(
                mark: mark,
                content: .mapping([
                    (scalar("host"), scalar(broker.host)), (scalar("port"), scalar(String(broker.port))),
                ]))
        }
        set("brokers", Node(mark: mark, content: .list(list)))
    }

    /// The files of points and the folder of devices under their absolute paths, since the site will lie in another
    /// directory.
    mutating func resolveFiles(from directory: String) {
        if case .scalar(let path, _)? = value(of: "devices")?.content, !path.hasPrefix("/") {
            set("devices", "\(directory)/\(path)")
        }
        guard let points = value(of: "points") else { return }
        let resolved: Node
        switch points.content {
        case .list(let items):
            resolved = Node(mark: points.mark, content: .list(items.map { Self.resolve($0, directory) }))
        default: resolved = Self.resolve(points, directory)
        }
        if let index = pairs.firstIndex(where: { Self.isKey($0.key, "points") }) { pairs[index].value = resolved }
    }

    private static func resolve(_ node: Node, _ directory: String) -> Node {
        guard case .mapping(let pairs) = node.content else { return node }
        let changed = pairs.map { pair -> (key: Node, value: Node) in
            guard isKey(pair.key, "file"), case .scalar(let path, let plain) = pair.value.content,
                !path.hasPrefix("/")
            else { return pair }
            return (pair.key, Node(mark: pair.value.mark, content: .scalar("\(directory)/\(path)", plain: plain)))
        }
        return Node(mark: node.mark, content: .mapping(changed))
    }
}

extension Scenario {
    /// The site file of a real gateway that plays this scenario.
    /// - Parameter settings: what the stage says of it, such as `hardware`, `journal` and `control-socket`.
    package func siteFile(brokers: [(host: String, port: Int)], settings: [(String, String)]) -> String {
        guard var mapping = SiteMapping(siteNode) else { return "" }
        mapping.setBrokers(brokers)
        for (key, text) in settings { mapping.set(key, text) }
        return mapping.node.flowText + "\n"
    }
}
