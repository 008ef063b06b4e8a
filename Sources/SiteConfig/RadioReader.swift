import CallCore

/// Reads the points' `radio`: their transmitters, none of which may be two points'.
struct RadioReader {
    private var devices: DeviceReader
    private let problems: ProblemList
    /// Who has which identity, by the kind of code: those of one kind are few enough to be compared.
    private var taken: [RadioIdentity: Place] = [:]
    /// How many bits identities have, for codes of each protocol and length.
    private var lengths: [Shape: Set<Int>] = [:]

    private struct Shape: Hashable {
        let radioProtocol: RadioProtocol
        let bits: Int
    }

    init(devices: DeviceReader, problems: ProblemList) {
        self.devices = devices
        self.problems = problems
    }

    /// True once a point has a transmitter.
    var isUsed: Bool { !taken.isEmpty }
    /// Where the first one stands.
    private(set) var first: Place?

    /// The transmitter that these keys give; nil after saying what is wrong.
    mutating func transmitter(_ section: Section, device: Key<String>, code: Key<RadioCodeText>) -> RadioTransmitter? {
        first = first ?? section.fields[device.name]?.place ?? section.fields[code.name]?.place ?? section.place
        let name = section.value(device, problems)
        let value = section.value(code, problems)
        // In a table both columns may be empty, but not one of them; elsewhere both are required.
        if case .optional = device.doc.presence {
            section.missing(device.name, allowed: device.kind.allowed, problems)
            section.missing(code.name, allowed: code.kind.allowed, problems)
        }
        guard let name, let place = section.fields[device.name], let kind = devices.device(name, at: place),
            let value, let field = section.fields[code.name]
        else { return nil }
        guard kind.bits == 64 || value.value >> UInt64(kind.bits) == 0 else {
            problems.add(
                field.place, field.path, found: "\(quoted(field.text)), more than \(kind.bits) bits",
                allowed: "a code of the device's \(kind.bits) bits")
            return nil
        }
        let transmitter = RadioTransmitter(
            device: kind,
            code: RadioCode(kind.radioProtocol, value: value.value, bits: kind.bits, model: kind.model?.name))
        register(transmitter, at: field)
        return transmitter
    }

    private mutating func register(_ transmitter: RadioTransmitter, at field: Field) {
        let identity = transmitter.identity
        let shape = Shape(radioProtocol: identity.radioProtocol, bits: identity.bits)
        // The same, or what is the beginning of one of them.
        let before = (lengths[shape] ?? []).sorted().compactMap { length -> Place? in
            if length <= identity.identityBits { return taken[identity.shortened(to: length)] }
            return taken.first { $0.key.identityBits == length && $0.key.overlaps(identity) }?.value
        }.first
        if let before {
            problems.add(
                field.place, field.path,
                found: "the transmitter of \(quoted(field.text)) again (first at \(before.short))",
                allowed: "each transmitter at one point")
            return
        }
        taken[identity] = field.place
        lengths[shape, default: []].insert(identity.identityBits)
    }
}
