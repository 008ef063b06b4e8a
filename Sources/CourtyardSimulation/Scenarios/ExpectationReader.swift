internal import CallCore
internal import SiteConfig

/// Reads what is expected: a mapping whose first word says what is looked at.
struct ExpectationReader {
    let steps: StepReader
    private var problems: ProblemList { steps.problems }

    init(steps: StepReader) { self.steps = steps }

    private static let names = ExpectationKeys.subjects.map { $0[0].name }
    /// Where a word of one subject is another's narrowing key, the subject that is named goes first.
    private static let example = "a mapping, such as {event: raised, point: b3-u2-401, within: 1s}"

    /// The act; nil after saying what is wrong with it.
    /// - Parameter isNever: it must not be seen.
    func expectation(_ part: Part, isNever: Bool) -> Scenario.Act? {
        guard case .mapping(let pairs) = part.node.content else {
            if case .refused = part.node.content { return nil }
            problems.add(part.place, part.path, found: part.node.found, allowed: Self.example)
            return nil
        }
        let found = pairs.compactMap { pair -> String? in
            if case .scalar(let text, _) = pair.key.content { text } else { nil }
        }
        // `point` is a subject only where no other is.
        guard let subject = ExpectationKeys.subjects.first(where: { found.contains($0[0].name) }) else {
            let guess = found.first.map { problems.guess(for: $0, of: Self.names) } ?? ""
            problems.add(
                part.place, part.path, found: "nothing that is looked at",
                allowed: "\(guess)one of \(Self.names.joined(separator: ", ")), such as {event: raised}")
            return nil
        }
        let isCounted = ExpectationKeys.counted.contains(subject[0].name)
        let timing =
            isNever
            ? [ExpectationKeys.lasts.doc]
            : [ExpectationKeys.within.doc] + (isCounted ? [ExpectationKeys.times.doc] : [])
        guard
            let section = Section(part, allowed: Self.example, keys: subject + timing, problems: problems),
            let read = self.subject(subject[0].name, section)
        else { return nil }
        let within = section.value(ExpectationKeys.within, problems) ?? Expectation.standardWait
        let times = section.value(ExpectationKeys.times, problems)
        let expectation = Expectation(subject: read, within: within, times: times)
        guard isNever else { return .expect(expectation) }
        return .never(expectation, lasts: section.value(ExpectationKeys.lasts, problems) ?? .zero)
    }

    private func subject(_ name: String, _ section: Section) -> Expectation.Subject? {
        typealias Keys = ExpectationKeys
        switch name {
        case Keys.event.name: return event(section)
        case Keys.reply.name:
            guard let word = section.value(Keys.reply, problems) else { return nil }
            var match = Expectation.ReplyMatch(accepted: word == .accepted)
            match.command = section.value(Keys.command, problems)
            match.id = section.value(Keys.id, problems)
            match.reason = section.value(Keys.reason, problems)
            return .reply(match)
        case Keys.call.name: return steps.point(section, Keys.call).map { .call($0, call(section)) }
        case Keys.openCalls.name:
            return section.value(Keys.openCalls, problems).map { count in
                let points = section.present.contains(Keys.points.name) ? steps.points(section, Keys.points) ?? [] : nil
                return .openCalls(count, points: points, call(section))
            }
        case Keys.fault.name:
            let isSet = (section.value(Keys.faultIs, problems) ?? .set) == .set
            let point = section.present.contains("point") ? steps.point(section, Keys.faultPoint) : nil
            return section.value(Keys.fault, problems).map { .fault($0, isSet: isSet, point: point) }
        case Keys.output.name: return output(section)
        case Keys.status.name: return section.value(Keys.status, problems).map { .status($0) }
        default:
            guard let point = steps.point(section, Keys.point), let word = section.value(Keys.pointIs, problems)
            else { return nil }
            return .point(point, state: word.rawValue)
        }
    }

    private func event(_ section: Section) -> Expectation.Subject? {
        typealias Keys = ExpectationKeys
        guard let word = section.value(Keys.event, problems) else { return nil }
        var match = Expectation.EventMatch()
        if case .type(let type) = word { match.type = type }
        if section.present.contains(Keys.points.name) {
            match.points = Set((steps.points(section, Keys.points) ?? []).map(\.text))
        }
        if section.present.contains(Keys.service.name) { match.service = steps.service(section, Keys.service) }
        match.presses = section.value(Keys.presses, problems)
        match.escalation = section.value(Keys.escalation, problems)
        match.actor = section.value(Keys.actor, problems)
        match.reason = section.value(Keys.reason, problems)
        match.late = section.value(Keys.late, problems)
        match.test = section.value(Keys.test, problems)
        match.journaled = section.value(Keys.journaled, problems)
        match.again = section.value(Keys.again, problems)
        match.clockIsRight = section.value(Keys.clock, problems).map { $0 == .right }
        match.year = section.value(Keys.year, problems)
        return .event(match)
    }

    private func call(_ section: Section) -> Expectation.CallMatch {
        typealias Keys = ExpectationKeys
        var match = Expectation.CallMatch()
        match.state = section.value(Keys.state, problems) ?? .open
        if section.present.contains(Keys.service.name) { match.service = steps.service(section, Keys.service) }
        match.presses = section.value(Keys.presses, problems)
        match.escalation = section.value(Keys.escalation, problems)
        match.actor = section.value(Keys.actor, problems)
        match.reason = section.value(Keys.reason, problems)
        match.onTheWay = section.value(Keys.onTheWay, problems)
        match.orphaned = section.value(Keys.orphaned, problems)
        match.test = section.value(Keys.test, problems)
        match.clockIsRight = section.value(Keys.clock, problems).map { $0 == .right }
        match.year = section.value(Keys.year, problems)
        return match
    }

    private func output(_ section: Section) -> Expectation.Subject? {
        guard let output = section.value(ExpectationKeys.output, problems),
            let field = section.fields[ExpectationKeys.output.name]
        else { return nil }
        if let site = steps.site, !site.outputs.contains(where: { $0.id == output }) {
            let known = site.outputs.map(\.id.text)
            problems.add(
                field.place, field.path, found: "\(quoted(output.text)), which is no output",
                allowed: known.isEmpty ? "an output of the site, which has none" : listed(known))
        }
        return section.value(ExpectationKeys.shows, problems).map { .output(output, shows: $0) }
    }
}
