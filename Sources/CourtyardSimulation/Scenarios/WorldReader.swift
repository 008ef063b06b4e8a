internal import CallContract
internal import CallCore
internal import SiteConfig

extension StepReader {
    // MARK: The courtyard's parts

    func world(_ doc: StepDoc, _ part: Part) -> StageDeed? {
        guard let form = form(doc, part) else { return nil }
        switch form {
        case .short(let field): return world(doc, field)
        case .long(let section):
            switch doc.name {
            case "broker": return broker(section)
            case "power": return section.value(WorldKeys.showing, problems).map { .power(.on(showing: $0)) }
            case "clock": return section.value(WorldKeys.step, problems).map { .clock(.step($0)) }
            default: preconditionFailure("\(doc.name) has keys that nobody reads")
            }
        }
    }

    private func world(_ doc: StepDoc, _ field: Field) -> StageDeed? {
        switch doc.name {
        case "broker":
            value(field, Kind<BrokerWord>.choice, doc).map { .broker(Self.deed($0, by: .seconds(1)), which: nil) }
        case "power": value(field, Kind<PowerWord>.choice, doc).map { .power($0 == .cut ? .cut : .on(showing: nil)) }
        case "agent": value(field, Kind<AgentDeed>.choice, doc).map { .agent($0) }
        case "clock": value(field, Kind<ClockWord>.choice, doc).map { .clock($0 == .right ? .right : .unknown) }
        case "disk": value(field, Kind<DiskDeed>.choice, doc).map { .disk($0) }
        case "card": value(field, Kind<CardWord>.choice, doc).map { _ in .newCard }
        case "clone": value(field, Kind<CloneWord>.choice, doc).map { .clone(appears: $0 == .appears) }
        default: preconditionFailure("nobody reads the step \(doc.name)")
        }
    }

    private func broker(_ section: Section) -> StageDeed? {
        let which = section.value(WorldKeys.which, problems)
        let by = section.value(WorldKeys.by, problems)
        guard let word = section.value(WorldKeys.brokerDoes, problems) else { return nil }
        if let which, let field = section.fields[WorldKeys.which.name],
            which > brokers || ![.stop, .kill, .start].contains(word)
        {
            problems.add(
                field.place, field.path, found: quoted(field.text),
                allowed: "a broker from 1 to \(brokers), with stop, kill or start")
        }
        return .broker(Self.deed(word, by: by ?? .seconds(1)), which: which)
    }

    private static func deed(_ word: BrokerWord, by delay: Duration) -> BrokerDeed {
        switch word {
        case .stop: .stop
        case .kill: .kill
        case .start: .start
        case .blackhole: .blackhole
        case .refuse: .refuse
        case .slow: .slow(delay)
        case .restore: .restore
        }
    }
}

extension StepReader {
    // MARK: Desks

    func desk(_ part: Part) -> StageDeed? {
        let allowed = "a desk and what it does, such as {desk-1: works} or {desk-1: {accepts: 5s}}"
        guard let pairs = part.pairs(allowed: allowed, problems: problems) else { return nil }
        guard let pair = pairs.first, pairs.count == 1 else {
            problems.add(part.place, part.path, found: "\(pairs.count) desks", allowed: allowed)
            return nil
        }
        guard let desk = DeskID(pair.key) else {
            problems.add(
                pair.place, pair.value.path, found: "the desk \(quoted(pair.key))",
                allowed: Kind<DeskID>.name().allowed)
            return nil
        }
        return deskDeed(pair.value).map { .desk(desk, $0) }
    }

    private func deskDeed(_ part: Part) -> DeskDeed? {
        let words = Kind<DeskWord>.choice
        switch part.node.content {
        case .scalar(let text, _):
            guard let word = words.read(text) else {
                problems.add(
                    part.place, part.path, found: part.node.found,
                    allowed: "\(words.allowed), or its paces, such as {accepts: 5s, arrives: 1min}")
                return nil
            }
            return Self.deed(word)
        case .mapping:
            guard
                let section = Section(part, allowed: "a desk's paces", keys: DeskKeys.manner, problems: problems)
            else { return nil }
            return .behaves(manner(section))
        default:
            problems.add(part.place, part.path, found: part.node.found, allowed: words.allowed)
            return nil
        }
    }

