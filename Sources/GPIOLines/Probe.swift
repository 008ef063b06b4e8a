public import CallCore

/// What trying one line gave, for `doctor` and commissioning.
public enum LineProbe: Hashable, Sendable {
    /// The line can be watched. `made` is its level now; without `interrupts` it would be sampled.
    case works(made: Bool, interrupts: Bool)
    /// It can't, now. A line that a running gateway holds is `busy` with `GPIOLines.consumer` as its holder.
    case trouble(LineTrouble)
}

extension GPIOLines {
    /// The GPIO chips of this machine, with the names of their lines.
    public static func survey() -> ChipSurvey { ChipDirectory().survey }

    /// Requests each line as the driver would, reads its level and gives it back. It sets the line's bias, as watching
    /// it does.
    /// - Returns: one result per line, in their order.
    public static func probe(_ lines: [WatchedLine]) -> [LineProbe] {
        let directory = ChipDirectory()
        return lines.map { line in
            let slot = LineSlot(line)
            return switch slot.open(in: directory).first {
            case .armed(_, let made, _)?: .works(made: made, interrupts: !slot.isSampled)
            case .trouble(_, let trouble, _)?: .trouble(trouble)
            case .edge?, .lost?, nil: preconditionFailure("opening a line gives armed or trouble")
            }
        }
    }
}
