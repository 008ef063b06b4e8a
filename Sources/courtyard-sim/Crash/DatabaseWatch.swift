internal import Glibc

/// Sees the first write into a journal's database: with a write-ahead log that is its being folded in, and nothing else.
struct DatabaseWatch {
    private let path: String
    private let before: timespec?

    init(_ path: String) {
        self.path = path
        before = Self.written(path)
    }

    /// True if somebody has written since the watch began, to the resolution of the kernel's file times: 4 ms at most.
    var hasBeenWritten: Bool {
        guard let before, let now = Self.written(path) else { return false }
        return now.tv_sec != before.tv_sec || now.tv_nsec != before.tv_nsec
    }

    private static func written(_ path: String) -> timespec? {
        var information = stat()
        return stat(path, &information) == 0 ? information.st_mtim : nil
    }

    /// How many pages the write-ahead log at `path` holds: the frames that carry the salts of its header ("Database File
    /// Format", section 4.1). After it was folded in, and until the next commit begins it anew, it still holds them.
    static func logPages(_ path: String) -> Int {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return 0 }
        defer { close(fd) }
        let salts = bytes(of: fd, at: 16)
        var pages = 0
        while !salts.isEmpty, bytes(of: fd, at: 32 + pages * (24 + 4096) + 8) == salts { pages += 1 }
        return pages
    }

    private static func bytes(of fd: Int32, at offset: Int) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 8)
        return pread(fd, &buffer, 8, offset) == 8 ? buffer : []
    }
}
