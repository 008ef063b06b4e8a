/// One value of a YAML text, with its place.
package struct Node {
    package enum Content {
        case scalar(String, plain: Bool)
        case list([Node])
        case mapping([(key: Node, value: Node)])
        /// An alias, which has been reported: nothing more is to be said of it.
        case refused
    }

    package let mark: Mark
    package let content: Content

    package init(mark: Mark, content: Content) {
        self.mark = mark
        self.content = content
    }

    /// True for nothing, `~` and `null`: the key stands there without a value.
    package var isNothing: Bool {
        guard case .scalar(let text, plain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What stands here, in the words of a message.
    package var found: String {
        switch content {
        case .scalar(let text, _): isNothing ? "nothing" : quoted(text)
        case .list: "a list"
        case .mapping: "a mapping (key: value)"
        case .refused: "an alias"
        }
    }
}

/// Reads a YAML text into a bounded tree.
package struct YAMLTree {
    /// How deep lists and mappings may stand in each other; a site file needs six.
    static let maximumDepth = 16
    /// How many values one file may have; ten thousand points need a quarter of them.
    static let maximumNodes = 500_000

    /// A list or mapping that is being read. A mapping's keys and values take turns in `nodes`.
    private struct Open {
        let mark: Mark
        let isMapping: Bool
        var nodes: [Node] = []

        var closed: Node {
            guard isMapping else { return Node(mark: mark, content: .list(nodes)) }
            let pairs = stride(from: 0, to: nodes.count - 1, by: 2).map { (key: nodes[$0], value: nodes[$0 + 1]) }
            return Node(mark: mark, content: .mapping(pairs))
        }
    }

    private let file: TextFile
    private let problems: ProblemList
    private var open: [Open] = []
    private var root: Node?
    private var count = 0
    private var documents = 0

    private init(_ file: TextFile, _ problems: ProblemList) {
        self.file = file
        self.problems = problems
    }

    /// The file's one document; nil after saying why it can't be read.
    package static func read(_ file: TextFile, problems: ProblemList) -> Node? {
        file.bytes.withUnsafeBufferPointer { bytes in
            // SAFETY: the events live inside this closure, in which `bytes` is valid.
            guard let events = YAMLEvents(bytes) else {
                problems.add(file: file.name, found: "no memory to read it", allowed: "a machine with memory to spare")
                return nil
            }
            var tree = YAMLTree(file, problems)
            do throws(YAMLSyntaxError) {
                while try tree.take(events.next()) {}
            } catch {
                tree.report(error)
                return nil
            }
            return tree.open.isEmpty ? tree.root : nil
        }
    }

    /// Adds one event to the tree. False when the text is over, or not worth reading on.
    private mutating func take(_ event: YAMLEvent) -> Bool {
        refuseDecorations(of: event)
        switch event.kind {
        case .streamEnd:
            if documents == 0 { say(event.mark, "only comments", "\(file.format.noun), see \(file.format.page)") }
            return false
        case .documentStart:
            documents += 1
            guard documents == 1 else {
                say(event.mark, "a second document (after ---)", "one document per file")
                return false
            }
        case .scalar(let text, let plain):
            return add(Node(mark: event.mark, content: .scalar(text, plain: plain)))
        case .alias:
            say(event.mark, "an alias (a value that begins with *)", Self.noAliases)
            return add(Node(mark: event.mark, content: .refused))
        case .listStart: return begin(Open(mark: event.mark, isMapping: false))
        case .mappingStart: return begin(Open(mark: event.mark, isMapping: true))
        case .end:
            if let finished = open.popLast() { return add(finished.closed) }
        case .other: break
        }
        return true
    }

    private mutating func begin(_ new: Open) -> Bool {
        guard open.count < Self.maximumDepth else {
            say(
                new.mark, "lists or mappings more than \(Self.maximumDepth) deep",
                "\(file.format.noun), which has fewer levels")
            return false
        }
        open.append(new)
        return true
    }

    private mutating func add(_ node: Node) -> Bool {
        count += 1
        guard count <= Self.maximumNodes else {
            say(
                node.mark, "more than \(grouped(Self.maximumNodes)) values", "fewer; long lists of points go into a CSV"
            )
            return false
        }
        if open.isEmpty { root = node } else { open[open.count - 1].nodes.append(node) }
        return true
    }

    /// What follows the sign is not shown: it may be a password that begins with one.
    private func refuseDecorations(of event: YAMLEvent) {
        if event.isAnchored { say(event.mark, "an anchor (a value that begins with &)", Self.noAliases) }
        if event.isTagged {
            say(
                event.mark, "a tag (a value that begins with !)",
                "plain values without tags (put text that begins with ! in quotes)")
        }
    }

    private static let noAliases =
        "values written out (what points share goes under defaults; put text that begins with & or * in quotes)"

    private func say(_ mark: Mark, _ found: String, _ allowed: String) {
        problems.add(Place(file: file.name, mark: mark), "", found: found, allowed: allowed)
    }

    // MARK: Syntax

    private func report(_ error: YAMLSyntaxError) {
        let mark =
            switch error.position {
            case .mark(let mark): mark
            case .offset(let offset): TextFile.mark(of: offset, in: file.bytes)
            }
        var found = "broken YAML: \(error.message)"
        if let context = error.context, context.mark.line < mark.line {
            found += " (\(context.what) that begins in line \(context.mark.line))"
        }
        say(mark, found, remedy(near: mark))
    }

    /// What usually helps, from what stands on that line or the one before. The line itself is not shown: it may hold a
    /// secret.
    private func remedy(near mark: Mark) -> String {
        let lines = [file.line(mark.line), file.line(mark.line - 1)]
        if lines.contains(where: { $0.prefix { $0 == 0x20 || $0 == 0x09 }.contains(0x09) }) {
            return "spaces before a key, never a tab"
        }
        if lines.contains(where: { String(decoding: $0, as: UTF8.self).contains("：") }) {
            return "\"key: value\" with a plain colon and a space; a full-width colon (：) stands near here"
        }
        return "\"key: value\" lines; keys of one mapping in the same column, text with : or # in quotes"
    }
}
