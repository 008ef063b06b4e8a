internal import CLinux
internal import CallCore
internal import GatewayAgent
internal import Glibc

/// The board's own clocks.
struct SystemClock: Clock {
    func now() -> Now {
        var monotonic = timespec()
        var wall = timespec()
        clock_gettime(CLOCK_MONOTONIC, &monotonic)
        clock_gettime(CLOCK_REALTIME, &wall)
        return Now(
            moment: Moment(nanoseconds: Int64(monotonic.tv_sec) * 1_000_000_000 + Int64(monotonic.tv_nsec)),
            wall: WallTime(milliseconds: Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000),
            quality: Self.quality, utcOffset: LocalTime.board.offset(at: wall.tv_sec))
    }

    /// adjtimex(2): asking changes nothing when no mode is set.
    static var quality: ClockQuality {
        var state = timex()
        let code = adjtimex(&state)
        return ClockQuality(
            synchronized: code != -1 && state.status & STA_UNSYNC == 0, uncertaintyMs: Int(state.maxerror / 1000))
    }
}

/// Files of the kernel that say who and where we are.
enum Kernel {
    /// The id of this boot; made up if /proc is not there.
    static var bootID: String {
        readFirstLine("/proc/sys/kernel/random/boot_id") ?? "unknown-\(getpid())"
    }

    /// The file's first line, at most 4 KiB; nil if it can't be read.
    static func readFirstLine(_ path: String) -> String? {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(fd, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let line = buffer.prefix(count).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        return String(decoding: line, as: UTF8.self)
    }
}
