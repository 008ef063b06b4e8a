internal import CallCore
internal import SiteConfig

/// The keys of what transmitters send.
enum RadioStepKeys {
    static let point = Key(
        "point", .optional("none, with `code`"), Kind<[String]>.pointPatterns, example: "b3-u2-402",
        "Whose transmitters: ids, or beginnings of ids and `*`. Several send at the same time.")
    static let button = Key(
        "button", .optional("that of the site's code"), Kind<RadioCodeText>.code, example: "0x8",
        "Which of its buttons: the bits that are not the identity.")
    static let code = Key(
        "code", .optional("none, with `point`"), Kind<RadioCodeText>.code, example: "0x13CD38",
        "Somebody else's code.")
    static let radioProtocol = Key(
        "protocol", .optional("ev1527"), Kind<RadioProtocol>.choice, example: "smc5326", "How `code` is keyed.")
    static let bits = Key(
        "bits", .optional("24; 25 with smc5326, 32 with kaku, keeloq and bell32, 48 with bell48, 12 with ht12e"),
        Kind<Int>.whole(8...64), example: "24", "How many bits `code` has.")
    static let base = Key(
        "base", .optional("350; 250 with kaku, 400 with keeloq"), Kind<Int>.whole(150...700), example: "420",
        "The transmitter's shortest pulse, in microseconds: from 169 to 582 have been measured.")
    static let fading = Key(
        "fading", .optional("0"), Kind<Int>.whole(0...100), example: "50",
        "How many of a hundred frames are cut short on the way.")
    static let air = Key(
        "air", .optional("quiet"), Kind<AirWord>.choice, example: "hiss",
        "`hiss`: the receiver fills silence with noise, as cheap ones do. `rough`: edges come out early and late besides."
    )
    static let receiver = Key(
        "receiver", .optional("all"), Kind<ReceiverID>.name(), example: "hall", "Which receiver hears it.")

    static let all = [
        point.doc, button.doc, code.doc, radioProtocol.doc, bits.doc, HandKeys.held.doc, HandKeys.times.doc,
        HandKeys.every.doc, base.doc, fading.doc, air.doc, receiver.doc,
    ]
}

enum AirWord: String, CaseIterable { case quiet, hiss, rough }

extension StepReader {
    /// What transmitters send.
    func radio(_ doc: StepDoc, _ part: Part) -> StageDeed? {
        guard let form = form(doc, part) else { return nil }
        switch form {
        case .short(let field):
            guard let patterns = value(field, Kind<[String]>.pointPatterns, doc) else { return nil }
            let points = points(patterns, at: field.place, field.path)
            return sending(Section(place: part.place, path: part.path), codes(of: points, nil, at: field), part)
        case .long(let section):
            var codes = foreignCode(section)
            if let points = points(section, RadioStepKeys.point), let field = section.fields["point"] {
                codes += self.codes(of: points, section.value(RadioStepKeys.button, problems)?.value, at: field)
            }
            if !section.present.contains("point"), !section.present.contains("code") {
                section.missing("point", allowed: "\(RadioStepKeys.point.kind.allowed), or a code", problems)
            }
            return sending(section, codes, part)
        }
    }

    /// What somebody sends, and whose transmitter it is.
    private typealias Sent = (code: RadioCode, point: PointID?)

    private func codes(of points: [PointID], _ button: UInt64?, at field: Field) -> [Sent] {
        guard let site else { return [] }
        return points.compactMap { id in
            guard let radio = site.points.first(where: { $0.id == id })?.radio else {
                problems.add(
                    field.place, field.path, found: "\(id), which has no transmitter",
                    allowed: "a point with radio in the site")
                return nil
            }
            guard let button else { return (radio.code, id) }
            let rest = UInt64(radio.device.bits - radio.device.identityBits)
            guard button >> rest == 0 else {
                problems.add(
                    field.place, field.path, found: "a button of more than \(rest) bits", allowed: "at most that many")
                return nil
            }
            let code = RadioCode(
                radio.code.radioProtocol, value: (radio.code.value >> rest) << rest | button, bits: radio.code.bits)
            return (code, id)
        }
    }

    private func foreignCode(_ section: Section) -> [Sent] {
        let radioProtocol = section.value(RadioStepKeys.radioProtocol, problems) ?? .ev1527
        let bits = section.value(RadioStepKeys.bits, problems) ?? radioProtocol.usualBits
        guard let value = section.value(RadioStepKeys.code, problems)?.value else { return [] }
        return [(RadioCode(radioProtocol, value: value, bits: bits), nil)]
    }

    private func sending(_ section: Section, _ codes: [Sent], _ part: Part) -> StageDeed? {
        let held = section.value(HandKeys.held, problems) ?? .milliseconds(150)
        let times = section.value(HandKeys.times, problems) ?? 1
        let every = section.value(HandKeys.every, problems) ?? .seconds(2)
        let fading = Double(section.value(RadioStepKeys.fading, problems) ?? 0) / 100
        let given = section.value(RadioStepKeys.base, problems)
        // The same story is the same each time.
        var dice = Dice(UInt64(part.place.mark.line))
        var sent = Transmissions()
        var presses: [ContactChange] = []
        for number in 0..<times {
            for (index, one) in codes.enumerated() {
                // No two transmitters have the same clock, nor begin at the same microsecond.
                let base = given.map { Int64($0) * 1000 } ?? one.code.radioProtocol.usualBase
                let keying = Keying(base: base + Int64(index) * 13_000)
                let begin = every * number + .microseconds(index * 700)
                let end = sent.press(one.code, keying, after: begin, held: held, fading: fading, &dice)
                guard let point = one.point else { continue }
                presses += [
                    ContactChange(after: begin, point: point, made: true),
                    ContactChange(after: end, point: point, made: false),
                ]
            }
        }
        var air = Air(dice.split())
        let word = section.value(RadioStepKeys.air, problems) ?? .quiet
        if word == .quiet { air.hissAfter = nil }
        if word != .rough { air.jitter = 5_000 }
        return .radio(
            RadioSending(
                receivers: receivers(section), edges: sent.edges(through: air), presses: ContactChange.inOrder(presses))
        )
    }

    private func receivers(_ section: Section) -> [ReceiverID] {
        let all = site?.receivers.map(\.id) ?? []
        guard let id = section.value(RadioStepKeys.receiver, problems), let field = section.fields["receiver"] else {
            if site != nil, all.isEmpty {
                problems.add(
                    section.place, section.path, found: "no receiver that could hear it",
                    allowed: "receivers in the site, such as {hall: {}}")
            }
            return all
        }
        if site != nil, !all.contains(id) {
            problems.add(
                field.place, field.path, found: "the unknown receiver \(quoted(id.text))",
                allowed: listed(all.map(\.text)))
        }
        return [id]
    }
}
