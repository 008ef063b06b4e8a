/// One key of the site file as people are told of it: one row of the reference page.
package struct KeyDoc: Sendable {
    /// What may stand under it.
    package enum Shape { case scalar, mapping, list, listOrMapping, scalarOrMapping }
    /// Whether it must be there.
    package enum Presence: Sendable {
        case required
        /// What holds when the key isn't there, in the page's words.
        case optional(String)
    }

    package let name: String
    package let shape: Shape
    package let presence: Presence
    package let allowed: String
    package let unit: String?
    package let example: String
    /// What it means, in one line.
    package let meaning: String

    package init(
        _ name: String, _ shape: Shape, _ presence: Presence, allowed: String, unit: String? = nil, example: String,
        _ meaning: String
    ) {
        self.name = name
        self.shape = shape
        self.presence = presence
        self.allowed = allowed
        self.unit = unit
        self.example = example
        self.meaning = meaning
    }
}

/// A key with a single value of a known kind.
package struct Key<Value: Sendable>: Sendable {
    package let doc: KeyDoc
    package let kind: Kind<Value>

    package var name: String { doc.name }

    package init(
        _ name: String, _ presence: KeyDoc.Presence, _ kind: Kind<Value>, example: String, _ meaning: String
    ) {
        doc = KeyDoc(
            name, .scalar, presence, allowed: kind.allowed, unit: kind.unit, example: example, meaning)
        self.kind = kind
    }

    /// The same key where it may be left out.
    func optional(_ otherwise: String) -> Key {
        Key(name, .optional(otherwise), kind, example: doc.example, doc.meaning)
    }

    /// The same key under the name a CSV column has.
    func named(_ name: String, _ meaning: String? = nil) -> Key {
        Key(name, doc.presence, kind, example: doc.example, meaning ?? doc.meaning)
    }
}
