internal import CLinux
internal import CallCore
internal import Glibc
internal import Synchronization

/// What other threads ask of the lines thread.
enum LinesCommand: Sendable {
    case watch([WatchedLine])
    case checkIn(@Sendable () -> Void)
    case stop
}

/// Where commands wait for the lines thread, and where it leaves what others may look at. Commands are few (reloads,
/// check-ins) and taken together at every wake-up.
final class Mailbox: Sendable {
    /// Readable while there are commands.
    let descriptor: Int32
    private let commands = Mutex<[LinesCommand]>([])
    private let sampledPoints = Mutex<[PointID]>([])

    init() throws(GPIOError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .start(operation: "eventfd", code: errno) }
    }

    deinit { close(descriptor) }

    func post(_ command: LinesCommand) {
        commands.withLock { $0.append(command) }
        // The only failure is a full counter (EAGAIN), which is readable too.
        _ = eventfd_write(descriptor, 1)
    }

    /// Takes all commands in their order.
    func take() -> [LinesCommand] {
        var count: eventfd_t = 0
        _ = eventfd_read(descriptor, &count)
        return commands.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }

    /// The points whose lines are sampled for want of interrupts.
    var sampled: [PointID] { sampledPoints.withLock { $0 } }

    func publish(sampled points: [PointID]) { sampledPoints.withLock { $0 = points } }
}
