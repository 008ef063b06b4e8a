import CallCore

/// Reads where a line is, from a mapping such as a point's `line`, or from a row's columns.
struct LineReader {
    let section: Section
    /// As they are called in the mapping, or in the row.
    var chipKey = LineKeys.chip
    var offsetKey = LineKeys.offset
    var nameKey = LineKeys.name
    let problems: ProblemList

    /// True if nothing is said of a line.
    var isSilent: Bool {
        section.present.isDisjoint(with: [chipKey.name, offsetKey.name, nameKey.name])
    }

    /// The line; nil after saying what is wrong or missing.
    var address: LineAddress? {
        let chip = section.value(chipKey, problems)
        let offset = section.value(offsetKey, problems)
        let name = section.value(nameKey, problems)
        let given = section.present
        if given.contains(offsetKey.name) {
            section.missing(chipKey.name, allowed: "the label of the chip that the offset is on", problems)
        } else if !given.contains(nameKey.name) {
            section.missing(
                offsetKey.name, allowed: "\(offsetKey.kind.allowed), or \(nameKey.name) instead", problems)
        }
        if let chip, let offset { return .offset(chip: chip, offset: offset, name: name) }
        // A chip or an offset that is wrong must not turn into a line found by its name alone.
        guard let name, offset == nil, !given.contains(offsetKey.name),
            chip != nil || !given.contains(chipKey.name)
        else { return nil }
        return .name(name, chip: chip)
    }
}
