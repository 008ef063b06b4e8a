internal import CallCore
internal import Glibc
internal import SimulatedDisk

/// The disk of a virtual board: a directory in memory that a power cut treats as it would a disk's.
package final class VirtualDisk {
    /// What is wrong with it.
    package enum Trouble: String, Sendable, CaseIterable {
        case full, writesFail, flushesFail
    }

    /// Where the journal is.
    package let journal: String
    /// Nil while it works.
    package var trouble: Trouble?
    /// How long a flush takes.
    package var flushTakes: ClosedRange<Duration> = .microseconds(80)...(.milliseconds(2))
    /// Told how long each flush takes.
    var onFlush: (Duration) -> Void = { _ in }
    package private(set) var isPowerCut = false
    private let directory: String
    private var dice: Dice

    init(_ dice: Dice) throws {
        self.dice = dice
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/courtyard-world.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw NoDirectory(parent: parent, errno: errno) }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        journal = "\(directory)/gateway.db"
    }

    deinit {
        for suffix in ["", "-wal", "-shm", ".lock"] { unlink(journal + suffix) }
        rmdir(directory)
    }

    /// The power fails: now, or at the n-th write or flush from now on.
    func cutPower(after operations: Int? = nil) {
        if operations == nil { isPowerCut = true }
    }
    func restorePower() { isPowerCut = false }

    /// What the journal's files take, in bytes.
    package var size: Int { 0 }

    /// There is nowhere to put it.
    struct NoDirectory: Error, CustomStringConvertible {
        let parent: String
        let errno: Int32
        var description: String { "no directory can be made in \(parent): \(String(cString: strerror(errno)))" }
    }
}
