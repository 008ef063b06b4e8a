internal import CallCore
internal import LinuxSupport
internal import Synchronization

/// What other threads ask of the lines thread.
enum LinesCommand: Sendable {
    case watch([WatchedLine])
    case checkIn(@Sendable () -> Void)
    case stop
}

/// Where commands wait for the lines thread, and where it leaves what others may look at. Commands are few (reloads,
/// check-ins) and are taken together at every wake-up.
final class Mailbox: Sendable {
    private let wakeUp = WakeUp()
    private let commands = Mutex<[LinesCommand]>([])
    private let sampledPoints = Mutex<[PointID]>([])

    /// Readable while there are commands.
    var descriptor: Int32 { wakeUp.descriptor }

    func post(_ command: LinesCommand) {
        commands.withLock { $0.append(command) }
        wakeUp.wake()
    }

    /// Takes all commands in their order.
    func take() -> [LinesCommand] {
        commands.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }

    /// The wake-up was seen; called before `take`, so that a command posted in between wakes again.
    func clearWakeUp() { wakeUp.clear() }

    /// The points whose lines are sampled for want of interrupts.
    var sampled: [PointID] { sampledPoints.withLock { $0 } }

    func publish(sampled points: [PointID]) { sampledPoints.withLock { $0 = points } }
}
