/// Writes `Encodable` values as compact JSON (RFC 8259), keys in the order in which the type encodes them.
///
/// The standard library's protocols, a byte buffer, nothing else: Foundation's encoder touches more program text with
/// every press, and leaves the order of keys to chance (docs/decisions/0004). Reading JSON is left to Foundation.
struct JSONWriter {
    /// The value as UTF-8 JSON.
    static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let buffer = JSONBuffer()
        try JSONValueEncoder.write(value, to: buffer)
        return buffer.bytes
    }
}

/// The bytes so far, shared by all encoders of one value.
private final class JSONBuffer {
    var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(1024) }

    func write(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    func write(number: some CustomStringConvertible) { bytes.append(contentsOf: number.description.utf8) }

    /// RFC 8259, section 7: quotation mark, reverse solidus and the control characters must be escaped.
    func write(string: String) {
        bytes.append(UInt8(ascii: "\""))
        var string = string
        string.withUTF8 { text in
            if text.allSatisfy(Self.isPlain) { bytes.append(contentsOf: text) } else { write(escaping: text) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 32 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private func write(escaping text: UnsafeBufferPointer<UInt8>) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<32:
                let hex = Array("0123456789abcdef".utf8)
                bytes += Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
    }
}

/// One value: an object, an array or a scalar, whichever its type asks for first.
private final class JSONValueEncoder: Encoder {
    enum Shape { case scalar, object, array }

    let buffer: JSONBuffer
    /// A wire type that doesn't encode is a mistake of ours, and says which it is: nobody reads the way to it.
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    private var shape: Shape?
    private var count = 0

    private init(_ buffer: JSONBuffer) { self.buffer = buffer }

    static func write(_ value: some Encodable, to buffer: JSONBuffer) throws {
        let encoder = JSONValueEncoder(buffer)
        try value.encode(to: encoder)
        encoder.finish()
    }

    /// A type may ask for its container several times, to write an object in parts.
    private func begin(_ shape: Shape) {
        precondition(self.shape == nil || self.shape == shape, "a value that is two things at once")
        guard self.shape == nil else { return }
        self.shape = shape
        if shape == .object { buffer.write("{") }
        if shape == .array { buffer.write("[") }
    }

    private func finish() {
        switch shape {
        case .object: buffer.write("}")
        case .array: buffer.write("]")
        case .scalar: break
        case nil: buffer.write("{}")
        }
    }

    func separate() {
        if count > 0 { buffer.write(",") }
        count += 1
    }

    var elements: Int { count }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        begin(.object)
        return KeyedEncodingContainer(JSONObject<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        begin(.array)
        return JSONArray(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        begin(.scalar)
        return JSONScalar(encoder: self)
    }
}

private struct JSONObject<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: JSONValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    private func key(_ key: Key) {
        encoder.separate()
        encoder.buffer.write(string: key.stringValue)
        encoder.buffer.write(":")
    }

    func encodeNil(forKey key: Key) throws {
        self.key(key)
        encoder.buffer.write("null")
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        self.key(key)
        encoder.buffer.write(value ? "true" : "false")
    }

    func encode(_ value: String, forKey key: Key) throws {
        self.key(key)
        encoder.buffer.write(string: value)
    }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        self.key(key)
        try JSONValueEncoder.write(value, to: encoder.buffer)
    }

    func encode(_ value: Int, forKey key: Key) throws { number(value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { number(value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { number(value, key) }

    private func number(_ value: some FixedWidthInteger, _ key: Key) {
        self.key(key)
        encoder.buffer.write(number: value)
    }

    // No wire type nests containers by hand.
    func nestedContainer<Nested>(keyedBy: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        preconditionFailure("no wire type nests containers by hand")
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        preconditionFailure("no wire type nests containers by hand")
    }
    func superEncoder() -> any Encoder { preconditionFailure("wire types are structs") }
    func superEncoder(forKey key: Key) -> any Encoder { preconditionFailure("wire types are structs") }
}

private struct JSONArray: UnkeyedEncodingContainer {
    let encoder: JSONValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.elements }

    func encodeNil() throws {
        encoder.separate()
        encoder.buffer.write("null")
    }

    func encode<T: Encodable>(_ value: T) throws {
        encoder.separate()
        try JSONValueEncoder.write(value, to: encoder.buffer)
    }

    func nestedContainer<Nested>(keyedBy: Nested.Type) -> KeyedEncodingContainer<Nested> {
        preconditionFailure("no wire type nests containers by hand")
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        preconditionFailure("no wire type nests containers by hand")
    }
    func superEncoder() -> any Encoder { preconditionFailure("wire types are structs") }
}

private struct JSONScalar: SingleValueEncodingContainer {
    let encoder: JSONValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil() throws { encoder.buffer.write("null") }
    func encode(_ value: Bool) throws { encoder.buffer.write(value ? "true" : "false") }
    func encode(_ value: String) throws { encoder.buffer.write(string: value) }
    func encode(_ value: Int) throws { encoder.buffer.write(number: value) }
    func encode(_ value: Int8) throws { encoder.buffer.write(number: value) }
    func encode(_ value: Int16) throws { encoder.buffer.write(number: value) }
    func encode(_ value: Int32) throws { encoder.buffer.write(number: value) }
    func encode(_ value: Int64) throws { encoder.buffer.write(number: value) }
    func encode(_ value: UInt) throws { encoder.buffer.write(number: value) }
    func encode(_ value: UInt8) throws { encoder.buffer.write(number: value) }
    func encode(_ value: UInt16) throws { encoder.buffer.write(number: value) }
    func encode(_ value: UInt32) throws { encoder.buffer.write(number: value) }
    func encode(_ value: UInt64) throws { encoder.buffer.write(number: value) }

    /// Shortest text that reads back as the same number; JSON has no infinities.
    func encode(_ value: Double) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: codingPath, debugDescription: "not a JSON number"))
        }
        encoder.buffer.write(number: value)
    }
    func encode(_ value: Float) throws { try encode(Double(value)) }

    func encode<T: Encodable>(_ value: T) throws {
        try JSONValueEncoder.write(value, to: encoder.buffer)
    }
}
