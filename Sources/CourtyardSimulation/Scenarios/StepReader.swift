internal import CallContract
internal import CallCore
internal import SiteConfig

/// Reads the steps of a scenario.
struct StepReader {
    /// Nil if there is something wrong with it: then names are taken as they are.
    let site: Site?
    let brokers: Int
    let problems: ProblemList

    private static let names = StepCatalogue.all.map(\.name)

    /// One step; nil after saying what is wrong with it.
    func step(_ part: Part) -> Scenario.Step? {
        let allowed = "one step, such as \"- press: b3-u2-401\""
        guard let pairs = part.pairs(allowed: allowed, problems: problems) else { return nil }
        guard let first = pairs.first, pairs.count == 1 else {
            problems.add(
                part.place, part.path, found: "\(pairs.count) keys (\(listed(pairs.map(\.key))))",
                allowed: "one step with all its keys inside it, such as \"- press: {point: b3-u2-401, for: 200ms}\"")
            return nil
        }
        guard let doc = StepCatalogue.all.first(where: { $0.name == first.key }) else {
            problems.add(
                first.place, first.value.path, found: "an unknown step",
                allowed:
                    "\(problems.guess(for: first.key, of: Self.names))steps are \(Self.names.joined(separator: ", "))")
            return nil
        }
        guard let act = act(doc, first.value) else { return nil }
        return Scenario.Step(line: first.place.mark.line, text: text(of: part.node), act: act)
    }

    /// `press: b3-u2-401`, not longer than a line should be.
    private func text(of node: Node) -> String {
        let text = node.shortText.dropFirst().dropLast()
        return text.count > 200 ? text.prefix(199) + "…" : String(text)
    }

    private func act(_ doc: StepDoc, _ part: Part) -> Scenario.Act? {
        switch doc.name {
        case "press", "hold", "release", "everybody", "edges", "wire": hands(doc, part).map { .deed($0) }
        case "radio": radio(doc, part).map { .deed($0) }
        case "desk": desk(part).map { .deed($0) }
        case "received", "accept", "set-out", "arrive", "resolve", "cancel": handCommand(doc, part)
        case "command", "publish": publish(doc, part).map { .deed($0) }
        case "wait": scalar(doc, part, Kind<Duration>.span).map { .wait($0) }
        case "expect": ExpectationReader(steps: self).expectation(part, isNever: false)
        case "never": ExpectationReader(steps: self).expectation(part, isNever: true)
        default: world(doc, part).map { .deed($0) }
        }
    }

    // MARK: Values

    /// What stands behind a step: a single value, or a mapping with its keys; nil after saying what is wrong.
    enum Form {
        case short(Field)
        case long(Section)
    }

    func form(_ doc: StepDoc, _ part: Part) -> Form? {
        switch part.node.content {
        case .scalar(let text, _) where doc.short != nil && !part.node.isNothing:
            return .short(Field(text: text, place: part.place, path: part.path))
        case .mapping where !doc.keys.isEmpty:
            return Section(part, allowed: doc.allowed, keys: doc.keys, problems: problems).map { .long($0) }
        case .refused: return nil
        default:
            problems.add(part.place, part.path, found: part.node.found, allowed: doc.allowed)
            return nil
        }
    }

    func value<Value>(_ field: Field, _ kind: Kind<Value>, _ doc: StepDoc) -> Value? {
        if let value = kind.read(field.text) { return value }
        problems.add(field.place, field.path, found: quoted(field.text), allowed: doc.allowed)
        return nil
    }

    private func scalar<Value>(_ doc: StepDoc, _ part: Part, _ kind: Kind<Value>) -> Value? {
        guard case .short(let field)? = form(doc, part) else { return nil }
        return value(field, kind, doc)
    }

    /// The points that patterns mean, in the site's order; each is reported that means none.
    func points(_ patterns: [String], at place: Place, _ path: String) -> [PointID] {
        guard let site else { return [] }
        let index = PointIndex(site.points.map(\.id))
        for pattern in patterns { index.refuse(pattern, at: place, path, problems) }
        return site.points.map(\.id).filter { point in
            patterns.contains { $0.hasSuffix("*") ? point.text.hasPrefix($0.dropLast()) : point.text == $0 }
        }
    }

    /// The points under a key; nil if there is no such key, or its value is wrong.
    func points(_ section: Section, _ key: Key<[String]>) -> [PointID]? {
        guard let patterns = section.value(key, problems), let field = section.fields[key.name] else { return nil }
        return points(patterns, at: field.place, field.path)
    }

