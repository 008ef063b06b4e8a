internal import CallCore
internal import Glibc
internal import SimulatedDisk

/// The disk of a virtual board.
package final class VirtualDisk {
    /// Where the journal is.
    package let journal: String
    package let directory: String
    /// Told how long each flush takes.
    var onFlush: (Duration) -> Void = { _ in }
    package private(set) var isPowerCut = false
    /// How it takes writes.
    package var condition = DiskDeed.well

    init(seed: UInt64) throws {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/courtyard-world.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw VirtualDiskError(directory: parent) }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        journal = "\(directory)/gateway.db"
    }

    /// Another card is put in, with nothing on it.
    package func wipe() {
        for suffix in ["", "-wal", "-shm", ".lock"] { unlink(journal + suffix) }
    }

    deinit {
        wipe()
        rmdir(directory)
    }

    func cutPower() { isPowerCut = true }
    func restorePower() { isPowerCut = false }
}

struct VirtualDiskError: Error { let directory: String }
