internal import CMosquitto
internal import Glibc

/// One libmosquitto handle, made for one connection attempt and thrown away after it: so the library never holds an
/// old queue, and what was not acknowledged is sent again by the journal's rules, not by the library's.
///
/// Every call into the library is made with `lock` held, by whichever thread; so `mosquitto_threaded_set` is not
/// needed, and a publish writes to the socket at once, without a change of thread.
final class Connection: @unchecked Sendable {
    // SAFETY (unchecked Sendable): belongs to the network thread until it is shared, and from then on to whoever holds
    // that thread's lock.
    let broker: MQTTLink.Broker
    let number: UInt64
    private let handle: OpaquePointer
    private let report: (LinkReport) -> Void

    // Set by callbacks, which run inside library calls.
    private(set) var connectCode: Int32?
    private(set) var disconnectCode: Int32?
    private(set) var lastError = ""
    private(set) var inFlight = 0
    /// When a PUBACK came last, or when the first of those waiting was published.
    private(set) var progress = ContinuousMoment.now

    init?(
        _ settings: MQTTLink.Settings, _ broker: MQTTLink.Broker, _ attempt: MQTTLink.Attempt,
        report: @escaping (LinkReport) -> Void
    ) {
        guard let handle = mosquitto_new(settings.clientID, false, nil) else { return nil }
        self.handle = handle
        self.broker = broker
        self.report = report
        number = attempt.number
        // SAFETY: the handle dies with this object, and with it the last callback.
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        mosquitto_int_option(
            handle, MOSQ_OPT_PROTOCOL_VERSION, broker.version == .v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311)
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, Int32(settings.window))
        setCallbacks()
        if let will = attempt.will {
            var properties = Properties(of: will, on: broker, asWill: true)
            mosquitto_will_set_v5(
                handle, will.topic, Int32(will.payload.count), will.payload, 1, will.retain, properties.give())
        }
    }

    deinit { mosquitto_destroy(handle) }

    // MARK: Connecting

    /// Sets credentials and certificates.
    func secure() throws(LinkFailure) {
        if let username = broker.username {
            var password: String?
            if let file = broker.passwordFile { password = try readPassword(file) }
            mosquitto_username_pw_set(handle, username, password)
        }
        guard let tls = broker.tls else { return }
        let code = mosquitto_tls_set(handle, tls.ca, nil, tls.certificate, tls.key, nil)
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            throw failure(.tls, "TLS files \(tls.ca), \(tls.certificate ?? "-"), \(tls.key ?? "-"): \(words(code))")
        }
        let verifyPeer: Int32 = 1  // SSL_VERIFY_PEER, openssl/ssl.h
        mosquitto_tls_opts_set(handle, verifyPeer, nil, nil)
    }

    private func readPassword(_ path: String) throws(LinkFailure) -> String {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw failure(.password, "password file \(path): \(String(cString: strerror(errno)))") }
        defer { close(fd) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(fd, &buffer, buffer.count)
        let line = buffer.prefix(max(0, count)).prefix { $0 != 10 && $0 != 13 }
        guard !line.isEmpty else { throw failure(.password, "password file \(path): its first line is empty") }
        return String(decoding: line, as: UTF8.self)
    }

    /// TCP and the first bytes; blocks until the caller's timer interrupts it.
    func connect(sessionExpirySeconds: UInt32) throws(LinkFailure) {
        var properties = Properties()
        if broker.version == .v5 { properties.add(MQTT_PROP_SESSION_EXPIRY_INTERVAL, sessionExpirySeconds) }
        let code = mosquitto_connect_bind_v5(
            handle, broker.host, Int32(broker.port), Int32(broker.keepAliveSeconds), nil, properties.list)
        let interrupted = errno == EINTR
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            throw failure(.unreachable, interrupted ? "no answer to the connection request" : words(code))
        }
        bound()
    }

    /// The kernel gives a connection up that has unacknowledged bytes for this long (tcp(7), TCP_USER_TIMEOUT): a
    /// pulled cable is noticed without a wake-up.
    private func bound() {
        var milliseconds: UInt32 = 10_000
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, socklen_t(MemoryLayout<UInt32>.size))
    }

    /// One round of the handshake: the library's own loop alone takes the TLS steps.
    /// - Returns: true once the broker has said yes.
    func shakeHands() throws(LinkFailure) -> Bool {
        let code = mosquitto_loop(handle, 250, 1)
        if let connectCode {
            guard connectCode == 0 else { throw failure(.refused, reasonText(connectCode)) }
            return true
        }
        guard code == MOSQ_ERR_SUCCESS.rawValue else {
            let isTLS = code == MOSQ_ERR_TLS.rawValue || broker.tls != nil && !lastError.isEmpty
            throw failure(isTLS ? .tls : .unreachable, isTLS ? "TLS: \(lastError)" : words(code))
        }
        return false
    }

    private func reasonText(_ code: Int32) -> String {
        String(cString: broker.version == .v5 ? mosquitto_reason_string(code) : mosquitto_connack_string(code))
    }

    // MARK: Connected

    var socket: Int32 { mosquitto_socket(handle) }
    var wantsWrite: Bool { mosquitto_want_write(handle) }

    /// Reads and writes what can be without blocking, and looks after the keep-alive.
    func turn(readable: Bool) throws(LinkFailure) {
        var code = readable ? mosquitto_loop_read(handle, 1) : MOSQ_ERR_SUCCESS.rawValue
        if code == MOSQ_ERR_SUCCESS.rawValue, wantsWrite { code = mosquitto_loop_write(handle, 1) }
        if code == MOSQ_ERR_SUCCESS.rawValue { code = mosquitto_loop_misc(handle) }
        guard code == MOSQ_ERR_SUCCESS.rawValue, disconnectCode == nil else {
            if disconnectCode == Int32(MQTT_RC_SESSION_TAKEN_OVER.rawValue) {
                throw failure(.takenOver, "another client connected with this gateway's id")
            }
            throw failure(.lost, disconnectCode.map { $0 >= 128 ? reasonText($0) : words($0) } ?? words(code))
        }
    }

    func publish(_ message: Message) throws(PublishError) -> PublishID {
        var properties = Properties(of: message, on: broker, asWill: false)
        var packet: Int32 = 0
        let code = mosquitto_publish_v5(
            handle, &packet, message.topic, Int32(message.payload.count), message.payload, 1, message.retain,
            properties.list)
        properties.free()
        guard code == MOSQ_ERR_SUCCESS.rawValue else { throw .notConnected }
        if inFlight == 0 { progress = .now }
        inFlight += 1
        return PublishID(connection: number, packet: packet)
    }

    /// Sends the DISCONNECT that makes the broker forget the will.
    func disconnect() { mosquitto_disconnect_v5(handle, 0, nil) }

    func subscribe(_ filter: String) { mosquitto_subscribe_v5(handle, nil, filter, 1, 0, nil) }
    func unsubscribe(_ filter: String) { mosquitto_unsubscribe(handle, nil, filter) }

    func failure(_ kind: LinkFailure.Kind, _ reason: String) -> LinkFailure {
        LinkFailure(kind: kind, broker: broker, reason: reason)
    }

    private func words(_ code: Int32) -> String {
        code == MOSQ_ERR_ERRNO.rawValue ? String(cString: strerror(errno)) : String(cString: mosquitto_strerror(code))
    }

    // MARK: Callbacks: copy and tell, nothing else

    private static func of(_ context: UnsafeMutableRawPointer?) -> Connection {
        // SAFETY: `init` put this object there, and it outlives its handle.
        Unmanaged<Connection>.fromOpaque(context!).takeUnretainedValue()
    }

    private func setCallbacks() {
        mosquitto_log_callback_set(handle) { _, context, level, text in
            if level == MOSQ_LOG_ERR, let text { Connection.of(context).lastError = String(cString: text) }
        }
        mosquitto_connect_v5_callback_set(handle) { _, context, code, _, _ in Connection.of(context).connectCode = code
        }
        mosquitto_disconnect_v5_callback_set(handle) { _, context, code, _ in
            Connection.of(context).disconnectCode = code
        }
        mosquitto_publish_v5_callback_set(handle) { _, context, packet, reason, _ in
            let connection = Connection.of(context)
            connection.inFlight -= 1
            connection.progress = .now
            let id = PublishID(connection: connection.number, packet: packet)
            connection.report(.acknowledged(id, reason: UInt8(truncatingIfNeeded: reason)))
        }
        mosquitto_subscribe_callback_set(handle) { _, context, _, count, granted in
            let codes = UnsafeBufferPointer(start: granted, count: Int(count))
            if codes.contains(where: { $0 >= 128 }) { Connection.of(context).report(.subscriptionRefused) }
        }
        mosquitto_message_v5_callback_set(handle) { _, context, message, properties in
            guard let message = message?.pointee, let topic = message.topic else { return }
            // SAFETY: topic, payload and properties live until this returns; all of it is copied.
            var copy = Message(
                topic: String(cString: topic),
                payload: Array(UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))),
                retain: message.retain)
            Properties.read(properties, into: &copy)
            Connection.of(context).report(.received(copy))
        }
    }
}

/// The monotonic clock, for deadlines of this driver alone.
struct ContinuousMoment: Comparable {
    private let nanoseconds: Int64

    static var now: ContinuousMoment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return ContinuousMoment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static func < (a: ContinuousMoment, b: ContinuousMoment) -> Bool { a.nanoseconds < b.nanoseconds }
    static func + (moment: ContinuousMoment, span: Duration) -> ContinuousMoment {
        let (seconds, attoseconds) = span.components
        return ContinuousMoment(nanoseconds: moment.nanoseconds + seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// From now on, in whole milliseconds rounded up, for poll(2); 0 if it has passed.
    var millisecondsAhead: Int32 {
        Int32(clamping: max(0, (nanoseconds - Self.now.nanoseconds + 999_999) / 1_000_000))
    }
}
