internal import CLinux
internal import CallCore
internal import CourtyardSimulation
internal import Glibc

/// The clock of the kernel that this program runs in as root: only ever one that was booted for it.
final class KernelClock: BoardClock {
    private let directory: String
    private var isBootIDOurs = false

    /// - Parameter directory: where a file may stand.
    init(directory: String) { self.directory = directory }

    /// The courtyard's local time is UTC+8 (POSIX.1, "TZ").
    let environment = ["TZ=CST-8"]
    let objection: String? = nil

    func set(to wall: WallTime, isKnown: Bool) throws(StageFailure) {
        var time = timespec()
        time.tv_sec = Int(wall.milliseconds / 1000)
        time.tv_nsec = Int(wall.milliseconds % 1000) * 1_000_000
        // The kernel refuses a time before its own boot would have been in 1970: a board's clock shows no such time.
        if clock_settime(CLOCK_REALTIME, &time) != 0, errno == EINVAL {
            clock_gettime(CLOCK_MONOTONIC, &time)
            time.tv_sec += 1
            try check(clock_settime(CLOCK_REALTIME, &time), "the clock can't be set")
        }
        try setKnown(isKnown)
    }

    func step(by span: Duration) throws(StageFailure) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let nanoseconds = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec) + span.nanoseconds
        time.tv_sec = Int(nanoseconds / 1_000_000_000)
        time.tv_nsec = Int(nanoseconds % 1_000_000_000)
        try check(clock_settime(CLOCK_REALTIME, &time), "the clock can't be stepped")
    }

    func setKnown(_ isKnown: Bool) throws(StageFailure) {
        var state = timex()
        state.modes = UInt32(ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR)
        state.status = isKnown ? Int32(STA_PLL) : Int32(STA_UNSYNC)
        // In microseconds; the kernel lets it grow, and calls the clock unsynchronised at 16 s.
        state.maxerror = isKnown ? 2000 : 16_000_000
        state.esterror = state.maxerror
        try check(adjtimex(&state) < 0 ? -1 : 0, "the state of the clock can't be set")
    }

    func boot() throws(StageFailure) {
        let path = "\(directory)/boot-id"
        var random = SystemRandomNumberGenerator()
        let digits = (0..<2).map { _ in String(random.next() as UInt64 | 1 << 63, radix: 16) }.joined()
        let parts = [8, 12, 16, 20].reversed().reduce(into: digits) { id, place in
            id.insert("-", at: id.index(id.startIndex, offsetBy: place))
        }
        let text = Array("\(parts)\n".utf8)
        let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { if fd >= 0 { close(fd) } }
        try check(fd >= 0 && write(fd, text, text.count) == text.count ? 0 : -1, "\(path) can't be written")
        guard !isBootIDOurs else { return }
        try check(mount(path, "/proc/sys/kernel/random/boot_id", nil, UInt(MS_BIND), nil), "no other boot id")
        isBootIDOurs = true
    }

    deinit { if isBootIDOurs { umount2("/proc/sys/kernel/random/boot_id", Int32(MNT_DETACH)) } }

    private func check(_ code: Int32, _ what: String) throws(StageFailure) {
        guard code == 0 else { throw StageFailure("\(what): \(String(cString: strerror(errno)))") }
    }
}
