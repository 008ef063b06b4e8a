import CallCore

/// Which lines are taken, so that no wire serves two points, loops or outputs.
struct LineRegister {
    private struct ChipLine: Hashable {
        let chip: String
        let offset: Int
    }

    /// What is known of the lines of one name.
    private struct Named {
        /// Found by the name alone, on whichever chip.
        var anywhere: Place?
        /// Found by the name on this chip.
        var byName: [String: Place] = [:]
        /// Found by offset on this chip, with the name as a check.
        var byOffset: [String: Place] = [:]

        var any: Place? { anywhere ?? byName.first?.value ?? byOffset.first?.value }
    }

    private var offsets: [ChipLine: Place] = [:]
    private var names: [String: Named] = [:]

    /// Takes the line that `place` gives, or reports that another has it.
    mutating func take(_ address: LineAddress, at place: Place, _ path: String, _ problems: ProblemList) {
        guard let before = take(address, for: place) else { return }
        problems.add(
            place, path, found: "\(address) again (first at \(before.short))",
            allowed: "each line once, for one point, loop or output")
    }

    /// Takes a line for what stands at `place`; the place that has it already, if one does.
    private mutating func take(_ address: LineAddress, for place: Place) -> Place? {
        switch address {
        case .offset(let chip, let offset, let name):
            let line = ChipLine(chip: chip, offset: offset)
            if let before = offsets[line] { return before }
            offsets[line] = place
            guard let name else { return nil }
            defer { names[name, default: Named()].byOffset[chip] = place }
            return names[name]?.anywhere ?? names[name]?.byName[chip]
        case .name(let name, let chip?):
            let known = names[name] ?? Named()
            if let before = known.anywhere ?? known.byName[chip] ?? known.byOffset[chip] { return before }
            names[name, default: known].byName[chip] = place
        case .name(let name, nil):
            if let before = names[name]?.any { return before }
            names[name, default: Named()].anywhere = place
        }
        return nil
    }
}
