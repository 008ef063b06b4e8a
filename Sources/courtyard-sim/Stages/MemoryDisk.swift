internal import CallCore
internal import CourtyardSimulation
internal import Glibc

/// A small disk in memory for the journal, which can be filled to its last byte: a tmpfs, which takes root to mount.
final class MemoryDisk: BoardDisk {
    let directory: String
    private let isMounted: Bool
    private let refusal: String

    /// - Parameters:
    ///   - directory: where it is to be.
    ///   - isNeeded: false: a plain directory will do.
    init(at directory: String, isNeeded: Bool) throws(StageFailure) {
        self.directory = directory
        guard mkdir(directory, 0o700) == 0 else {
            throw StageFailure("\(directory) can't be made: \(String(cString: strerror(errno)))")
        }
        guard isNeeded else {
            (isMounted, refusal) = (false, "")
            return
        }
        isMounted = mount("tmpfs", directory, "tmpfs", 0, "size=1m") == 0
        refusal = isMounted ? "" : "a disk that can be filled takes root to mount (\(String(cString: strerror(errno))))"
    }

    func objection(to deed: DiskDeed) -> String? {
        switch deed {
        case .well: nil
        case .full: isMounted ? nil : refusal
        case .fails, .slow: "a disk that is \(deed.rawValue) can't be had here; run on virtual"
        }
    }

    private var ballast: String { "\(directory)/ballast" }

    func set(_ deed: DiskDeed) throws(StageFailure) {
        guard deed == .full else {
            unlink(ballast)
            return
        }
        let fd = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { if fd >= 0 { Glibc.close(fd) } }
        for size in [4096, 1] {
            let block = [UInt8](repeating: 0, count: size)
            while write(fd, block, size) == size {}
        }
        guard errno == ENOSPC else {
            throw StageFailure("\(directory) doesn't fill: \(String(cString: strerror(errno)))")
        }
    }

    func close() {
        if isMounted { umount2(directory, Int32(MNT_DETACH)) }
        ThrowAwayDirectory.remove(directory)
    }
}
