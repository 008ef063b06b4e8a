internal import CMosquitto
internal import Certificates
internal import Glibc

/// Owns one libmosquitto handle, made afresh for one attempt and never reused: the journal is the queue, so the
/// library must not remember one of its own.
///
/// Unchecked: the handle is used by one thread at a time. It belongs to the dialling thread first, then it lies in
/// `Line` and is touched under that lock only. So the library sees a single thread, needs no `mosquitto_threaded_set`,
/// and a publish goes out on the caller's own thread instead of waking another.
final class Connection: @unchecked Sendable {
    let broker: MQTTLink.Broker
    let events: ConnectionEvents
    // SAFETY: from mosquitto_new, freed once in deinit.
    private let handle: OpaquePointer

    private static let library: Void = {
        mosquitto_lib_init()
        // A write to a connection the broker has closed raises it; 2.0.11 ignored it by itself, 2.0.15 no longer does.
        signal(SIGPIPE, SIG_IGN)
    }()

    init(
        to broker: MQTTLink.Broker, as configuration: MQTTLink.Configuration, will: Message?
    ) throws(MQTTFailure) {
        Self.library
        self.broker = broker
        events = ConnectionEvents(largestMessage: Int(configuration.largestPacket))
        let context = Unmanaged.passUnretained(events).toOpaque()
        guard let handle = mosquitto_new(configuration.clientID, false, context) else {
            throw .protocolError("libmosquitto makes no client named '\(configuration.clientID)': \(words(of: errno))")
        }
        self.handle = handle
        Callbacks.install(on: handle)
        try setOptions(configuration)
        try setCredentials()
        try setTLS()
        try setWill(will)
    }

    deinit { mosquitto_destroy(handle) }

    private func setOptions(_ configuration: MQTTLink.Configuration) throws(MQTTFailure) {
        let version = broker.version == .v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311
        let window = Int32(configuration.window)
        try check(mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, version), "protocol version")
        try check(mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1), "TCP_NODELAY")
        try check(mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, window), "window")
        try check(mosquitto_int_option(handle, MOSQ_OPT_RECEIVE_MAXIMUM, window), "window")
    }

    private func setCredentials() throws(MQTTFailure) {
        guard let username = broker.username else { return }
        var password: [UInt8]?
        if let source = broker.password {
            do { password = try source.read() } catch { throw .password(error.reason) }
        }
        // SAFETY: both C strings live for the length of the call; libmosquitto copies them.
        let code = username.withCString { name in
            guard let password else { return mosquitto_username_pw_set(handle, name, nil) }
            return (password + [0]).withUnsafeBytes {
                mosquitto_username_pw_set(handle, name, $0.baseAddress?.assumingMemoryBound(to: CChar.self))
            }
        }
        try check(code, "user name")
    }

    private func setTLS() throws(MQTTFailure) {
        guard let tls = broker.tls else { return }
        for file in [tls.ca, tls.certificate, tls.key].compactMap({ $0 }) where access(file, R_OK) != 0 {
            throw .tls(.files, "\(file): \(words(of: errno))")
        }
        // An encrypted key would make OpenSSL ask on the terminal; this answers that there is no pass phrase.
        let code = mosquitto_tls_set(handle, tls.ca, nil, tls.certificate, tls.key) { _, _, _, _ in 0 }
        guard code == 0 else { throw .tls(.files, "\(tls.ca): \(String(cString: mosquitto_strerror(code)))") }
        // 1 is SSL_VERIFY_PEER. The version is the lowest allowed.
        try check(mosquitto_tls_opts_set(handle, 1, "tlsv1.2", nil), "TLS options")
        try check(mosquitto_tls_insecure_set(handle, false), "TLS host name check")
    }

    private func setWill(_ will: Message?) throws(MQTTFailure) {
        guard let will else { return }
        var properties = PropertyList()
        if broker.version == .v5 { properties.add(attributesOf: will) }
        try check(properties.code, "will on '\(will.topic)'")
        // SAFETY: libmosquitto copies topic and payload, and on success takes the properties over.
        let code = will.payload.withUnsafeBytes {
            mosquitto_will_set_v5(
                handle, will.topic, Int32($0.count), $0.baseAddress, 1, will.retain, properties.head)
        }
        try check(code, "will on '\(will.topic)'")
        properties.release()
    }

    private func check(_ code: Int32, _ what: String) throws(MQTTFailure) {
        guard code != 0 else { return }
        throw .protocolError("libmosquitto refuses the \(what): \(String(cString: mosquitto_strerror(code)))")
    }
}

