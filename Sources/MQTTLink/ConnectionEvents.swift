internal import Certificates
internal import Synchronization

/// What libmosquitto's callbacks leave behind, for the network thread to take when the library has returned.
///
/// Callbacks copy and post here and do nothing else: the library holds a mutex of its own while they run.
final class ConnectionEvents: Sendable {
    enum Event: Sendable {
        case connack(code: UInt8, sessionPresent: Bool, keepAliveSeconds: UInt16?, receiveMaximum: UInt16?, String?)
        case puback(packet: UInt16, reason: UInt8)
        case suback(packet: Int32, reasons: [UInt8])
        case unsuback(packet: Int32)
        case message(Message)
        case discarded(topic: String, bytes: Int)
        /// The library closed the connection; 128 and above is the broker's DISCONNECT reason.
        case closed(code: Int32)
        case pingSent
    }

    /// The first TLS complaint is the cause, the later ones follow from it.
    struct TLSTrouble: Sendable {
        /// Nil where no certificate was judged.
        var verdict: CertificateVerdict?
        var hostMismatch = false
        var lines: [String] = []
        var isEmpty: Bool { lines.isEmpty && !hostMismatch }
    }

    private struct State {
        var events: [Event] = []
        var trouble = TLSTrouble()
    }

    /// Messages above this are not copied.
    let largestMessage: Int
    private let state = Mutex(State())

    init(largestMessage: Int) { self.largestMessage = largestMessage }

    func post(_ event: Event) { state.withLock { $0.events.append(event) } }

    /// Everything posted since the last call, in order.
    func take() -> [Event] {
        state.withLock { state in
            let events = state.events
            state.events.removeAll(keepingCapacity: true)
            return events
        }
    }

    func note(errorLine line: String, _ verdict: CertificateVerdict?) {
        state.withLock { state in
            if line.contains("host name verification failed") { state.trouble.hostMismatch = true }
            if state.trouble.verdict == nil { state.trouble.verdict = verdict }
            if state.trouble.lines.count < 8 { state.trouble.lines.append(line) }
        }
    }

    var trouble: TLSTrouble { state.withLock { $0.trouble } }
}