    /// The one point under a key, which must be one of the site's.
    func point(_ section: Section, _ key: Key<PointID>) -> PointID? {
        guard let point = section.value(key, problems), let field = section.fields[key.name] else { return nil }
        _ = points([point.text], at: field.place, field.path)
        return point
    }

    func service(_ section: Section, _ key: Key<ServiceID>) -> ServiceID? {
        guard let service = section.value(key, problems), let field = section.fields[key.name] else { return nil }
        let known = (site?.services.map(\.id) ?? [service]) + [.test]
        if !known.contains(service) {
            problems.add(
                field.place, field.path, found: "\(quoted(service.text)), which is no service",
                allowed: known.map(\.text).joined(separator: ", "))
        }
        return service
    }

    // MARK: Hands

    private func hands(_ doc: StepDoc, _ part: Part) -> StageDeed? {
        guard let form = form(doc, part) else { return nil }
        switch form {
        case .short(let field):
            guard let patterns = value(field, Kind<[String]>.pointPatterns, doc) else { return nil }
            let points = points(patterns, at: field.place, field.path)
            refuseWithoutWire(points, field)
            return hands(doc.name, Presses(points: points))
        case .long(let section):
            switch doc.name {
            case "edges": return edges(section)
            case "wire":
                guard let points = points(section, HandKeys.point), let word = section.value(HandKeys.wire, problems)
                else { return nil }
                refuseWithoutLoop(points, section)
                return .wires(points, cut: word == .cut)
            default: return hands(doc.name, presses(doc, section))
            }
        }
    }

    private func presses(_ doc: StepDoc, _ section: Section) -> Presses {
        var presses = Presses(points: [])
        if doc.name == "everybody" {
            presses.points =
                section.present.contains("point")
                ? points(section, HandKeys.anyPoint) ?? [] : site?.points.filter(\.isWired).map(\.id) ?? []
        } else {
            presses.points = wired(section)
        }
        presses.over = section.value(HandKeys.over, problems) ?? presses.over
        presses.held = section.value(HandKeys.held, problems) ?? presses.held
        presses.times = section.value(HandKeys.times, problems) ?? presses.times
        presses.every = section.value(HandKeys.every, problems) ?? presses.every
        presses.bounce = section.value(HandKeys.bounce, problems) ?? presses.bounce
        if presses.times > 1, presses.every <= presses.held, let field = section.fields[HandKeys.every.name] {
            problems.add(
                field.place, field.path, found: quoted(field.text),
                allowed: "longer than the \(DurationText.write(presses.held)) for which it is held each time")
        }
        return presses
    }

    private func hands(_ name: String, _ presses: Presses) -> StageDeed {
        switch name {
        case "hold", "release":
            .contacts(
                ContactChange.inOrder(
                    presses.points.flatMap { presses.bounce.changes(of: $0, to: name == "hold", after: .zero) }))
        default: .contacts(presses.changes)
        }
    }

    private func edges(_ section: Section) -> StageDeed? {
        let points = wired(section)
        guard let list = section.part(HandKeys.pattern, problems) else { return nil }
        let stretches = list.values(
            Kind<Stretch>.stretch, limit: 1000, allowed: HandKeys.pattern.allowed, problems: problems)
        var after = Duration.zero
        var changes: [ContactChange] = []
        for (stretch, _) in stretches {
            for point in points { changes.append(.init(after: after, point: point, made: stretch.made)) }
            after += stretch.span
        }
        for point in points { changes.append(.init(after: after, point: point, made: false)) }
        return .contacts(changes)
    }

    /// The points under `point`, which must have a contact.
    private func wired(_ section: Section) -> [PointID] {
        let points = points(section, HandKeys.point) ?? []
        if let field = section.fields[HandKeys.point.name] { refuseWithoutWire(points, field) }
        return points
    }

    private func refuseWithoutWire(_ points: [PointID], _ field: Field) {
        for point in points where site?.points.contains(where: { $0.id == point && !$0.isWired }) ?? false {
            problems.add(
                field.place, field.path, found: "\(point), which has no contact",
                allowed: "points with a wire; transmitters are pressed with \"- radio: \(point)\"")
        }
    }

    private func refuseWithoutLoop(_ points: [PointID], _ section: Section) {
        guard let site, let field = section.fields[HandKeys.point.name] else { return }
        let supervised = site.points.filter(\.hasLoop).map(\.id)
        for point in points where !supervised.contains(point) {
            problems.add(
                field.place, field.path, found: "\(point), whose wire isn't supervised",
                allowed:
                    "points with a `loop`: \(supervised.isEmpty ? "there is none" : listed(supervised.map(\.text)))")
        }
    }
}
