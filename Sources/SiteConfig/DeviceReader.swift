import CallCore

/// Reads the files of `devices/` that points name: one for each kind of transmitter.
struct DeviceReader {
    /// Where the kinds that come with the gateway are.
    static let standardFolder = "/usr/share/courtyard-gateway/devices"
    /// The most kinds one site may name.
    static let limit = 64

    /// Where they are looked for, in this order.
    let folders: [String]
    let services: Set<ServiceID>
    let files: any SiteFiles
    let problems: ProblemList

    /// Those that were read; nil for one that is of no use, which was reported.
    private var read: [String: RadioDevice?] = [:]

    init(folder: String, services: Set<ServiceID>, files: any SiteFiles, problems: ProblemList) {
        folders = [folder, Self.standardFolder]
        self.services = services
        self.files = files
        self.problems = problems
    }

    /// The kind of this name, which stands at `field`; nil after saying what is wrong.
    mutating func device(_ name: String, at field: Field) -> RadioDevice? {
        if let known = read[name] { return known }
        guard read.count < Self.limit else {
            problems.add(
                field.place, field.path, found: "more than \(Self.limit) kinds of transmitters",
                allowed: "at most that many")
            return nil
        }
        let device = open(name, at: field)
        read[name] = device
        return device
    }

    private func open(_ name: String, at field: Field) -> RadioDevice? {
        for folder in folders {
            let path = "\(folder)/\(name).yaml"
            let content: [UInt8]
            do throws(FileTrouble) {
                content = try files.bytes(of: path, limit: TextFile.Format.yaml.limit)
            } catch .missing {
                continue
            } catch {
                TextFile.report(error, of: path, format: .yaml, at: (field.place, path: field.path), to: problems)
                return nil
            }
            guard let text = TextFile(content, name: path, format: .yaml, problems: problems),
                let root = YAMLTree.read(text, problems: problems)
            else { return nil }
            return device(name, Part(node: root, place: Place(file: path, mark: root.mark), path: ""))
        }
        problems.add(
            field.place, field.path, found: "the unknown kind of transmitter \(quoted(name))",
            allowed: "the name of a file in \(folders.joined(separator: " or ")), without .yaml")
        return nil
    }

    private func device(_ name: String, _ part: Part) -> RadioDevice? {
        let before = problems.total
        guard
            let section = Section(
                part, allowed: "a mapping that begins with \"about: \"", keys: DeviceKeys.all, problems: problems)
        else { return nil }
        _ = section.value(DeviceKeys.about, problems)
        let radioProtocol = section.value(DeviceKeys.radioProtocol, problems)
        let other = section.value(DeviceKeys.other, problems) ?? .press
        refuseUnknown(other, section.fields[DeviceKeys.other.name])
        let supervision = section.part(DeviceKeys.supervision, problems).flatMap(supervision)
        let (isClonable, isRolling) = (
            section.value(DeviceKeys.clonable, problems) ?? true, section.value(DeviceKeys.rolling, problems) ?? false
        )
        guard let radioProtocol, let shape = radioProtocol == .rtl433 ? told(section) : keyed(section),
            problems.total == before
        else { return nil }
        return RadioDevice(
            name: name, radioProtocol: radioProtocol, bits: shape.bits, identityBits: shape.identity,
            meanings: shape.meanings, otherwise: other, supervision: supervision, isClonable: isClonable,
            isRolling: isRolling, model: shape.model, batteryBits: shape.batteryBits)
    }

    /// What its codes are like.
    private struct Shape {
        let bits: Int
        let identity: Int
        let meanings: [UInt64: RadioDevice.Meaning]
        var model: RadioDevice.Model?
        var batteryBits: UInt64 = 0
    }

    /// Of one that is decoded from edges.
    private func keyed(_ section: Section) -> Shape? {
        refuse(
            [DeviceKeys.model.name, DeviceKeys.id.name, DeviceKeys.messages.name], in: section, with: "rtl_433 only")
        section.missing(DeviceKeys.bits.name, allowed: DeviceKeys.bits.kind.allowed, problems)
        section.missing(DeviceKeys.identity.name, allowed: DeviceKeys.identity.kind.allowed, problems)
        guard let bits = section.value(DeviceKeys.bits, problems),
            let identity = section.value(DeviceKeys.identity, problems)
        else { return nil }
        if identity > bits, let field = section.fields[DeviceKeys.identity.name] {
            problems.add(field.place, field.path, found: "\(identity) of \(bits) bits", allowed: "at most all of them")
            return nil
        }
        let meanings = section.part(DeviceKeys.buttons, problems).map { buttons($0, bits: bits - identity) } ?? [:]
        let battery = section.value(DeviceKeys.battery, problems)?.value ?? 0
        if battery >> UInt64(bits - identity) != 0, let field = section.fields[DeviceKeys.battery.name] {
            problems.add(
                field.place, field.path, found: quoted(field.text),
                allowed: "some of the \(bits - identity) bits that are not the identity")
        }
        return Shape(bits: bits, identity: identity, meanings: meanings, batteryBits: battery)
    }

