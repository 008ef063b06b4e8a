import CallCore

/// What a point, or `defaults`, says of a contact and its gestures; nil where it says nothing.
struct PointSettings {
    var bias: LineBias?
    var active: ActiveLevel?
    var contact: Contact?
    var press: ServiceID?
    var hold: ExtraGesture?
    var double: ExtraGesture?
    var resets: [String]?
    var holdAfter: Duration?
    var doubleWithin: Duration?
    var minimumWidth: Duration?
    var quiet: Duration?
    var stuckAfter: Duration?

    init() {}

    /// Reads what `section` says; what is wrong is reported and left out.
    init(_ section: Section, services: Set<ServiceID>, _ problems: ProblemList) {
        bias = section.value(PointSettingKeys.bias, problems)
        active = section.value(PointSettingKeys.active, problems)
        contact = section.value(PointSettingKeys.contact, problems)
        press = section.value(PointSettingKeys.press, problems)
        hold = section.value(PointSettingKeys.hold, problems)
        double = section.value(PointSettingKeys.double, problems)
        resets = section.value(PointSettingKeys.resets, problems)
        holdAfter = section.value(PointSettingKeys.holdAfter, problems)
        doubleWithin = section.value(PointSettingKeys.doubleWithin, problems)
        minimumWidth = section.value(PointSettingKeys.minimumWidth, problems)
        quiet = section.value(PointSettingKeys.quiet, problems)
        stuckAfter = section.value(PointSettingKeys.stuckAfter, problems)
        for (service, key) in [
            (press, PointSettingKeys.press.name), (hold?.service, PointSettingKeys.hold.name),
            (double?.service, PointSettingKeys.double.name),
        ] {
            guard let service, service != .reset, !services.contains(service), let field = section.fields[key] else {
                continue
            }
            let known = services.map(\.text).sorted()
            let guess = problems.guess(for: service.text, of: known + [ServiceID.reset.text])
            problems.add(
                field.place, field.path, found: "the unknown service \(quoted(service.text))",
                allowed: "\(guess)services here are \(listed(known)), and reset ends calls")
        }
    }

    /// These settings, with those of `defaults` where they say nothing.
    func over(_ defaults: PointSettings) -> PointSettings {
        var merged = self
        merged.bias = bias ?? defaults.bias
        merged.active = active ?? defaults.active
        merged.contact = contact ?? defaults.contact
        merged.press = press ?? defaults.press
        merged.hold = hold ?? defaults.hold
        merged.double = double ?? defaults.double
        merged.resets = resets ?? defaults.resets
        merged.holdAfter = holdAfter ?? defaults.holdAfter
        merged.doubleWithin = doubleWithin ?? defaults.doubleWithin
        merged.minimumWidth = minimumWidth ?? defaults.minimumWidth
        merged.quiet = quiet ?? defaults.quiet
        merged.stuckAfter = stuckAfter ?? defaults.stuckAfter
        return merged
    }

    // MARK: Results

    var debounce: Debouncer.Settings {
        var settings = Debouncer.Settings()
        if let minimumWidth { settings.minimumWidth = minimumWidth }
        if let quiet { settings.quiet = quiet }
        return settings
    }

    var gestures: Gestures.Settings {
        var settings = Gestures.Settings()
        if let press { settings.press = press }
        settings.hold = hold?.service
        settings.double = double?.service
        if let holdAfter { settings.holdAfter = holdAfter }
        if let doubleWithin { settings.doubleWithin = doubleWithin }
        return settings
    }

    /// True if a made contact pulls its line low.
    var isActiveLow: Bool { active != .high }

    /// True if the contact is made until somebody presses.
    var isNormallyClosed: Bool { contact == .normallyClosed }

    /// The bias that holds an open contact at the level of an open one, unless another was named. Whether open means
    /// pressed changes nothing about it: a cut wire must look like an open contact either way.
    var effectiveBias: LineBias { bias ?? (isActiveLow ? .pullUp : .pullDown) }

    func point(_ id: PointID, _ label: String) -> CallPoint {
        var point = CallPoint(id: id, label: label, debounce: debounce, gestures: gestures)
        if let stuckAfter { point.stuckAfter = stuckAfter }
        point.isNormallyClosed = isNormallyClosed
        if point.gestures.asks(for: .reset) { point.resets = resets ?? [] }
        return point
    }

    // MARK: Settings that contradict each other

    /// Reports settings that together make a gesture impossible, where `section` gives at least one of them: what only
    /// `defaults` say is reported there, once.
    func refuseContradictions(in section: Section, _ problems: ProblemList) {
        let settings = gestures
        let stuck = point(PointID(unchecked: ""), "").stuckAfter
        if settings.holdAfter >= stuck {
            report(
                [PointSettingKeys.holdAfter, PointSettingKeys.stuckAfter], in: section, problems,
                found: "hold-after \(DurationText.write(settings.holdAfter)) with stuck-after "
                    + DurationText.write(stuck),
                allowed: "a stuck-after longer than hold-after, or no hold is ever seen")
        }
        if settings.doubleWithin <= debounce.quiet {
            report(
                [PointSettingKeys.doubleWithin, PointSettingKeys.quiet], in: section, problems,
                found: "double-within \(DurationText.write(settings.doubleWithin)) with quiet "
                    + DurationText.write(debounce.quiet),
                allowed: "a double-within longer than quiet, or no second press is ever seen")
        }
    }

    private func report(
        _ keys: [Key<Duration>], in section: Section, _ problems: ProblemList, found: String, allowed: String
    ) {
        guard let field = keys.compactMap({ section.fields[$0.name] }).first else { return }
        problems.add(field.place, field.path, found: found, allowed: allowed)
    }
}
