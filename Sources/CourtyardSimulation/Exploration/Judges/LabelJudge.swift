internal import CallCore

/// A press carries the time of its first edge, on both of the board's clocks as they stand.
final class LabelJudge: Judge {
    private let court: Court
    /// Wall times are whole milliseconds.
    private static let rounding: Int64 = 2

    init(_ court: Court) { self.court = court }

    func told(_ action: Action) {
        guard case .append(let event) = action, event.type == .pressed else { return }
        let now = court.gateway.clock.now()
        let error = event.occurred.wall.milliseconds - now.wall(at: event.occurred.moment).milliseconds
        if abs(error) > Self.rounding {
            court.complain(.label, "a press of \(event.call.point) is labelled \(error) ms off the board's own clock")
        }
        if event.occurred.moment > now.moment {
            court.complain(.label, "a press of \(event.call.point) is in the future")
        }
        if event.occurred.quality.synchronized != now.quality.synchronized {
            court.complain(.label, "a press of \(event.call.point) says that the clock is right, or that it isn't")
        }
    }
}
