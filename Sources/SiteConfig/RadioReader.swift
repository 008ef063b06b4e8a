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
            device: kind, code: RadioCode(kind.radioProtocol, value: value.value, bits: kind.bits))
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

/// Reads `receivers`.
struct ReceiversReader {
    /// True if a receiver must say where its line is.
    let needsLines: Bool
    /// The lines that points and outputs have taken.
    var register: LineRegister
    let problems: ProblemList
    /// Those that are right so far, in the order of the file.
    private(set) var receivers: [RadioReceiver] = []

    init(needsLines: Bool, register: LineRegister, problems: ProblemList) {
        self.needsLines = needsLines
        self.register = register
        self.problems = problems
    }

    mutating func read(_ part: Part) {
        let pairs = part.pairs(allowed: SiteKeys.receivers.allowed, problems: problems) ?? []
        if pairs.count > ReceiverKeys.limit {
            problems.add(
                part.place, part.path, found: "\(pairs.count) receivers", allowed: "at most \(ReceiverKeys.limit)")
        }
        for pair in pairs.prefix(ReceiverKeys.limit) {
            guard let id = ReceiverKeys.id.read(pair.key) else {
                problems.add(
                    pair.place, pair.value.path, found: "the receiver \(quoted(pair.key))",
                    allowed: ReceiverKeys.id.allowed)
                continue
            }
            read(id, pair.value)
        }
    }

    private mutating func read(_ id: ReceiverID, _ part: Part) {
        guard
            let section = Section(
                part, allowed: "a receiver, such as {line: {name: GPIO27}}", keys: ReceiverKeys.all, problems: problems)
        else { return }
        // Nothing comes from a simulated one while nobody sends.
        let isSquelched = section.value(ReceiverKeys.squelch, problems) ?? !needsLines
        var address: LineAddress?
        if let line = section.part(ReceiverKeys.line, problems) {
            if let keys = Section(line, allowed: PointKeys.line.allowed, keys: LineKeys.all, problems: problems) {
                address = LineReader(section: keys, problems: problems).address
            }
            if let address { register.take(address, at: line.place, line.path, problems) }
        } else if needsLines, !section.present.contains(ReceiverKeys.serial.name) {
            section.missing(ReceiverKeys.line.name, allowed: ReceiverKeys.line.allowed, problems)
        }
        let serial = section.part(ReceiverKeys.serial, problems).flatMap(serial)
        if serial != nil, address != nil {
            problems.add(
                section.place, section.path, found: "a receiver with line and serial", allowed: "one of the two")
        }
        receivers.append(RadioReceiver(id: id, address: address, serial: serial, isSquelched: isSquelched))
    }

    private func serial(_ part: Part) -> SerialSource? {
        guard
            let section = Section(
                part, allowed: ReceiverKeys.serial.allowed, keys: SerialKeys.all, problems: problems)
        else { return nil }
        let baud = section.value(SerialKeys.baud, problems) ?? 9600
        let kind = section.value(SerialKeys.radioProtocol, problems) ?? .ev1527
        let port = section.value(SerialKeys.port, problems)
        guard let line = section.value(SerialKeys.prints, problems), let port else { return nil }
        if !port.hasPrefix("/"), let field = section.fields[SerialKeys.port.name] {
            problems.add(
                field.place, field.path, found: quoted(port), allowed: "an absolute path, such as /dev/ttyUSB0")
        }
        return SerialSource(path: port, baud: baud, line: line, radioProtocol: kind)
    }
}
