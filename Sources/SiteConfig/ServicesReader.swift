import CallCore

/// Reads `services`: the standard three as the site has them, and its own.
struct ServicesReader {
    let levels: LevelReader
    let problems: ProblemList

    /// The services, most urgent first.
    private(set) var services = Service.defaults
    /// Where the services stand that only a reset at a call point resolves.
    private(set) var endedAtPoints: [ServiceID: Field] = [:]
    private var places: [ServiceID: Part] = [:]

    init(levels: LevelReader, problems: ProblemList) {
        self.levels = levels
        self.problems = problems
    }

    /// Reads what the site file says; without it the standard services stay as they are.
    mutating func read(_ part: Part) {
        for pair in part.pairs(allowed: SiteKeys.services.allowed, problems: problems) ?? [] {
            guard let id = ServiceKeys.id.read(pair.key) else {
                problems.add(
                    pair.place, pair.value.path, found: "the service \(quoted(pair.key))",
                    allowed: ServiceKeys.id.allowed)
                continue
            }
            let known = services.firstIndex { $0.id == id }
            guard known != nil || services.count < Service.defaults.count + ServiceKeys.ownLimit else {
                problems.add(
                    pair.place, pair.value.path, found: "more than \(ServiceKeys.ownLimit) services of the site's own",
                    allowed: "at most that many")
                break
            }
            places[id] = pair.value
            let service = service(id, known.map { services[$0] }, pair.value)
            if let known { services[known] = service } else { services.append(service) }
        }
        refuseMoreUrgentThanEmergency()
        // Swift's sort keeps no promise about equals, so their order breaks the tie.
        services = services.enumerated().sorted {
            ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset)
        }.map(\.element)
    }

    private mutating func service(_ id: ServiceID, _ standard: Service?, _ part: Part) -> Service {
        let fallback = standard ?? Service(id: id, priority: Service.leastPriority)
        guard
            let section = Section(
                part, allowed: "a mapping such as {priority: 4}", keys: ServiceKeys.all, problems: problems)
        else { return fallback }
        if standard == nil {
            section.missing(ServiceKeys.priority.name, allowed: ServiceKeys.priority.kind.allowed, problems)
        }
        let priority = section.value(ServiceKeys.priority, problems) ?? fallback.priority
        let reader = RulesReader(id: id, section: section, levels: levels, problems: problems)
        let rules = reader.rules(over: fallback.rules)
        if rules.resolution == .point { endedAtPoints[id] = section.fields[ServiceKeys.resolve.name] }
        return Service(id: id, priority: priority, rules: rules)
    }

    private func refuseMoreUrgentThanEmergency() {
        let emergency = services.first { $0.id == .emergency }!.priority
        for service in services where service.priority < emergency {
            guard let part = places[service.id] ?? places[.emergency] else { continue }
            problems.add(
                part.place, joined(part.path, ServiceKeys.priority.name),
                found: "\(service.id) with priority \(service.priority) before emergency with \(emergency)",
                allowed: "emergency first: no other service with a lower number")
        }
    }

    // MARK: Calls without an end

    /// Reports services whose calls nobody could ever end: resolved at call points only, from points that no reset
    /// reaches.
    /// - Parameter points: all of the site's.
    func refuseEndlessCalls(from points: [CallPoint]) {
        guard !endedAtPoints.isEmpty else { return }
        var reached = PointPatterns()
        for point in points where point.gestures.asks(for: .reset) {
            for pattern in point.resets.isEmpty ? [point.id.text] : point.resets { reached.insert(pattern) }
        }
        let endless = points.filter { !reached.covers($0.id) }
        let urgent = Set(services.filter(\.rules.isUrgentWhenRepeated).map(\.id))
        for (id, field) in endedAtPoints {
            let callers = endless.filter { point in
                point.gestures.asks(for: id) || (id == .emergency && urgent.contains { point.gestures.asks(for: $0) })
            }
            guard reached.isEmpty || !callers.isEmpty else { continue }
            let more = callers.count > 3 ? " and \(callers.count - 3) more" : ""
            let names = callers.prefix(3).map(\.id.text).joined(separator: ", ") + more
            problems.add(
                field.place, field.path,
                found: "point, and no reset that could end calls" + (callers.isEmpty ? "" : " from \(names)"),
                allowed: "a point with the gesture reset for each that can call: itself, or one whose resets name it")
        }
    }
}

