/// A message of rtl_433 (its `-F json`): which model sent it, and what it said.
public struct DecodedMessage: Hashable, Sendable {
    /// What stands behind a key.
    public enum Value: Hashable, Sendable {
        case number(Double)
        case text(String)

        /// As a kind's file writes it: `0`, `1.5`, `Normal`.
        var text: String {
            switch self {
            case .number(let number): Int64(exactly: number).map(String.init) ?? "\(number)"
            case .text(let text): text
            }
        }

        /// Who it is, if it says that: rtl_433 gives ids as numbers, or as text in hexadecimal.
        var id: UInt64? {
            let id: UInt64? =
                switch self {
                case .number(let number): UInt64(exactly: number)
                case .text(let text): UInt64(text.hasPrefix("0x") ? text.dropFirst(2) : text[...], radix: 16)
                }
            return id.flatMap { $0 >> UInt64(RadioProtocol.rtl433.usualBits) == 0 ? $0 : nil }
        }
    }

    /// rtl_433's name of the device.
    public let model: String
    private let values: [String: Value]

    /// A longer name is none of rtl_433's.
    private static let longestModel = 64

    /// - Returns: nil for a message that names no model.
    public init?(_ values: [String: Value]) {
        guard case .text(let model)? = values["model"], (1...Self.longestModel).contains(model.utf8.count),
            model.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        self.model = model
        self.values = values
    }

    /// How strongly it came, in tenths of a dB (`-M level`).
    public var level: Int? {
        guard case .number(let value)? = values["rssi"], abs(value) < 1000 else { return nil }
        return Int((value * 10).rounded())
    }

    /// The codes that it amounts to where these transmitters are enrolled: of one of them a code for each thing that it
    /// tells, or one if it tells nothing that its kind knows. Of any other one code. None if nobody can say who sent it.
    ///
    /// A low battery is told beside whatever else is: a message that says that and nothing more that the kind knows is
    /// also the kind's `other`.
    public func codes(_ enrolled: [RadioTransmitter]) -> [RadioCode] {
        for transmitter in enrolled where transmitter.code.model == model {
            guard let kind = transmitter.device.model, values[kind.idKey]?.id == transmitter.code.value else {
                continue
            }
            let told = kind.messages.indices.filter { values[kind.messages[$0].key]?.text == kind.messages[$0].value }
                .map { $0 + 1 }
            let isWhole = told.contains { transmitter.device.meanings[UInt64($0)] != .lowBattery }
            return (told + (isWhole ? [] : [0])).map { code(transmitter.code.value, $0) }
        }
        return values["id"]?.id.map { [code($0)] } ?? []
    }

    private func code(_ id: UInt64, _ message: Int = 0) -> RadioCode {
        RadioCode(.rtl433, value: id, bits: RadioProtocol.rtl433.usualBits, model: model, message: message)
    }
}
