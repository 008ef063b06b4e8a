import Glibc

/// Why a file can't be read or used.
public enum FileTrouble: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing of that name, or a folder on the way to it is missing.
    case missing
    case directory
    /// A device, a pipe or a socket.
    case notAFile
    /// No permission for this user.
    case forbidden
    case empty
    /// Larger than the reader takes, both in bytes.
    case tooLarge(size: Int, limit: Int)
    /// The kernel's own words.
    case failed(String)

    public var description: String {
        switch self {
        case .missing: "no such file"
        case .directory: "a directory"
        case .notAFile: "a device, pipe or socket"
        case .forbidden: "a file that this user may not read"
        case .empty: "an empty file"
        case .tooLarge(let size, _): "a file of \(grouped(size)) bytes"
        case .failed(let reason): "a file that can't be read (\(reason))"
        }
    }
}

/// Where the reader gets its files from: the disk, or a test's own.
public protocol SiteFiles {
    /// The whole of the file at `path`, unless it has more than `limit` bytes: that is found out before reading it.
    func bytes(of path: String, limit: Int) throws(FileTrouble) -> [UInt8]
}

/// The files of this machine.
public struct DiskFiles: SiteFiles {
    public init() {}

    /// The whole file, if it has at most `limit` bytes.
    public func bytes(of path: String, limit: Int) throws(FileTrouble) -> [UInt8] {
        let file = try OpenFile(path)
        let size = try file.regularSize()
        guard size <= limit else { throw .tooLarge(size: size, limit: limit) }
        return try file.bytes(limit: limit)
    }
}

/// The files of this machine, one of them with other bytes than it has.
struct OverlaidFiles: SiteFiles {
    let path: String
    let bytes: [UInt8]

    func bytes(of path: String, limit: Int) throws(FileTrouble) -> [UInt8] {
        try path == self.path ? bytes : DiskFiles().bytes(of: path, limit: limit)
    }
}

/// An open file, for reading.
struct OpenFile: ~Copyable {
    private let descriptor: Int32

    /// Opens without waiting, so that a pipe or a tape drive named by mistake can't hang the program.
    init(_ path: String) throws(FileTrouble) {
        let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard opened >= 0 else { throw FileTrouble(errno) }
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// Its size in bytes; an error if it isn't a regular file.
    borrowing func regularSize() throws(FileTrouble) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileTrouble(errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Int(status.st_size)
        case S_IFDIR: throw .directory
        default: throw .notAFile
        }
    }

    /// The content; `tooLarge` if it grows past `limit` while being read.
    borrowing func bytes(limit: Int) throws(FileTrouble) -> [UInt8] {
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            // SAFETY: read(2) writes at most `piece.count` bytes into the array's own storage during the call.
            let count = read(descriptor, &piece, piece.count)
            if count == 0 { return content }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileTrouble(errno)
            }
            content += piece[..<count]
            guard content.count <= limit else { throw .tooLarge(size: content.count, limit: limit) }
        }
    }
}

extension FileTrouble {
    /// What the kernel's error code means for somebody who named a file (open(2), read(2)).
    fileprivate init(_ code: Int32) {
        switch code {
        case ENOENT, ENOTDIR: self = .missing
        case EACCES, EPERM: self = .forbidden
        case EISDIR: self = .directory
        case ENXIO: self = .notAFile
        // SAFETY: strerror returns a NUL-terminated text that is copied before the next call.
        default: self = .failed(String(cString: strerror(code)))
        }
    }
}
