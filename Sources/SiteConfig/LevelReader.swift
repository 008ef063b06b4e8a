import CallCore

/// Reads what an escalation, or nobody's listening, switches on and where it goes on.
struct LevelReader {
    /// The outputs that the site file lists, right or wrong.
    let outputs: [String]
    /// True if the site file lists one broker only: then a level that asks for the next one was not thought through.
    let hasOneBroker: Bool
    let problems: ProblemList

    /// The level at `part`.
    /// - Parameter usesNextBroker: what holds if the level doesn't say.
    func level(_ part: Part, usesNextBroker: Bool) -> Service.Rules.Level {
        var level = Service.Rules.Level(usesNextBroker: usesNextBroker)
        guard
            let section = Section(
                part, allowed: "a level such as {outputs: [siren], next-broker: true}", keys: LevelKeys.all,
                problems: problems)
        else { return level }
        if let list = section.part(LevelKeys.outputs, problems) { level.outputs = outputs(list) }
        guard let next = section.value(LevelKeys.nextBroker, problems) else { return level }
        level.usesNextBroker = next
        if next, !usesNextBroker, hasOneBroker, let field = section.fields[LevelKeys.nextBroker.name] {
            problems.add(
                field.place, field.path, found: "the next broker of one",
                allowed: "false, or a second broker under brokers")
        }
        return level
    }

    private func outputs(_ part: Part) -> [OutputID] {
        var seen: Set<OutputID> = []
        let items = part.values(
            OutputKeys.id, limit: OutputKeys.limit, allowed: LevelKeys.outputs.allowed, problems: problems)
        return items.compactMap { id, item in
            guard outputs.contains(id.text) else {
                let known = outputs.isEmpty ? "none" : listed(outputs)
                problems.add(
                    item.place, item.path, found: "the unknown output \(quoted(id.text))",
                    allowed: "\(problems.guess(for: id.text, of: outputs))outputs here are \(known)")
                return nil
            }
            guard seen.insert(id).inserted else {
                problems.add(
                    item.place, item.path, found: "\(quoted(id.text)) again", allowed: "each output once in a level")
                return nil
            }
            return id
        }
    }
}
