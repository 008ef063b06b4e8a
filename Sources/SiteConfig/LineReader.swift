import CallCore

/// Reads where a line is, from a point's `line` or from a row's columns.
struct LineReader {
    let section: Section
    /// `name` in the site file, `line-name` in a CSV file.
    let nameKey: Key<String>
    let problems: ProblemList

    /// True if nothing is said of a line.
    var isSilent: Bool {
        section.present.isDisjoint(with: [LineKeys.chip.name, LineKeys.offset.name, nameKey.name])
    }

    /// The line; nil after saying what is wrong or missing.
    var address: LineAddress? {
        let chip = section.value(LineKeys.chip, problems)
        let offset = section.value(LineKeys.offset, problems)
        let name = section.value(nameKey, problems)
        let given = section.present
        if given.contains(LineKeys.offset.name) {
            section.missing(LineKeys.chip.name, allowed: "the label of the chip that the offset is on", problems)
        } else if !given.contains(nameKey.name) {
            section.missing(
                LineKeys.offset.name, allowed: "\(LineKeys.offset.kind.allowed), or \(nameKey.name) instead", problems)
        }
        if let chip, let offset { return .offset(chip: chip, offset: offset, name: name) }
        // A chip or an offset that is wrong must not turn into a line found by its name alone.
        guard let name, offset == nil, !given.contains(LineKeys.offset.name),
            chip != nil || !given.contains(LineKeys.chip.name)
        else { return nil }
        return .name(name, chip: chip)
    }
}
