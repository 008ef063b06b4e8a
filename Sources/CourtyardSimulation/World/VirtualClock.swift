package import CallCore
internal import GatewayAgent

/// One board's two clocks. The monotonic one begins anew with each boot and runs on the board's own quartz; the wall
/// clock is that plus whatever somebody has set.
package final class VirtualClock: Clock, @unchecked Sendable {
    // SAFETY (unchecked Sendable): a world and all that is in it live on one thread.
    private let agenda: Agenda
    /// The true wall time at the world's beginning.
    private let epoch: WallTime
    /// How much faster than it should the quartz runs, in parts per million; -100 to 100 on cheap boards.
    private let drift: Int64
    private var bootedAt = Moment(nanoseconds: 0)
    /// The wall clock's lead over the monotonic one, in milliseconds.
    private var wallLead: Int64 = 0
    private var quality = ClockQuality(synchronized: false, uncertaintyMs: 16_000)
    /// How far the site's local time is ahead of UTC.
    private let utcOffset: Duration
    /// How long the turn that the agent is making has taken so far.
    package var ahead = Duration.zero

    /// The kernel has run for so long when the program starts.
    private static let kernelStart = Duration.seconds(5)

    package init(_ agenda: Agenda, epoch: WallTime, driftPPM: Int64 = 0, utcOffset: Duration = .seconds(28_800)) {
        self.agenda = agenda
        self.epoch = epoch
        self.utcOffset = utcOffset
        drift = driftPPM
    }

    /// The board boots, and its wall clock shows this.
    package func boot(showing wall: WallTime) {
        bootedAt = agenda.now
        quality = ClockQuality(synchronized: false, uncertaintyMs: 16_000)
        set(to: wall)
    }

    /// Somebody sets the wall clock.
    package func set(to wall: WallTime) { wallLead = wall.milliseconds - moment.nanoseconds / 1_000_000 }

    /// The wall clock is put forward, or back.
    package func step(by span: Duration) { wallLead += span.milliseconds }

    /// The time service finds the clock right, having made it so; or it has not for so long that the kernel says so.
    package func isSynchronized(_ synchronized: Bool) {
        quality = ClockQuality(synchronized: synchronized, uncertaintyMs: synchronized ? 2 : 16_000)
    }

    /// What the time is outside, on the wall.
    package var trueWall: WallTime {
        WallTime(milliseconds: epoch.milliseconds + (agenda.now + ahead).nanoseconds / 1_000_000)
    }

    /// The monotonic clock.
    package var moment: Moment { moment(at: agenda.now + ahead) }

    /// The monotonic clock at a moment of the world.
    package func moment(at world: Moment) -> Moment {
        let passed = (world - bootedAt).nanoseconds
        return Moment(nanoseconds: Self.kernelStart.nanoseconds + passed + passed / 1_000_000 * drift)
    }

    /// When, in the world's time, the monotonic clock will have reached `moment`, or a microsecond after that.
    package func world(at moment: Moment) -> Moment {
        let wait = (moment - self.moment(at: agenda.now)).nanoseconds
        return agenda.now + .nanoseconds(wait - wait / 1_000_000 * drift + 1000)
    }

    package func now() -> Now {
        let moment = moment
        return Now(
            moment: moment, wall: WallTime(milliseconds: wallLead + moment.nanoseconds / 1_000_000), quality: quality,
            utcOffset: utcOffset)
    }
}
