internal import CallCore
internal import Glibc

/// One driven line and what has become of it.
final class OutputSlot {
    let line: OutputLine
    /// What it shows, or would show if it could.
    var player: PatternPlayer
    private var state = State.closed

    private enum State {
        /// Not tried yet.
        case closed
        case driving(OutputRequest, isOn: Bool)
        /// As last reported.
        case troubled(LineTrouble)
    }

    init(_ line: OutputLine, showing player: PatternPlayer) {
        self.line = line
        self.player = player
    }

    var isHeld: Bool { if case .driving = state { true } else { false } }
    var isTroubled: Bool { if case .troubled = state { true } else { false } }

    /// When there is something to switch after this moment; nil if nothing changes or the line isn't held.
    func nextChange(after moment: Moment) -> Moment? { isHeld ? player.nextChange(after: moment) : nil }

    /// Requests the line, at the level that it is to show at this moment.
    func open(in directory: ChipDirectory, at moment: Moment) -> [OutputReport] {
        let isOn = player.level(at: moment)
        do throws(LineTrouble) {
            state = .driving(try directory.request(line, isOn: isOn), isOn: isOn)
            return [.working(line.output)]
        } catch {
            return fail(error)
        }
    }

    /// Switches the line if its pattern has it otherwise at this moment.
    func play(at moment: Moment) -> [OutputReport] {
        guard case .driving(let request, let isOn) = state, case let wanted = player.level(at: moment), wanted != isOn
        else { return [] }
        do throws(ErrorNumber) {
            try request.set(wanted)
            state = .driving(request, isOn: wanted)
            return []
        } catch {
            return fail(lost(error, .switching))
        }
    }

    /// Finds out whether the line's chip is still there.
    func checkPresence() -> [OutputReport] {
        guard case .driving(let request, _) = state else { return [] }
        do throws(ErrorNumber) {
            try request.checkPresence()
            return []
        } catch {
            return fail(lost(error, .read))
        }
    }

    /// Gives the line back and reports why, once per change.
    private func fail(_ trouble: LineTrouble) -> [OutputReport] {
        if case .troubled(let known) = state, known == trouble { return [] }
        state = .troubled(trouble)
        return [.trouble(line.output, trouble)]
    }

    /// The trouble of a line that was held and then gave an error.
    private func lost(_ error: ErrorNumber, _ operation: LineOperation) -> LineTrouble {
        switch error.code {
        case ENODEV, ENXIO: .missing(line: line.address.description)
        default: .refused(line: line.address.description, reason: refusal(code: error.code, of: operation))
        }
    }
}