extension Gestures.Settings {
    /// True if one of the gestures asks for `service`.
    func asks(for service: ServiceID) -> Bool { press == service || hold == service || double == service }
}

/// Reads how one service's calls are followed.
private struct RulesReader {
    let id: ServiceID
    let section: Section
    let levels: LevelReader
    let problems: ProblemList

    private var isEmergency: Bool { id == .emergency }

    /// The rules that the section gives, and those of `standard` where it gives none.
    func rules(over standard: Service.Rules) -> Service.Rules {
        var rules = standard
        if let limit = limit(ServiceKeys.acceptWithin, ServiceKeys.escalationRange) {
            rules.acceptWithin = limit.duration
        }
        if let limit = limit(ServiceKeys.escalateEvery, ServiceKeys.escalationRange) {
            rules.escalateEvery = limit.duration
        }
        if let limit = section.value(ServiceKeys.arriveWithin, problems) { rules.arriveWithin = limit.duration }
        if let limit = section.value(ServiceKeys.expiry, problems) { rules.expiresAfter = limit.duration }
        if let urgent = section.value(ServiceKeys.urgentPresses, problems) {
            rules.isUrgentWhenRepeated = urgent == .emergency
        }
        if let resolution = section.value(ServiceKeys.resolve, problems) { rules.resolution = resolution }
        rules.hours = section.value(ServiceKeys.hours, problems)
        if let outside = section.value(ServiceKeys.outsideHours, problems) { rules.outsideHours = outside }
        if let list = section.part(ServiceKeys.escalation, problems) { rules.levels = escalation(list) }
        refuseContradictions(rules)
        return rules
    }

    /// A limit that an emergency can't be without.
    private func limit(_ key: Key<Limit>, _ range: ClosedRange<Duration>) -> Limit? {
        let limit = section.value(key, problems)
        guard isEmergency, limit == Limit.none, let field = section.fields[key.name] else { return limit }
        problems.add(
            field.place, field.path, found: "\(quoted(field.text)) for an emergency, which never gives up",
            allowed: Kind<Duration>.duration(range).allowed)
        return nil
    }

    private func escalation(_ part: Part) -> [Service.Rules.Level] {
        guard let items = part.items(allowed: ServiceKeys.escalation.allowed, problems: problems) else { return [] }
        if items.count > ServiceKeys.levelLimit {
            problems.add(
                part.place, part.path, found: "\(items.count) levels", allowed: ServiceKeys.escalation.allowed)
        }
        return items.prefix(ServiceKeys.levelLimit).map { levels.level($0, usesNextBroker: false) }
    }

    // MARK: Settings that contradict each other

    private func refuseContradictions(_ rules: Service.Rules) {
        if isEmergency {
            for (key, why) in [
                (ServiceKeys.expiry.name, "an emergency never expires"),
                (ServiceKeys.urgentPresses.name, "an emergency is one however it is pressed"),
                (ServiceKeys.hours.name, "an emergency can be called at any hour"),
                (ServiceKeys.outsideHours.name, "an emergency can be called at any hour"),
            ] { refuse(key, found: "\(key) for emergency", allowed: "this key for other services: \(why)") }
        } else if !section.present.contains(ServiceKeys.hours.name) {
            refuse(
                ServiceKeys.outsideHours.name, found: "outside-hours without hours",
                allowed: "hours beside it, or neither")
        }
        if rules.acceptWithin == nil {
            for key in [ServiceKeys.escalateEvery.name, ServiceKeys.escalation.name] {
                refuse(
                    key, found: "\(key) with accept-within never",
                    allowed: "an accept-within, or the call is never escalated")
            }
        } else if rules.escalateEvery == nil, rules.levels.count > 1 {
            refuse(
                ServiceKeys.escalation.name, found: "\(rules.levels.count) levels with escalate-every once",
                allowed: "one level, or an escalate-every, or only the first is ever reached")
        }
    }

    /// Reports the key if it stands there.
    private func refuse(_ key: String, found: String, allowed: String) {
        guard
            let at = section.fields[key].map({ ($0.place, $0.path) }) ?? section.parts[key].map({ ($0.place, $0.path) })
        else { return }
        problems.add(at.0, at.1, found: found, allowed: allowed)
    }
}
