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
        let bits = section.value(DeviceKeys.bits, problems)
        let identity = section.value(DeviceKeys.identity, problems)
        let other = section.value(DeviceKeys.other, problems) ?? .press
        refuseUnknown(other, section.fields[DeviceKeys.other.name])
        let supervision = section.part(DeviceKeys.supervision, problems).flatMap(supervision)
        let (isClonable, isRolling) = (
            section.value(DeviceKeys.clonable, problems) ?? true, section.value(DeviceKeys.rolling, problems) ?? false
        )
        guard let radioProtocol, let bits, let identity else { return nil }
        if identity > bits, let field = section.fields[DeviceKeys.identity.name] {
            problems.add(field.place, field.path, found: "\(identity) of \(bits) bits", allowed: "at most all of them")
        }
        guard problems.total == before else { return nil }
        let meanings = section.part(DeviceKeys.buttons, problems).map { buttons($0, bits: bits - identity) } ?? [:]
        return RadioDevice(
            name: name, radioProtocol: radioProtocol, bits: bits, identityBits: identity, meanings: meanings,
            otherwise: other, supervision: supervision, isClonable: isClonable, isRolling: isRolling)
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
            guard case .scalar(let text, _) = pair.value.node.content,
                let meaning = DeviceKeys.other.kind.read(text)
            else {
                problems.add(
                    pair.value.place, pair.value.path, found: pair.value.node.found,
                    allowed: DeviceKeys.other.kind.allowed)
                continue
            }
            refuseUnknown(meaning, Field(text: text, place: pair.value.place, path: pair.value.path))
            meanings[value] = meaning
        }
        return meanings
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
