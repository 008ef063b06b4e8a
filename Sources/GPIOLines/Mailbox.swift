internal import CallCore
internal import LinuxSupport
internal import Synchronization

/// Where commands wait for a driver's thread. They are few (reloads, check-ins, what an output is to show) and are
/// taken together at every wake-up.
final class Mailbox<Command: Sendable>: Sendable {
    private let wakeUp = WakeUp()
    private let commands = Mutex<[Command]>([])

    /// Readable while there are commands.
    var descriptor: Int32 { wakeUp.descriptor }

    func post(_ command: Command) {
        commands.withLock { $0.append(command) }
        wakeUp.wake()
    }

    /// Takes all commands in their order.
    func take() -> [Command] {
        commands.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }

    /// The wake-up was seen; called before `take`, so that a command posted in between wakes again.
    func clearWakeUp() { wakeUp.clear() }
}

/// What other threads ask of the lines thread.
enum LinesCommand: Sendable {
    case watch([WatchedLine])
    case checkIn(@Sendable () -> Void)
    case stop
}

/// What other threads ask of the outputs thread.
enum OutputsCommand: Sendable {
    case drive([OutputLine])
    case show(OutputID, OutputPattern)
    case checkIn(@Sendable () -> Void)
    case stop
}

/// The points whose lines are sampled for want of interrupts: where the lines thread leaves them for others.
final class SampledPoints: Sendable {
    private let list = Mutex<[PointID]>([])

    var now: [PointID] { list.withLock { $0 } }

    func publish(_ points: [PointID]) {
        list.withLock { if $0 != points { $0 = points } }
    }
}
