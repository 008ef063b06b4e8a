import Foundation

/// Any JSON, with the kinds told apart that a contract tells apart: whole numbers from others, `null` from nothing.
@dynamicMemberLookup
enum JSON: Equatable, Decodable, CustomStringConvertible {
    case null
    case bool(Bool)
    case whole(Int64)
    case real(Double)
    case text(String)
    case list([JSON])
    case object([String: JSON])

    /// - Throws: when `text` is not JSON.
    init(parsing text: String) throws { self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8)) }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .whole(value)
        } else if let value = try? container.decode(Double.self) {
            self = .real(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    /// A field of an object; nil if it isn't there.
    subscript(dynamicMember key: String) -> JSON? { self[key] }
    subscript(key: String) -> JSON? { fields?[key] }

    var fields: [String: JSON]? { if case .object(let fields) = self { fields } else { nil } }
    var keys: Set<String> { Set(fields?.keys.map { $0 } ?? []) }
    var items: [JSON]? { if case .list(let items) = self { items } else { nil } }
    var string: String? { if case .text(let text) = self { text } else { nil } }
    var int: Int64? { if case .whole(let number) = self { number } else { nil } }
    var number: Double? { if case .real(let number) = self { number } else { int.map(Double.init) } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The kind's name, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .whole: "whole"
        case .real: "real"
        case .text: "text"
        case .list: "list"
        case .object: "object"
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .whole(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let value): "\"\(value)\""
        case .list(let items): "[\(items.map(\.description).joined(separator: ","))]"
        case .object(let fields):
            "{\(fields.sorted { $0.key < $1.key }.map { "\"\($0)\":\($1)" }.joined(separator: ","))}"
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    init(stringLiteral value: String) { self = .text(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(integerLiteral value: Int64) { self = .whole(value) }
}