    private static func deed(_ word: DeskWord) -> DeskDeed {
        let standard = DeskManner.after(.zero, .seconds(5), .seconds(60), .seconds(30))
        let never = Pace.never.duration
        switch word {
        case .works: return .behaves(standard)
        case .listens: return .behaves(.after(.zero, never, never, never))
        case .ignores:
            var manner = standard
            manner.ignores = true
            return .behaves(manner)
        case .leaves: return .leaves
        case .crashes: return .crashes
        }
    }

    private func manner(_ section: Section) -> DeskManner {
        func pace(_ key: Key<Pace>) -> Duration { (section.value(key, problems) ?? .never).duration }
        let received = section.value(DeskKeys.received, problems) ?? .after(.zero)
        var manner = DeskManner.after(
            received.duration, pace(DeskKeys.accepts), pace(DeskKeys.arrives), pace(DeskKeys.resolves))
        if let text = section.value(DeskKeys.refuses, problems) {
            manner.refuses = Set(text.split(separator: " ").map(String.init))
        }
        return manner
    }

    // MARK: Commands

    func handCommand(_ doc: StepDoc, _ part: Part) -> Scenario.Act? {
        guard let form = form(doc, part) else { return nil }
        let name = doc.name == "set-out" ? "accept" : doc.name
        func command(_ point: PointID, _ section: Section?) -> Scenario.Act {
            .command(
                HandCommand(
                    name: name, point: point, service: section.flatMap { service($0, CommandKeys.service) },
                    actor: section.flatMap { $0.value(CommandKeys.by, problems) } ?? "desk-1",
                    id: section.flatMap { $0.value(CommandKeys.id, problems) },
                    revision: section.flatMap { $0.value(CommandKeys.revision, problems) },
                    onTheWay: doc.name == "set-out",
                    outcome: name == "resolve"
                        ? section.flatMap { $0.value(CommandKeys.outcome, problems) } ?? "done" : nil,
                    reason: name == "cancel"
                        ? section.flatMap { $0.value(CommandKeys.reason, problems) } ?? "mistake" : nil))
        }
        switch form {
        case .short(let field):
            guard let point = value(field, Kind<PointID>.name(), doc) else { return nil }
            _ = points([point.text], at: field.place, field.path)
            return command(point, nil)
        case .long(let section): return point(section, CommandKeys.point).map { command($0, section) }
        }
    }

    func publish(_ doc: StepDoc, _ part: Part) -> StageDeed? {
        guard let form = form(doc, part) else { return nil }
        switch form {
        case .short(let field): return command(named: field.text, nil, at: field.place)
        case .long(let section):
            if doc.name == "command" {
                return section.value(WorldKeys.command, problems).flatMap {
                    command(named: $0, section, at: section.place)
                }
            }
            let retained = section.value(WorldKeys.retained, problems) ?? false
            guard let topic = section.value(WorldKeys.topic, problems),
                let payload = section.value(WorldKeys.payload, problems)
            else { return nil }
            return .publish(topic: whole(topic), payload: Array(payload.utf8), retained: retained)
        }
    }

    private func command(named name: String, _ section: Section?, at place: Place) -> StageDeed? {
        let payload = PlainCommand(
            id: section.flatMap { $0.value(CommandKeys.id, problems) } ?? "line-\(place.mark.line)",
            actor: section.flatMap { $0.value(CommandKeys.by, problems) } ?? "desk-1",
            point: section.flatMap { point($0, WorldKeys.commandPoint) }?.text)
        return .publish(topic: whole("command/\(name)"), payload: WireJSON.bytes(payload), retained: false)
    }

    /// A topic below the gateway's, unless it is a whole one.
    private func whole(_ topic: String) -> String {
        guard !topic.hasPrefix("courtyard/"), let site else { return topic }
        return "\(Topics(site: site.site, gateway: site.gateway).base)/\(topic)"
    }
}

/// A command that is about no call.
private struct PlainCommand: Encodable {
    let id, actor: String
    let point: String?
}

extension DeskManner {
    /// People who always take as long.
    static func after(
        _ received: Duration, _ accept: Duration, _ arrive: Duration, _ resolve: Duration
    ) -> DeskManner {
        DeskManner(
            acceptAfter: accept...accept, arriveAfter: arrive...arrive, resolveAfter: resolve...resolve,
            sayReceivedAfter: received)
    }
}
