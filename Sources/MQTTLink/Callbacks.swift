internal import CMosquitto
internal import Certificates
internal import Glibc

/// libmosquitto's callbacks of one handle. Each finds its `ConnectionEvents` through the handle's user data.
enum Callbacks {
    static func install(on handle: OpaquePointer) {
        mosquitto_connect_v5_callback_set(handle) { _, context, code, flags, properties in
            let received = ReceivedProperties(head: properties)
            Callbacks.post(
                context,
                .connack(
                    code: UInt8(truncatingIfNeeded: code), sessionPresent: flags & 1 != 0,
                    keepAliveSeconds: received.int16(MQTT_PROP_SERVER_KEEP_ALIVE),
                    receiveMaximum: received.int16(MQTT_PROP_RECEIVE_MAXIMUM),
                    received.string(MQTT_PROP_REASON_STRING)))
        }
        mosquitto_disconnect_v5_callback_set(handle) { _, context, code, _ in
            // Here errno is the reason of the end, for whoever called the library.
            let reason = errno
            Callbacks.post(context, .closed(code: code))
            errno = reason
        }
        mosquitto_publish_v5_callback_set(handle) { _, context, packet, reason, _ in
            Callbacks.post(
                context,
                .puback(packet: UInt16(truncatingIfNeeded: packet), reason: UInt8(truncatingIfNeeded: reason)))
        }
        mosquitto_subscribe_v5_callback_set(handle) { _, context, packet, count, granted, _ in
            // SAFETY: libmosquitto lends `count` ints for the length of this call; they are copied.
            let reasons = UnsafeBufferPointer(start: granted, count: Int(count))
            Callbacks.post(
                context, .suback(packet: packet, reasons: reasons.map { UInt8(truncatingIfNeeded: $0) }))
        }
        mosquitto_unsubscribe_v5_callback_set(handle) { _, context, packet, _ in
            Callbacks.post(context, .unsuback(packet: packet))
        }
        mosquitto_message_v5_callback_set(handle) { _, context, message, properties in
            Callbacks.receive(context, message, ReceivedProperties(head: properties))
        }
        mosquitto_log_callback_set(handle) { handle, context, level, line in
            Callbacks.log(handle, context, level, line)
        }
    }

    private static func post(_ context: UnsafeMutableRawPointer?, _ event: ConnectionEvents.Event) {
        events(context)?.post(event)
        // libmosquitto 2.0 looks at errno after a packet and stops reading on a stale EAGAIN, which would leave what
        // OpenSSL has already decrypted lying there until the next byte comes.
        errno = 0
    }

    private static func events(_ context: UnsafeMutableRawPointer?) -> ConnectionEvents? {
        // SAFETY: the context is the ConnectionEvents that `Connection` owns; it outlives the handle.
        context.map { Unmanaged<ConnectionEvents>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func receive(
        _ context: UnsafeMutableRawPointer?, _ message: UnsafePointer<mosquitto_message>?,
        _ properties: ReceivedProperties
    ) {
        // SAFETY: libmosquitto lends the message for the length of this call; topic and payload are copied.
        guard let events = events(context), let message = message?.pointee, let text = message.topic else { return }
        let topic = String(cString: text)
        let bytes = Int(message.payloadlen)
        guard bytes <= events.largestMessage else {
            return post(context, .discarded(topic: topic, bytes: bytes))
        }
        let received = Message(
            topic: topic,
            payload: Array(UnsafeRawBufferPointer(start: message.payload, count: bytes)),
            retain: message.retain,
            expirySeconds: properties.int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL),
            contentType: properties.string(MQTT_PROP_CONTENT_TYPE),
            isUTF8: properties.byte(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR) == 1,
            userProperties: properties.userProperties(),
            responseTopic: properties.string(MQTT_PROP_RESPONSE_TOPIC),
            correlation: properties.binary(MQTT_PROP_CORRELATION_DATA))
        post(context, .message(received))
    }

    /// The library's log is read for two things it tells nobody otherwise: why TLS failed, and that it has sent a ping.
    private static func log(
        _ handle: OpaquePointer?, _ context: UnsafeMutableRawPointer?, _ level: Int32, _ line: UnsafePointer<CChar>?
    ) {
        // SAFETY: a NUL-ended line, lent for the length of this call.
        guard let line, let events = events(context) else { return }
        if level == MOSQ_LOG_DEBUG {
            // Checked without making a String: this runs for every packet.
            if strstr(line, " sending PINGREQ") != nil { events.post(.pingSent) }
        } else if level == MOSQ_LOG_ERR {
            // SAFETY: the SSL object belongs to the handle, whose callback we are in.
            let verdict = handle.flatMap { mosquitto_ssl_get($0) }.flatMap { CertificateVerdict(on: $0) }
            events.note(errorLine: String(cString: line), verdict)
        }
    }
}
