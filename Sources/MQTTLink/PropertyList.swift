internal import CMosquitto
internal import Glibc

/// Owns a list of MQTT 5 properties that is being written.
struct PropertyList: ~Copyable {
    private(set) var head: OpaquePointer?
    /// The first refusal of libmosquitto while adding, or MOSQ_ERR_SUCCESS.
    private(set) var code: Int32 = 0

    init() {}

    deinit {
        var head = head
        // SAFETY: the list is ours alone, and nobody reads it after this.
        mosquitto_property_free_all(&head)
    }

    mutating func add(_ identifier: mqtt5_property, byte value: UInt8) {
        note(mosquitto_property_add_byte(&head, Int32(identifier.rawValue), value))
    }

    mutating func add(_ identifier: mqtt5_property, int32 value: UInt32) {
        note(mosquitto_property_add_int32(&head, Int32(identifier.rawValue), value))
    }

    mutating func add(_ identifier: mqtt5_property, string value: String) {
        note(mosquitto_property_add_string(&head, Int32(identifier.rawValue), value))
    }

    mutating func add(_ identifier: mqtt5_property, binary value: [UInt8]) {
        guard let count = UInt16(exactly: value.count) else { return note(MOSQ_ERR_INVAL.rawValue) }
        note(mosquitto_property_add_binary(&head, Int32(identifier.rawValue), value, count))
    }

    /// Everything of a message that is not topic, payload and retain.
    mutating func add(attributesOf message: Message) {
        if message.isUTF8 { add(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR, byte: 1) }
        if let seconds = message.expirySeconds { add(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, int32: seconds) }
        if let type = message.contentType { add(MQTT_PROP_CONTENT_TYPE, string: type) }
        if let topic = message.responseTopic { add(MQTT_PROP_RESPONSE_TOPIC, string: topic) }
        if let bytes = message.correlation { add(MQTT_PROP_CORRELATION_DATA, binary: bytes) }
        for property in message.userProperties {
            note(
                mosquitto_property_add_string_pair(
                    &head, Int32(MQTT_PROP_USER_PROPERTY.rawValue), property.name, property.value))
        }
    }

    /// Gives the list away to a library call that has taken it over.
    mutating func release() { head = nil }

    private mutating func note(_ result: Int32) { if code == 0 { code = result } }
}

/// Reads the properties libmosquitto lends to a callback; everything is copied.
struct ReceivedProperties {
    // SAFETY: valid only during the callback that made this value; it never leaves it.
    let head: OpaquePointer?

    func byte(_ identifier: mqtt5_property) -> UInt8? {
        var value: UInt8 = 0
        return mosquitto_property_read_byte(head, Int32(identifier.rawValue), &value, false) == nil ? nil : value
    }

    func int16(_ identifier: mqtt5_property) -> UInt16? {
        var value: UInt16 = 0
        return mosquitto_property_read_int16(head, Int32(identifier.rawValue), &value, false) == nil ? nil : value
    }

    func int32(_ identifier: mqtt5_property) -> UInt32? {
        var value: UInt32 = 0
        return mosquitto_property_read_int32(head, Int32(identifier.rawValue), &value, false) == nil ? nil : value
    }

    func string(_ identifier: mqtt5_property) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        guard mosquitto_property_read_string(head, Int32(identifier.rawValue), &value, false) != nil, let value else {
            return nil
        }
        // SAFETY: libmosquitto allocated a NUL-ended copy for us; it is copied again and freed here.
        defer { free(value) }
        return String(cString: value)
    }

    func binary(_ identifier: mqtt5_property) -> [UInt8]? {
        var value: UnsafeMutableRawPointer?
        var count: UInt16 = 0
        guard mosquitto_property_read_binary(head, Int32(identifier.rawValue), &value, &count, false) != nil else {
            return nil
        }
        // SAFETY: `count` bytes that libmosquitto allocated for us, copied and freed here; nil when count is 0.
        defer { free(value) }
        return Array(UnsafeRawBufferPointer(start: value, count: Int(count)))
    }

    func userProperties() -> [Message.UserProperty] {
        var found: [Message.UserProperty] = []
        var position = head
        var skipsFirst = false
        while let start = position {
            var name: UnsafeMutablePointer<CChar>?
            var value: UnsafeMutablePointer<CChar>?
            let identifier = Int32(MQTT_PROP_USER_PROPERTY.rawValue)
            position = mosquitto_property_read_string_pair(start, identifier, &name, &value, skipsFirst)
            // SAFETY: both are copies made for us; they are copied and freed here.
            if position != nil, let name, let value {
                found.append(Message.UserProperty(String(cString: name), String(cString: value)))
            }
            free(name)
            free(value)
            skipsFirst = true
        }
        return found
    }
}
