internal import CMosquitto
internal import Glibc

/// A list of MQTT 5 properties; its owner frees it or gives it away.
struct Properties {
    private(set) var list: OpaquePointer?

    init() {}

    /// What `message` carries besides its payload; nothing on MQTT 3.1.1.
    init(of message: Message, on broker: MQTTLink.Broker, asWill: Bool) {
        guard broker.version == .v5 else { return }
        if let contentType = message.contentType {
            mosquitto_property_add_string(&list, Int32(MQTT_PROP_CONTENT_TYPE.rawValue), contentType)
            mosquitto_property_add_byte(&list, Int32(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR.rawValue), 1)
        }
        if let seconds = message.expirySeconds { add(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, seconds) }
        for (name, value) in message.userProperties.sorted(by: { $0.key < $1.key }) {
            mosquitto_property_add_string_pair(&list, Int32(MQTT_PROP_USER_PROPERTY.rawValue), name, value)
        }
        if let correlation = message.correlation, !asWill {
            mosquitto_property_add_binary(
                &list, Int32(MQTT_PROP_CORRELATION_DATA.rawValue), correlation, UInt16(clamping: correlation.count))
        }
    }

    mutating func add(_ property: mqtt5_property, _ value: UInt32) {
        mosquitto_property_add_int32(&list, Int32(property.rawValue), value)
    }

    /// For calls that take the list over.
    mutating func give() -> OpaquePointer? {
        defer { list = nil }
        return list
    }

    mutating func free() { mosquitto_property_free_all(&list) }

    /// Copies what a desk can add to a command.
    static func read(_ list: OpaquePointer?, into message: inout Message) {
        guard let list else { return }
        var topic: UnsafeMutablePointer<CChar>?
        if mosquitto_property_read_string(list, Int32(MQTT_PROP_RESPONSE_TOPIC.rawValue), &topic, false) != nil,
            let topic
        {
            message.responseTopic = String(cString: topic)
            Glibc.free(topic)
        }
        var bytes: UnsafeMutableRawPointer?
        var count: UInt16 = 0
        if mosquitto_property_read_binary(list, Int32(MQTT_PROP_CORRELATION_DATA.rawValue), &bytes, &count, false)
            != nil
        {
            message.correlation = Array(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            Glibc.free(bytes)
        }
    }
}