/// What a call of libmosquitto answered, with errno as it was right after.
struct LibraryResult: Hashable, Sendable {
    let code: Int32
    let errno: Int32

    init(_ code: Int32) {
        // The closure's call has been made by now: this is errno as the library left it.
        (self.code, self.errno) = (code, Glibc.errno)
    }

    var isSuccess: Bool { code == MOSQ_ERR_SUCCESS.rawValue }
}

extension Connection {
    /// Resolves the name, connects TCP and queues CONNECT. Blocks as long as the network lets it.
    func dial(_ configuration: MQTTLink.Configuration) -> LibraryResult {
        var properties = PropertyList()
        if broker.version == .v5 {
            properties.add(MQTT_PROP_SESSION_EXPIRY_INTERVAL, int32: configuration.sessionExpirySeconds)
            properties.add(MQTT_PROP_MAXIMUM_PACKET_SIZE, int32: configuration.largestPacket)
        }
        errno = 0
        return LibraryResult(
            mosquitto_connect_bind_v5(
                handle, broker.host, Int32(broker.port), Int32(broker.keepAliveSeconds), nil, properties.head))
    }

    /// The connected socket, or -1.
    var socket: Int32 { mosquitto_socket(handle) }

    /// Of the chain by which the broker's certificate was found good, the certificate that ends first; nil without TLS.
    var certificate: Certificate? { mosquitto_ssl_get(handle).flatMap { Certificate.firstToEnd(inChainOf: $0) } }

    /// Bytes wait that the socket did not take.
    var wantsToWrite: Bool { mosquitto_want_write(handle) }

    func read() -> LibraryResult {
        errno = 0
        // The library replaces the packet count with one of its own.
        return LibraryResult(mosquitto_loop_read(handle, 1))
    }

    func write() -> LibraryResult {
        errno = 0
        return LibraryResult(mosquitto_loop_write(handle, 1))
    }

    /// Pings, if it is time.
    func keepAlive() -> LibraryResult {
        errno = 0
        return LibraryResult(mosquitto_loop_misc(handle))
    }

    /// Sends at QoS 1; on success `packet` is its identifier.
    func publish(_ message: Message, packet: inout Int32) -> LibraryResult {
        var properties = PropertyList()
        if broker.version == .v5 { properties.add(attributesOf: message) }
        guard properties.code == 0 else { return LibraryResult(properties.code) }
        errno = 0
        // SAFETY: libmosquitto copies topic, payload and properties before it returns.
        let code = message.payload.withUnsafeBytes {
            mosquitto_publish_v5(
                handle, &packet, message.topic, Int32($0.count), $0.baseAddress, 1, message.retain, properties.head)
        }
        return LibraryResult(code)
    }

    /// All filters in one packet, at QoS 1.
    func subscribe(_ filters: [String], packet: inout Int32) -> LibraryResult {
        // SAFETY: the copies live until the call returns, which has copied them into its packet; freed here.
        var texts = filters.map { strdup($0) }
        defer { for text in texts { free(text) } }
        errno = 0
        return LibraryResult(mosquitto_subscribe_multiple(handle, &packet, Int32(texts.count), &texts, 1, 0, nil))
    }

    func unsubscribe(_ filter: String, packet: inout Int32) -> LibraryResult {
        errno = 0
        return LibraryResult(mosquitto_unsubscribe_v5(handle, &packet, filter, nil))
    }

    /// Sends DISCONNECT with reason 0, which makes the broker forget the will, and closes when it is out.
    @discardableResult
    func disconnect() -> LibraryResult {
        errno = 0
        return LibraryResult(mosquitto_disconnect_v5(handle, 0, nil))
    }
}