    /// Of one that rtl_433 tells of.
    private func told(_ section: Section) -> Shape? {
        refuse(
            [DeviceKeys.bits.name, DeviceKeys.identity.name, DeviceKeys.buttons.name, DeviceKeys.battery.name],
            in: section,
            with: "protocols that are decoded from edges")
        section.missing(DeviceKeys.model.name, allowed: DeviceKeys.model.kind.allowed, problems)
        let id = section.value(DeviceKeys.id, problems) ?? "id"
        guard let model = section.value(DeviceKeys.model, problems) else { return nil }
        var messages: [RadioDevice.Model.Message] = []
        var meanings: [UInt64: RadioDevice.Meaning] = [:]
        for pair in section.part(DeviceKeys.messages, problems)?.pairs(
            allowed: DeviceKeys.messages.allowed, problems: problems) ?? []
        {
            let parts = pair.key.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let key = Kind<String>.word.read(parts[0]), (1...200).contains(parts[1].utf8.count)
            else {
                problems.add(
                    pair.place, pair.value.path, found: "the message \(quoted(pair.key))",
                    allowed: "a key and its value, as in battery_ok=0")
                continue
            }
            guard let meaning = meaning(pair.value) else { continue }
            messages.append(.init(key: key, value: parts[1]))
            meanings[UInt64(messages.count)] = meaning
        }
        let bits = RadioProtocol.rtl433.usualBits
        return Shape(
            bits: bits, identity: bits, meanings: meanings,
            model: .init(name: model, idKey: id, messages: messages))
    }

    private func refuse(_ keys: [String], in section: Section, with kinds: String) {
        for key in keys where section.present.contains(key) {
            problems.add(section.place, section.path, found: "the key \(key)", allowed: "\(key) with \(kinds)")
        }
    }

    private func buttons(_ part: Part, bits: Int) -> [UInt64: RadioDevice.Meaning] {
        var meanings: [UInt64: RadioDevice.Meaning] = [:]
        for pair in part.pairs(allowed: DeviceKeys.buttons.allowed, problems: problems) ?? [] {
            let value = hexadecimal(pair.key)
            guard let value, value >> UInt64(bits) == 0, meanings[value] == nil else {
                problems.add(
                    pair.place, pair.value.path, found: "the button \(quoted(pair.key))",
                    allowed: "each value once, in hexadecimal as in 0x1, of the \(bits) bits that are not the identity")
                continue
            }
            guard let meaning = meaning(pair.value) else { continue }
            meanings[value] = meaning
        }
        return meanings
    }

    private func meaning(_ part: Part) -> RadioDevice.Meaning? {
        guard case .scalar(let text, _) = part.node.content, let meaning = DeviceKeys.other.kind.read(text) else {
            problems.add(part.place, part.path, found: part.node.found, allowed: DeviceKeys.other.kind.allowed)
            return nil
        }
        refuseUnknown(meaning, Field(text: text, place: part.place, path: part.path))
        return meaning
    }

    private func refuseUnknown(_ meaning: RadioDevice.Meaning, _ field: Field?) {
        guard case .service(let service) = meaning, !services.contains(service), let field else { return }
        let known = services.map(\.text).sorted()
        problems.add(
            field.place, field.path, found: "the unknown service \(quoted(service.text))",
            allowed:
                "\(problems.guess(for: service.text, of: known))\(DeviceKeys.other.kind.allowed); services here are "
                + listed(known))
    }

    private func supervision(_ part: Part) -> RadioDevice.Supervision? {
        guard
            let section = Section(
                part, allowed: DeviceKeys.supervision.allowed, keys: SupervisionKeys.all, problems: problems),
            let interval = section.value(SupervisionKeys.interval, problems)
        else { return nil }
        return .init(interval: interval, misses: section.value(SupervisionKeys.misses, problems) ?? 1)
    }
}
