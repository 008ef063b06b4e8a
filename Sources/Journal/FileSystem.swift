internal import CLinux
internal import Glibc

/// What kind of file system a file lies on, as far as the journal cares.
public enum FileSystemKind: Hashable, Sendable, CustomStringConvertible {
    /// An overlay: a container's root, or a board set read-only with a layer in memory above it.
    case overlay
    /// A file system in memory.
    case memory
    /// A file system on another machine, whose locks and flushes can't be relied on.
    case network
    /// Anything else, by its `statfs` magic number (`linux/magic.h`); `name` for the usual ones.
    case disk(magic: UInt32, name: String?)

    /// False if what is written there may be gone after a restart.
    public var survivesRestart: Bool {
        switch self {
        case .overlay, .memory: false
        case .network, .disk: true
        }
    }

    public var description: String {
        switch self {
        case .overlay: "an overlay file system"
        case .memory: "a file system in memory (tmpfs)"
        case .network: "a network file system"
        case .disk(let magic, let name): name ?? "a file system of type 0x\(String(magic, radix: 16))"
        }
    }

    /// The magic numbers of `linux/magic.h`, and statfs(2) for those that stand in file systems' own headers.
    init(magic: UInt32) {
        switch magic {
        case 0x794c_7630: self = .overlay
        case 0x0102_1994, 0x8584_58f6: self = .memory  // tmpfs, ramfs
        case 0x6969, 0xff53_4d42, 0xfe53_4d42, 0x0102_1997: self = .network  // nfs, cifs, smb2, 9p
        case 0xef53: self = .disk(magic: magic, name: "ext4")
        case 0xf2f5_2010: self = .disk(magic: magic, name: "f2fs")
        case 0x9123_683e: self = .disk(magic: magic, name: "btrfs")
        case 0x5846_5342: self = .disk(magic: magic, name: "xfs")
        case 0x4d44: self = .disk(magic: magic, name: "vfat")
        default: self = .disk(magic: magic, name: nil)
        }
    }
}

/// The kind of file system that `path` lies on; if it doesn't exist yet, its directory counts.
public func fileSystemKind(of path: String) throws(JournalError) -> FileSystemKind {
    var answer = statfs()
    // SAFETY: statfs(2) fills the struct it is given.
    if statfs(path, &answer) == 0 { return FileSystemKind(magic: UInt32(truncatingIfNeeded: answer.f_type)) }
    let directory = directory(of: path)
    guard errno == ENOENT, directory != path else {
        throw JournalError.system("asking for its file system", path: path, errno: errno)
    }
    return try fileSystemKind(of: directory)
}

/// The directory that `path` stands in.
func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// The size of a file in bytes; nil if there is none.
func fileSize(_ path: String) -> Int64? {
    var answer = stat()
    // SAFETY: stat(2) fills the struct it is given.
    return stat(path, &answer) == 0 ? Int64(answer.st_size) : nil
}

/// What a file takes up on the disk in bytes; 0 if there is none.
func allocatedSize(_ path: String) -> UInt64 {
    var answer = stat()
    // SAFETY: as above. `st_blocks` counts 512 bytes each (stat(2)).
    return stat(path, &answer) == 0 ? UInt64(answer.st_blocks) * 512 : 0
}

func isDirectory(_ path: String) -> Bool {
    var answer = stat()
    // SAFETY: as above.
    return stat(path, &answer) == 0 && answer.st_mode & S_IFMT == S_IFDIR
}

func move(_ from: String, to: String) throws(JournalError) {
    guard rename(from, to) == 0 else { throw JournalError.system("renaming it to \(to)", path: from, errno: errno) }
}

func remove(_ path: String) throws(JournalError) {
    guard unlink(path) == 0 || errno == ENOENT else {
        throw JournalError.system("removing it", path: path, errno: errno)
    }
}

/// Makes the names in a directory survive a power cut.
func flush(directory path: String) throws(JournalError) {
    let file = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw JournalError.system("flushing it", path: path, errno: errno) }
    defer { Glibc.close(file) }
    guard fsync(file) == 0 else { throw JournalError.system("flushing it", path: path, errno: errno) }
}

/// `milliseconds` since 1970 as `20261123T143000Z`.
func fileNameDate(milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1000)
    var parts = tm()
    // SAFETY: gmtime_r fills the struct it is given and keeps nothing.
    gmtime_r(&seconds, &parts)
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)" + padded(parts.tm_mon + 1) + padded(parts.tm_mday) + "T" + padded(parts.tm_hour)
        + padded(parts.tm_min) + padded(parts.tm_sec) + "Z"
}
