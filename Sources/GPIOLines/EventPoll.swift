internal import CLinux
internal import CallCore
internal import Glibc

/// The kernel's list of descriptors to wait for (epoll(7)), owned.
final class EventPoll {
    /// What became ready.
    struct Ready {
        /// The number the descriptor was added with.
        let token: UInt64
        /// The device behind it is gone, or it is broken.
        let isBroken: Bool
    }

    private let descriptor: Int32
    private var room: [epoll_event]

    /// - Parameter room: how many descriptors one wait can return, 1 or more.
    init(room: Int) throws(GPIOError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .setUp(operation: "epoll_create1", code: errno) }
        self.room = Array(repeating: epoll_event(), count: room)
    }

    deinit { close(descriptor) }

    /// Waits for `source` to become readable or broken, until it is closed. Token numbers are never used again, so
    /// that what was ready before a close can't be taken for its successor.
    func add(_ source: Int32, token: UInt64) throws(ErrorNumber) {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: token))
        guard epoll_ctl(descriptor, EPOLL_CTL_ADD, source, &event) == 0 else { throw ErrorNumber(code: errno) }
    }

    /// Waits until something is ready, or `due` has come (nil: for ever): up to a millisecond later, never earlier. A
    /// signal ends the wait early.
    func wait(until due: Moment?) -> [Ready] {
        let milliseconds = due.map { due in
            Int32(clamping: (max(0, (due - Moment.now).nanoseconds) + 999_999) / 1_000_000)
        }
        let count = room.withUnsafeMutableBufferPointer {
            // SAFETY: epoll_wait writes at most `count` events into the array, which is never empty.
            epoll_wait(descriptor, $0.baseAddress!, Int32($0.count), milliseconds ?? -1)
        }
        guard count > 0 else { return [] }
        let broken = EPOLLERR.rawValue | EPOLLHUP.rawValue
        return room[..<Int(count)].map { Ready(token: $0.data.u64, isBroken: $0.events & broken != 0) }
    }
}
