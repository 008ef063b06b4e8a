/// A way in which transmitters key their bits. The raw value is its name in site files and in what `decode` prints.
public enum RadioProtocol: String, Hashable, CaseIterable, Sendable {
    /// EV1527, HS1527, PT2262, SC2260 and their like: see ``EV1527``.
    case ev1527
    /// SMC5326: see ``SMC5326``.
    case smc5326
    /// Bells of 32 bits: see ``FixedCodeBell``.
    case bell32
    /// Bells of 48 bits: see ``FixedCodeBell``.
    case bell48
    /// KAKU, Nexa, Proove, Intertechno with a code of their own: see ``KAKU``.
    case kaku
    /// Microchip HCS200 and HCS300: see ``KeeLoq``.
    case keeloq
    /// Honeywell ActivLink: see ``ActivLink``.
    case activlink
    /// Holtek HT12E: see ``HT12E``.
    case ht12e
    /// Whatever rtl_433 decodes: how it is keyed is that program's business, and a model's name is part of the code. See
    /// ``DecodedMessage``.
    case rtl433 = "rtl_433"

    /// Those that are decoded here, from edges.
    public static let keyed = allCases.filter { $0 != .rtl433 }

    /// False where frames are so short or so plain that noise or another protocol may look the same.
    public var isOnByDefault: Bool { self != .ht12e && self != .rtl433 }

    /// How many bits its codes have.
    public var usualBits: Int {
        switch self {
        case .ev1527: 24
        case .smc5326: 25
        case .bell32, .kaku, .keeloq: 32
        case .bell48, .activlink, .rtl433: 48
        case .ht12e: 12
        }
    }
}

/// What a transmitter sends: every bit of its frame, buttons and all. What the bits mean belongs to enrolment.
public struct RadioCode: Hashable, Sendable {
    /// How it is keyed.
    public let radioProtocol: RadioProtocol
    /// The bits, the first one sent the most significant; KeeLoq's order is its own.
    public let value: UInt64
    /// How many bits there are, 1 to 64.
    public let bits: Int
    /// rtl_433's name of what sent it; `value` is then who of its kind, and nothing else.
    public let model: String?
    /// Which of the messages that its kind knows it was, for the same: see ``RadioDevice/Model``. 0 for none of them.
    public let message: Int

    public init(_ radioProtocol: RadioProtocol, value: UInt64, bits: Int, model: String? = nil, message: Int = 0) {
        self.radioProtocol = radioProtocol
        self.value = value
        self.bits = bits
        self.model = model
        self.message = message
    }

    /// How it is keyed, in words: `ev1527`, `rtl_433 Honeywell-ActivLink`.
    public var source: String { radioProtocol.rawValue + (model.map { " \($0)" } ?? "") }

    /// The bits as hexadecimal digits, as many as they fill: `0x13CD30`. Of an id of rtl_433's, which says nothing of its
    /// length, no more than needed.
    public var hexadecimal: String {
        let digits = String(value, radix: 16, uppercase: true)
        let width = radioProtocol == .rtl433 ? 0 : (bits + 3) / 4
        return "0x" + String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

/// Which receiver heard a transmitter, and how: a hint where the person is.
public struct Reception: Hashable, Sendable {
    public let receiver: ReceiverID
    /// How strongly, in tenths of a dB as the receiver counts them; nil where it can't say.
    public let level: Int?

    public init(receiver: ReceiverID, level: Int? = nil) {
        self.receiver = receiver
        self.level = level
    }

    /// The level in dB.
    public var decibels: Double? { level.map { Double($0) / 10 } }
}

/// What a receiver makes of the frames of one code: one press, however many frames it takes.
public struct RadioReport: Hashable, Sendable {
    /// The two ends of a press.
    public enum Phase: Hashable, Sendable {
        /// Two equal frames have been heard; `at` is the first one's first edge.
        case began
        /// None has come for the code's quiet gap; `at` is the last one's last edge.
        case ended
    }

    /// Which receiver heard it.
    public let receiver: ReceiverID
    /// What was sent.
    public let code: RadioCode
    /// Whether the press begins or is over.
    public let phase: Phase
    /// When, as `phase` says.
    public let at: Moment
    /// Equal frames heard so far in this press.
    public let frames: Int
    /// How strongly, in tenths of a dB as the receiver counts them; nil where it can't say.
    public let level: Int?

    public init(receiver: ReceiverID, code: RadioCode, phase: Phase, at: Moment, frames: Int, level: Int? = nil) {
        self.receiver = receiver
        self.code = code
        self.phase = phase
        self.at = at
        self.frames = frames
        self.level = level
    }

    /// Who heard it, and how.
    public var reception: Reception { Reception(receiver: receiver, level: level) }
}
