internal import CallCore

/// Why a field can't be taken; the reason begins with its name.
struct FieldError: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// A JSON object's fields, each of which may be missing or of the wrong kind. A field that is null is a missing one.
struct Fields {
    private let values: [String: JSONValue]

    init(_ values: [String: JSONValue]) { self.values = values }

    func text(_ key: String, longest: Int) throws(FieldError) -> String? {
        switch values[key] {
        case nil, .null: return nil
        case .string(let text) where text.utf8.count <= longest: return text
        case .string: throw FieldError("\(key): longer than \(longest) bytes")
        default: throw FieldError("\(key): must be a string")
        }
    }

    /// What a person wrote, for others to read on a line of a screen or of a log; nil for nothing at all.
    func words(_ key: String, longest: Int) throws(FieldError) -> String? {
        guard let text = try text(key, longest: longest), !text.isEmpty else { return nil }
        guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            throw FieldError("\(key): must be without control characters")
        }
        return text
    }

    func whole(_ key: String, _ range: ClosedRange<Int64>) throws(FieldError) -> Int64? {
        switch values[key] {
        case nil, .null: return nil
        case .number(let number):
            if let whole = Int64(exactly: number), range.contains(whole) { return whole }
        case .string(let digits):  // a sequence is a string of digits on the wire
            if let whole = Int64(digits), range.contains(whole) { return whole }
        default: break
        }
        throw FieldError("\(key): must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }

    func flag(_ key: String) throws(FieldError) -> Bool? {
        switch values[key] {
        case nil, .null: return nil
        case .bool(let flag): return flag
        default: throw FieldError("\(key): must be true or false")
        }
    }
}

// The fields of commands that concern calls.
extension Fields {
    /// Which call: a text that is none must not be taken for another call's id.
    func call() throws(FieldError) -> CallID {
        guard let text = try text("call", longest: 128) else { throw FieldError("call: missing") }
        guard let id = CallID(text), id.description == text else {
            throw FieldError("call: not a call's id, such as k3f9qz-123")
        }
        return id
    }

    /// The revision of the record that the person saw.
    func revision() throws(FieldError) -> Int? {
        if case .string? = values["revision"] { throw FieldError("revision: must be a number, not a string") }
        return try whole("revision", 1...(1 << 53)).map { Int($0) }  // JSON's whole numbers: RFC 8259, section 6
    }

    func neededRevision() throws(FieldError) -> Int {
        guard let revision = try revision() else {
            throw FieldError("revision: missing; it is that of the record the person saw")
        }
        return revision
    }

    /// How a call ended, in few words or with a note: `outcome`, or `outcome: note`.
    func outcome() throws(FieldError) -> String? {
        let parts = [
            try words("outcome", longest: CommandMessage.longestName),
            try words("note", longest: CommandMessage.longestNote),
        ]
        let given = parts.compactMap { $0 }
        return given.isEmpty ? nil : given.joined(separator: ": ")
    }

    func point() throws(FieldError) -> PointID? {
        guard let text = try text("point", longest: 64) else { return nil }
        guard let point = PointID(text) else { throw FieldError("point: not a call point's id, such as b3-u2-401") }
        return point
    }
}
