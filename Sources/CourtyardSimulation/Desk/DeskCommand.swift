internal import CallContract
package import CallCore

/// One command of a desk about a call.
package struct DeskCommand: Hashable {
    package enum Name: String {
        case received, accept, arrive, resolve, cancel
        /// `accept` once more, with `onTheWay`.
        case setOut

        /// As its topic has it.
        package var word: String { self == .setOut ? Name.accept.rawValue : rawValue }
    }

    package let name: Name
    package let id: String
    /// The gateway's topics begin so.
    package let base: String
    package let call: String
    /// Of the record that was on the screen.
    package let revision: Int
    package let actor: String
    package var sentAt: Moment

    package var topic: String { "\(base)/command/\(name.word)" }

    package var payload: [UInt8] {
        WireJSON.bytes(
            Payload(
                id: id, call: call, revision: revision, actor: actor, onTheWay: name == .setOut ? true : nil,
                outcome: name == .resolve ? "done" : nil, reason: name == .cancel ? "refused" : nil))
    }

    private struct Payload: Encodable {
        let id, call: String
        let revision: Int
        let actor: String
        let onTheWay: Bool?
        let outcome, reason: String?
    }
}
