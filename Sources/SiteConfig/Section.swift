/// A single value and where it stands.
package struct Field {
    package let text: String
    package let place: Place
    package let path: String

    package init(text: String, place: Place, path: String) {
        self.text = text
        self.place = place
        self.path = path
    }
}

/// A list or mapping and where it stands.
package struct Part {
    package let node: Node
    package let place: Place
    package let path: String

    package init(node: Node, place: Place, path: String) {
        self.node = node
        self.place = place
        self.path = path
    }
}

/// The known keys of one mapping, or the cells of one CSV row under their columns' names.
package struct Section {
    /// Where it begins: what is missing is reported there.
    package let place: Place
    package let path: String
    package private(set) var fields: [String: Field] = [:]
    package private(set) var parts: [String: Part] = [:]
    /// The keys that stand there, with a usable value or not.
    package private(set) var present: Set<String> = []

    package init(place: Place, path: String) {
        self.place = place
        self.path = path
    }

    /// The mapping at `part`; nil after saying that it is none. Unknown keys, doubled keys and values of the wrong shape
    /// are reported here.
    /// - Parameter secrets: keys under which somebody may have written a password.
    package init?(_ part: Part, allowed: String, keys: [KeyDoc], secrets: Set<String> = [], problems: ProblemList) {
        self.init(place: part.place, path: part.path)
        guard let pairs = part.pairs(allowed: allowed, problems: problems) else { return nil }
        for pair in pairs {
            if secrets.contains(pair.key.lowercased()) {
                problems.add(
                    pair.place, pair.value.path, found: "a secret in the site file",
                    allowed: "password-file: the name of a file whose first line is the password")
            } else if let doc = keys.first(where: { $0.name == pair.key }) {
                take(pair.value, doc, problems)
            } else {
                let names = keys.map(\.name)
                let guess = problems.guess(for: pair.key, of: names)
                problems.add(
                    pair.place, pair.value.path, found: "an unknown key",
                    allowed: "\(guess)keys here are \(names.joined(separator: ", "))")
            }
        }
    }

    private mutating func take(_ part: Part, _ doc: KeyDoc, _ problems: ProblemList) {
        present.insert(doc.name)
        switch (part.node.content, doc.shape) {
        case (.refused, _): break
        case (.scalar(let text, _), .scalar) where !part.node.isNothing,
            (.scalar(let text, _), .scalarOrMapping) where !part.node.isNothing:
            fields[doc.name] = Field(text: text, place: part.place, path: part.path)
        case (.mapping, .mapping), (.mapping, .listOrMapping), (.mapping, .scalarOrMapping), (.list, .list),
            (.list, .listOrMapping):
            parts[doc.name] = part
        default: problems.add(part.place, part.path, found: part.node.found, allowed: doc.allowed)
        }
    }

    /// Puts a cell under its column's name.
    mutating func set(_ field: Field, for name: String) {
        present.insert(name)
        fields[name] = field
    }

    // MARK: Values

    /// The value under `key`; nil if there is none or it is wrong, which is reported, as is a required key's absence.
    package func value<Value>(_ key: Key<Value>, _ problems: ProblemList) -> Value? {
        guard let field = fields[key.name] else {
            require(key.doc, problems)
            return nil
        }
        guard let value = key.kind.read(field.text) else {
            let found = key.kind.hide(field.text) ?? quoted(field.text)
            problems.add(field.place, field.path, found: found, allowed: key.kind.allowed)
            return nil
        }
        return value
    }

    /// The list or mapping under the key; nil if there is none or it is wrong, which is reported.
    package func part(_ doc: KeyDoc, _ problems: ProblemList) -> Part? {
        if parts[doc.name] == nil { require(doc, problems) }
        return parts[doc.name]
    }

    private func require(_ doc: KeyDoc, _ problems: ProblemList) {
        if case .required = doc.presence { missing(doc.name, allowed: doc.allowed, problems) }
    }

    /// Reports that nothing stands under `name`, unless something wrong does, which has been reported.
    package func missing(_ name: String, allowed: String, _ problems: ProblemList) {
        guard !present.contains(name) else { return }
        problems.add(place, joined(path, name), found: "nothing", allowed: allowed)
    }
}

extension Part {
    /// The keys of a mapping with their values, each key once; nil after saying that this is no mapping.
    package func pairs(allowed: String, problems: ProblemList) -> [(key: String, place: Place, value: Part)]? {
        guard case .mapping(let nodes) = node.content else {
            if case .refused = node.content { return nil }
            // Another file, named by mistake, is not repeated in a log.
            let found =
                if path.isEmpty, case .scalar = node.content, !node.isNothing { "plain text" } else { node.found }
            problems.add(place, path, found: found, allowed: allowed)
            return nil
        }
        var first: [String: Place] = [:]
        var pairs: [(key: String, place: Place, value: Part)] = []
        for (key, value) in nodes {
            let keyPlace = Place(file: place.file, mark: key.mark)
            guard case .scalar(let name, _) = key.content else {
                if case .refused = key.content { continue }
                problems.add(keyPlace, path, found: "\(key.found) as a key", allowed: "plain words as keys")
                continue
            }
            let valuePath = joined(path, shown(name))
            if let before = first.updateValue(keyPlace, forKey: name) {
                first[name] = before
                problems.add(
                    keyPlace, valuePath, found: "the key a second time (first at \(before.short))",
                    allowed: "each key once")
                continue
            }
            let valuePlace = Place(file: place.file, mark: value.mark)
            pairs.append((name, keyPlace, Part(node: value, place: valuePlace, path: valuePath)))
        }
        return pairs
    }

    /// The items of a list, each with its number in its path; nil after saying that this is no list.
    package func items(allowed: String, problems: ProblemList) -> [Part]? {
        guard case .list(let nodes) = node.content else {
            problems.add(place, path, found: node.found, allowed: allowed)
            return nil
        }
        return nodes.enumerated().map { index, item in
            Part(node: item, place: Place(file: place.file, mark: item.mark), path: "\(path)[\(index)]")
        }
    }

    /// The single values of a list of up to `limit`, each as `kind` reads it and with its place. What is wrong with the
    /// list is reported, and a wrong item too, which is left out.
    package func values<Value>(
        _ kind: Kind<Value>, limit: Int, allowed: String, problems: ProblemList
    ) -> [(value: Value, item: Part)] {
        guard let items = items(allowed: allowed, problems: problems) else { return [] }
        if items.count > limit { problems.add(place, path, found: "a list of \(items.count)", allowed: allowed) }
        return items.prefix(limit).compactMap { item in
            if case .refused = item.node.content { return nil }
            if case .scalar(let text, _) = item.node.content, let value = kind.read(text) { return (value, item) }
            problems.add(item.place, item.path, found: item.node.found, allowed: kind.allowed)
            return nil
        }
    }

    /// A key as a path shows it: as it is, or in quotes if it isn't plain or is long.
    private func shown(_ key: String) -> String {
        let isPlain =
            (1...40).contains(key.utf8.count)
            && key.unicodeScalars.allSatisfy { !isControl($0) && !$0.properties.isWhitespace && $0 != "." && $0 != ":" }
        return isPlain ? key : quoted(key)
    }
}

/// One more step of a key path.
package func joined(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
