/// A kind of transmitter: which bits of its code say who it is, and what the others mean. Vendors disagree about the
/// second, so it is never the decoder that knows it; a file of `devices/` says it for each kind.
public struct RadioDevice: Hashable, Sendable {
    /// What a code of this kind tells, besides who sent it.
    public enum Meaning: Hashable, Sendable {
        /// The button: what its call point's gestures ask for.
        case press
        /// A button of its own service.
        case service(ServiceID)
        /// The button was let go.
        case release
        /// Its battery is running out.
        case lowBattery
        /// Its case was opened, or it was taken off the wall.
        case tamper
        /// It is there: told now and then by devices that report.
        case alive
        /// Nothing that matters here.
        case nothing
    }

    /// How often a device that reports is heard of by itself.
    public struct Supervision: Hashable, Sendable {
        /// The longest time between two reports, by its maker's word.
        public let interval: Duration
        /// So many in a row may be missed, 1 or more.
        public let misses: Int

        public init(interval: Duration, misses: Int) {
            self.interval = interval
            self.misses = misses
        }

        /// Silent for longer than this, and the device is missing.
        public var limit: Duration { interval * (misses + 1) }
    }

    /// What rtl_433 says of devices of this kind.
    public struct Model: Hashable, Sendable {
        /// The key of a message that tells something, and its value as text: `battery_ok` and `0`.
        public struct Message: Hashable, Sendable {
            public let key: String
            public let value: String

            public init(key: String, value: String) {
                self.key = key
                self.value = value
            }
        }

        /// rtl_433's name of it.
        public let name: String
        /// The key that says who of its kind it is.
        public let idKey: String
        /// What is told apart; the device's `meanings` count them from 1.
        public let messages: [Message]

        public init(name: String, idKey: String, messages: [Message]) {
            self.name = name
            self.idKey = idKey
            self.messages = messages
        }
    }

    /// Its name, as site files have it.
    public let name: String
    /// How it keys its bits.
    public let radioProtocol: RadioProtocol
    /// How many bits its code has.
    public let bits: Int
    /// How many of them say who it is, from the first one sent; at least 1, at most `bits`.
    public let identityBits: Int
    /// What the remaining bits mean, by their value.
    public let meanings: [UInt64: Meaning]
    /// What every other value means.
    public let otherwise: Meaning
    /// Nil: it can't be supervised, since it speaks only when its button is pressed.
    public let supervision: Supervision?
    /// Anybody who has heard it can send the same.
    public let isClonable: Bool
    /// A part of what it sends changes with every press; it isn't verified here.
    public let isRolling: Bool
    /// How rtl_433 tells of it; nil for devices whose edges are decoded here.
    public let model: Model?
    /// Those of the remaining bits that are 1 while its battery is low, whatever else it tells.
    public let batteryBits: UInt64

    public init(
        name: String, radioProtocol: RadioProtocol, bits: Int, identityBits: Int, meanings: [UInt64: Meaning] = [:],
        otherwise: Meaning = .press, supervision: Supervision? = nil, isClonable: Bool = true, isRolling: Bool = false,
        model: Model? = nil, batteryBits: UInt64 = 0
    ) {
        self.model = model
        self.batteryBits = batteryBits
        self.name = name
        self.radioProtocol = radioProtocol
        self.bits = bits
        self.identityBits = identityBits
        self.meanings = meanings
        self.otherwise = otherwise
        self.supervision = supervision
        self.isClonable = isClonable
        self.isRolling = isRolling
    }

    /// Who sent the code; nil if it is no code of this kind.
    public func identity(of code: RadioCode) -> UInt64? {
        guard code.radioProtocol == radioProtocol, code.bits == bits, code.model == model?.name else { return nil }
        return code.value >> UInt64(bits - identityBits)
    }

    /// What the code tells besides.
    public func meaning(of code: RadioCode) -> Meaning {
        if model != nil { return meanings[UInt64(code.message)] ?? otherwise }
        return meanings[remainder(of: code) & ~batteryBits] ?? otherwise
    }

    /// True if the code says, beside its meaning, that the battery is low.
    public func saysBatteryLow(_ code: RadioCode) -> Bool { remainder(of: code) & batteryBits != 0 }

    /// The bits that don't say who sent it.
    private func remainder(of code: RadioCode) -> UInt64 {
        let rest = bits - identityBits
        return rest == 0 ? 0 : code.value & (1 << UInt64(rest) - 1)
    }

    /// For so long nothing comes, and its press is over.
    public var quietGap: Duration { model == nil ? DecodedCodes.gapOfPrinted : DecodedCodes.gapOfRTL433 }
}

/// A call point's own transmitter.
public struct RadioTransmitter: Hashable, Sendable {
    public let device: RadioDevice
    /// One of its codes; the bits that say who it is are those that count.
    public let code: RadioCode

    /// - Parameter code: one of the device's kind.
    public init(device: RadioDevice, code: RadioCode) {
        self.device = device
        self.code = code
    }

    /// The bits that say who it is.
    public var identity: RadioIdentity {
        RadioIdentity(
            radioProtocol: device.radioProtocol, bits: device.bits, model: device.model?.name,
            identityBits: device.identityBits, value: code.value >> UInt64(device.bits - device.identityBits))
    }
}

/// The bits of a code that say who sent it.
public struct RadioIdentity: Hashable, Sendable {
    public let radioProtocol: RadioProtocol
    /// How many bits the whole code has.
    public let bits: Int
    /// rtl_433's name of its kind, if that program decodes it.
    public let model: String?
    /// How many of them, from the first one sent, say who it is.
    public let identityBits: Int
    public let value: UInt64

    /// As the journal has it: `ev1527 0x13CD3, 20 of 24 bits`.
    public var text: String {
        "\(RadioCode(radioProtocol, value: value, bits: identityBits, model: model).source) "
            + "0x\(String(value, radix: 16, uppercase: true)), \(identityBits) of \(bits) bits"
    }

    /// True if one code could be both's.
    public func overlaps(_ other: RadioIdentity) -> Bool {
        guard radioProtocol == other.radioProtocol, bits == other.bits, model == other.model else { return false }
        let common = min(identityBits, other.identityBits)
        return shortened(to: common) == other.shortened(to: common)
    }

    /// Its first bits alone, as many as `length` says, at most all of them.
    public func shortened(to length: Int) -> RadioIdentity {
        RadioIdentity(
            radioProtocol: radioProtocol, bits: bits, model: model, identityBits: length,
            value: value >> UInt64(identityBits - length))
    }
}
