internal import CallCore
internal import GatewayAgent

/// FNV-1a (RFC 9923) over all that leaves the gateway, and when: what two runs of one seed must have in common.
final class Fingerprint: Judge {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325
    /// What the world's time is.
    var now: () -> Moment = { Moment(nanoseconds: 0) }

    private func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    private func addTime() {
        var time = UInt64(bitPattern: now().nanoseconds)
        for _ in 0..<8 {
            value = (value ^ (time & 0xff)) &* 0x100_0000_01b3
            time >>= 8
        }
    }

    func sent(_ message: OutgoingMessage) {
        addTime()
        add(message.topic.utf8)
        add(message.payload)
    }

    func shown(_ output: OutputID, _ signal: Signal) {
        addTime()
        add(output.text.utf8)
        add(signal.rawValue.utf8)
    }
}
