internal import CLinux
internal import CallCore
internal import CourtyardSimulation
internal import Glibc

/// A wall clock for the agent alone, ahead of the machine's or behind it: Sources/CourtyardClock, which the agent's
/// process is given by LD_PRELOAD. The machine's own clock is never touched.
final class PreloadedClock: BoardClock {
    private let path: String
    private var ahead: Int64 = 0
    private var isKnown = true
    private var changes: Int32 = 0

    private static var library: String { "\(Programs.ownDirectory)/libcourtyard-clock.so" }

    /// - Parameter path: a file that tells the agent's process its time.
    init(path: String) { self.path = path }

    var environment: [String] {
        // The courtyard's local time is UTC+8 (POSIX.1, "TZ").
        ["TZ=CST-8"] + (objection == nil ? ["LD_PRELOAD=\(Self.library)", "COURTYARD_CLOCK=\(path)"] : [])
    }

    var objection: String? {
        access(Self.library, R_OK) == 0
            ? nil : "the agent's clock can't be set without \(Self.library): swift build --product courtyard-clock"
    }

    func set(to wall: WallTime, isKnown: Bool) throws(StageFailure) {
        ahead = wall.milliseconds * 1_000_000 - Self.machine
        self.isKnown = isKnown
        try write()
    }

    func step(by span: Duration) throws(StageFailure) {
        ahead += span.nanoseconds
        try write()
    }

    func setKnown(_ isKnown: Bool) throws(StageFailure) {
        self.isKnown = isKnown
        try write()
    }

    /// The machine's wall clock, in nanoseconds.
    private static var machine: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// As clock.c reads it.
    private func write() throws(StageFailure) {
        changes += 1
        var bytes = withUnsafeBytes(of: ahead, Array.init)
        bytes += withUnsafeBytes(of: Int32(isKnown ? 1 : 0), Array.init)
        bytes += withUnsafeBytes(of: changes, Array.init)
        let fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { if fd >= 0 { Glibc.close(fd) } }
        guard fd >= 0, pwrite(fd, bytes, bytes.count, 0) == bytes.count else {
            throw StageFailure("\(path) can't be written: \(String(cString: strerror(errno)))")
        }
    }
}
