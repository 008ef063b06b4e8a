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
    package var trouble: Trouble? {
        didSet {
            disk.trouble =
                switch trouble {
                case nil: nil
                case .full: .full
                case .writesFail: .writesFail
                case .flushesFail: .flushesFail
                }
        }
    }
    /// How long a flush takes.
    package var flushTakes = VirtualDisk.usual
    /// How long one takes on a good card.
    package static let usual = Duration.microseconds(80)...(.milliseconds(2))
    private let directory: String
    private let disk: SimulatedDisk
    private var dice: Dice

    /// - Parameter onFlush: told how long each flush takes.
    init(_ dice: Dice, onFlush: @escaping (Duration) -> Void) throws {
        self.dice = dice
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/courtyard-world.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw NoDirectory(parent: parent, errno: errno) }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        journal = "\(directory)/gateway.db"
        try SimulatedDisk.install()
        disk = SimulatedDisk(directory: directory, seed: self.dice.next())
        disk.onFlush = { [unowned self] in onFlush(self.dice.duration(in: flushTakes)) }
    }

    deinit {
        guard let listing = opendir(directory) else { return }
        while let entry = readdir(listing) {
            // SAFETY: d_name ends with a zero, and is read before the next readdir(3).
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { unlink("\(directory)/\(name)") }
        }
        closedir(listing)
        rmdir(directory)
    }

    /// True since the power failed.
    package var isPowerCut: Bool { disk.isPowerCut }
    /// The power fails now.
    func cutPower() { disk.cutPower() }
    /// The power will fail at the n-th write or flush from now on.
    func cutPower(after operations: Int) { disk.cutPower(after: operations) }
    /// The disk is as the cut has left it. Nobody has its files open.
    func restorePower() { disk.restorePower() }

    /// What the journal's files take, in bytes.
    package var size: Int { disk.size }

    /// There is nowhere to put it.
    struct NoDirectory: Error, CustomStringConvertible {
        let parent: String
        let errno: Int32
        var description: String { "no directory can be made in \(parent): \(String(cString: strerror(errno)))" }
    }
}
