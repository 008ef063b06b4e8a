internal import CMosquitto
internal import Certificates
internal import Glibc

/// Sorts what libmosquitto, OpenSSL and the broker answer into the few kinds a gateway can act on.
enum Failure {
    /// The dial ended with this.
    static func ofDial(_ result: LibraryResult, _ connection: Connection) -> MQTTFailure {
        if let failure = tls(connection) ?? brokenOff(result) { return failure }
        let place = "\(connection.broker.host):\(connection.broker.port)"
        switch mosq_err_t(rawValue: result.code) {
        case MOSQ_ERR_EAI:
            // SAFETY: gai_strerror answers from constant storage. libmosquitto hands its code on in errno.
            return .unreachable("'\(connection.broker.host)': \(String(cString: gai_strerror(result.errno)))")
        case MOSQ_ERR_ERRNO where result.errno == EINTR:
            return .timedOut(.connect)
        case MOSQ_ERR_ERRNO:
            return .unreachable("\(place): \(words(of: result.errno))")
        default:
            return .unreachable("\(place): \(libraryWords(result))")
        }
    }

    /// The library closed a connection, or the socket broke.
    static func ofConnection(_ result: LibraryResult, _ connection: Connection) -> MQTTFailure {
        if let failure = tls(connection) ?? brokenOff(result) { return failure }
        switch mosq_err_t(rawValue: result.code) {
        case MOSQ_ERR_SUCCESS, MOSQ_ERR_CONN_LOST, MOSQ_ERR_NO_CONN:
            return .closedSilently
        // It was closed while something of ours was on its way there; the library doesn't always keep the errno of that.
        case MOSQ_ERR_ERRNO where [0, ECONNRESET, EPIPE].contains(result.errno):
            return .closedSilently
        case MOSQ_ERR_ERRNO:
            return .lost(words(of: result.errno))
        case MOSQ_ERR_KEEPALIVE:
            return .timedOut(.ping)
        case MOSQ_ERR_MALFORMED_PACKET where connection.broker.version == .v5:
            // What libmosquitto 2.0.21 makes of a CONNACK without MQTT 5's properties.
            return .protocolError("a malformed packet; a broker without MQTT 5 answers so: set version 3.1.1 for it")
        case MOSQ_ERR_PROTOCOL, MOSQ_ERR_MALFORMED_PACKET, MOSQ_ERR_DUPLICATE_PROPERTY, MOSQ_ERR_MALFORMED_UTF8:
            return .protocolError(libraryWords(result))
        default:
            return .lost(libraryWords(result))
        }
    }

    /// CONNACK said no. MQTT 5.0 section 3.2.2.2, MQTT 3.1.1 section 3.2.2.3.
    static func ofConnack(_ code: UInt8, _ version: MQTTLink.Broker.Version, reason: String?) -> MQTTFailure {
        let kind: MQTTFailure.Refusal =
            switch code {
            case 1, 132: .protocolVersion
            case 2, 133: .clientIDRejected
            case 3, 136, 137: .serverUnavailable
            case 4, 134: .badCredentials
            case 5, 135: .notAuthorised
            default: .other
            }
        // SAFETY: both answer from constant storage.
        let words = String(cString: code < 128 ? mosquitto_connack_string(Int32(code)) : reasonString(code))
        return .refused(kind, code: code, reason.map { "\(words) \($0)" } ?? words)
    }

    /// The broker's DISCONNECT, MQTT 5.0 section 3.14.2.1.
    static func ofDisconnect(_ code: UInt8) -> MQTTFailure {
        if code == UInt8(MQTT_RC_SESSION_TAKEN_OVER.rawValue) { return .sessionTakenOver }
        return .closedByBroker(code: code, String(cString: reasonString(code)))
    }

    /// Why the library takes a message as such not; nil when the message is fine and the connection is not.
    static func refusalOfMessage(_ result: LibraryResult) -> String? {
        switch mosq_err_t(rawValue: result.code) {
        case MOSQ_ERR_INVAL: "not a valid MQTT topic or attribute"
        case MOSQ_ERR_MALFORMED_UTF8: "not valid UTF-8"
        case MOSQ_ERR_PAYLOAD_SIZE, MOSQ_ERR_OVERSIZE_PACKET:
            "larger than the broker takes"
        case MOSQ_ERR_QOS_NOT_SUPPORTED: "the broker has no QoS 1"
        case MOSQ_ERR_NOMEM: "out of memory"
        case MOSQ_ERR_DUPLICATE_PROPERTY, MOSQ_ERR_NOT_SUPPORTED:
            libraryWords(result)
        default: nil
        }
    }

    /// What OpenSSL and libmosquitto complained about, if they did.
    static func tls(_ connection: Connection) -> MQTTFailure? {
        let trouble = connection.events.trouble
        guard connection.broker.tls != nil, !trouble.isEmpty else { return nil }
        let line = trouble.lines.first ?? "host name verification failed"
        if trouble.hostMismatch {
            return .tls(.hostMismatch, "the broker's certificate is not for '\(connection.broker.host)'")
        }
        if let verdict = trouble.verdict {
            return .tls(certificateProblem(verdict.code), "the broker's certificate: \(verdict.text)")
        }
        if line.contains("Unable to load") || line.contains("inconsistent") { return .tls(.files, line) }
        // OpenSSL names an alert of the other side so; the broker sends one about our certificate only.
        let alerts = ["alert certificate required", "alert bad certificate", "alert unknown ca", "alert handshake"]
        let said = trouble.lines.first { line in alerts.contains { line.contains($0) } }
        return .tls(said == nil ? .other : .refusedByBroker, said ?? line)
    }

    /// libmosquitto sets EPROTO for an end inside TLS, and for nothing else.
    private static func brokenOff(_ result: LibraryResult) -> MQTTFailure? {
        guard result.code == MOSQ_ERR_ERRNO.rawValue || result.code == MOSQ_ERR_TLS.rawValue else { return nil }
        guard result.errno == EPROTO else { return nil }
        return .tls(.other, "the broker broke it off; it may want a client certificate, or not take ours")
    }

    /// OpenSSL's X509_V_ERR codes, include/openssl/x509_vfy.h.
    private static func certificateProblem(_ code: Int) -> MQTTFailure.TLSProblem {
        switch code {
        case 9: .notYetValid
        case 10: .expired
        case 2, 18, 19, 20, 21: .unknownAuthority
        case 62, 64: .hostMismatch
        default: .other
        }
    }

    private static func libraryWords(_ result: LibraryResult) -> String {
        // SAFETY: mosquitto_strerror answers from constant storage.
        String(cString: mosquitto_strerror(result.code))
    }

    private static func reasonString(_ code: UInt8) -> UnsafePointer<CChar> { mosquitto_reason_string(Int32(code)) }
}
