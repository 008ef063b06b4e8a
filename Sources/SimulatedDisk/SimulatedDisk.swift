internal import Glibc

/// A disk whose power can be cut at any write or flush, for the files of one directory.
///
/// SQLite runs on the real files there, best on a tmpfs, through a layer that remembers what has not been flushed. A
/// power cut puts the files into a state that it could have left on a real disk, drawn from the seed: see
/// docs/decisions/0016-simulated-disk.md for what is modelled and what is not. The same seed and the same calls give
/// the same bytes.
///
/// All of one disk belongs to one thread; several disks may exist at a time.
package final class SimulatedDisk {
    /// What is wrong with the disk.
    package enum Trouble: Hashable, Sendable {
        /// No file can grow. What was allocated before can be written.
        case full
        /// Nothing can be written.
        case writesFail
        /// A flush fails, and what it should have written is forgotten: it can be read, and no later flush writes it
        /// unless it is written again. A part of it may have reached the disk.
        case flushesFail
    }

    /// Called at each flush, before it takes effect: a slow flush lets virtual time pass here. Not called while the
    /// power is cut.
    package var onFlush: (() -> Void)?
    /// What is wrong with the disk now; nil if nothing is.
    package var trouble: Trouble?
    /// A disk that says of each flush that it is done, and does nothing: to show that a test would find it.
    package var lies = false
    /// True from the cut until ``restorePower()``. Every call still works meanwhile: who goes on is a ghost, whose
    /// deeds are gone with ``restorePower()``.
    package private(set) var isPowerCut = false
    /// What was written and flushed since the disk was made, those that failed included; `bytes` of the writes.
    package private(set) var counts: (writes: Int, flushes: Int, bytes: Int) = (0, 0, 0)

    /// The directory, without symbolic links.
    let directory: String
    /// By inode.
    private var files: [UInt: DiskFile] = [:]
    /// What a power cut may bring back: files that were deleted without flushing the directory, by name.
    private var deleted: [String: [UInt8]] = [:]
    /// How many of its files are open in SQLite.
    private var openFiles = 0
    /// After how many more operations the power fails.
    private var operationsLeft: Int?
    /// By name, what the cut left.
    private var image: [String: [UInt8]] = [:]
    private var random: SeededRandom
    private var salts: SeededRandom

    /// Takes charge of what SQLite does with files in `directory`, which exists. What stands there counts as flushed.
    package init(directory: String, seed: UInt64) {
        self.directory = realPath(directory)
        random = SeededRandom(seed: seed)
        salts = SeededRandom(seed: ~seed)
        Claims.add(self)
    }

    deinit {
        // Whoever uses SQLite without a simulated disk gets numbers that nobody knows.
        if Claims.remove(directory) { SaltSource.begin(nil) }
    }

    /// Puts the layer before SQLite's own file access, as the default of the process. It leaves alone whatever is not
    /// in the directory of a disk. Once is enough; more does no harm.
    package static func install() throws { try Shim.install() }

    /// The bytes in the directory's files, as programs see them.
    package var size: Int { names().reduce(0) { $0 + (status(of: $1)?.size ?? 0) } }

    // MARK: Power

    /// Lets the power fail at the `operations`-th write or flush from now on, which is under way then.
    package func cutPower(after operations: Int) {
        precondition(operations > 0, "the power is cut at the first operation from now on or at a later one")
        operationsLeft = operations
    }

    /// Cuts the power now, between two operations or, from ``onFlush``, during a flush.
    package func cutPower() {
        guard !isPowerCut else { return }
        isPowerCut = true
        operationsLeft = nil
        image = [:]
        for name in names().sorted() where isDurable(name) {
            guard let status = status(of: name) else { continue }
            let content = readFile(path(name))
            guard let file = files[status.inode] else {
                image[name] = content
                continue
            }
            let left = CutImage.draw(file, content: content, random: &random)
            if file.isNamed || random.once(in: 2) { image[name] = left }
        }
        for (name, content) in deleted.sorted(by: { $0.key < $1.key }) where random.once(in: 2) {
            if image[name] == nil { image[name] = content }
        }
    }

    /// Puts the files into the state that the cut left, removes the log's index, and goes on. Nobody has the files
    /// open any more: drop the journal before, without closing it. Without a cut it only forgets one that was announced.
    package func restorePower() {
        operationsLeft = nil
        guard isPowerCut else { return }
        precondition(openFiles == 0, "the power comes back once nobody has files open in \(directory)")
        for name in names() where image[name] == nil && !name.hasSuffix(".lock") { unlink(path(name)) }
        for (name, content) in image { writeFile(path(name), content) }
        files = [:]
        deleted = [:]
        image = [:]
        isPowerCut = false
    }

    /// The index of a log is rebuilt after a start, and a lock is held by a process.
    private func isDurable(_ name: String) -> Bool { !name.hasSuffix("-shm") && !name.hasSuffix(".lock") }

    /// Counts an operation; true if the power fails at it.
    private func isLastOperation() -> Bool {
        guard let left = operationsLeft else { return false }
        operationsLeft = left - 1
        return left == 1
    }
}

// What the layer asks and tells.
extension SimulatedDisk {
    /// What a write is to come to.
    enum Verdict {
        /// As on any file; nobody takes note.
        case untracked
        /// To be noted in the file.
        case tracked
        case fails(Trouble)
    }

    /// A file of the directory is opened. The answer keeps track of it.
    func opened(_ path: String, isNew: Bool) -> DiskFile? {
        let name = name(path)
        guard let status = status(of: name) else { return nil }
        openFiles += 1
        if isNew { deleted[name] = nil }
        if let known = files[status.inode], known.size == status.size { return known }
        let file = DiskFile(size: status.size, isNamed: !isNew)
        files[status.inode] = file
        return file
    }

    func closed() { openFiles -= 1 }

    /// A file is about to be deleted by SQLite. If the directory isn't flushed after that, a power cut may undo it.
    func deletes(_ path: String, flushes: Bool) {
        guard !isPowerCut else { return }
        let name = name(path)
        guard let status = status(of: name) else { return }
        let file = files.removeValue(forKey: status.inode)
        if flushes {
            deleted = [:]
        } else if file?.isNamed ?? true {
            let content = readFile(path)
            deleted[name] = file.map { CutImage.draw($0, content: content, random: &random) } ?? content
        }
    }

    /// A write that lets the file grow or not is to be done.
    func verdict(writing count: Int, growing: Bool) -> Verdict {
        guard !isPowerCut else { return .untracked }
        counts.writes += 1
        counts.bytes += count
        switch trouble {
        case .full where growing, .writesFail:
            if isLastOperation() { cutPower() }
            return .fails(trouble ?? .writesFail)
        default: return .tracked
        }
    }

    /// A tracked write was done and noted.
    func wrote() {
        if isLastOperation() { cutPower() }
    }

    /// False if the flush failed. `content` reads the file.
    func flush(_ file: DiskFile, content: () -> [UInt8]) -> Bool {
        guard !isPowerCut else { return true }
        counts.flushes += 1
        onFlush?()
        if isLastOperation() { cutPower() }
        guard !isPowerCut, !lies else { return true }
        if trouble == .flushesFail {
            let content = content()
            file.flushFailed(content: content, image: CutImage.draw(file, content: content, random: &random))
            return false
        }
        // SQLite flushes the directory with the first flush of a file that it made.
        if !file.isNamed { deleted = [:] }
        file.flushed()
        return true
    }

    /// For the salts of the log of a database that is opened.
    func nextSaltSeed() -> UInt64 { salts.next() }
}

// The directory.
extension SimulatedDisk {
    private func path(_ name: String) -> String { directory + "/" + name }
    private func name(_ path: String) -> String { String(path.dropFirst(directory.utf8.count + 1)) }

    private func names() -> [String] { listDirectory(directory) }

    private func status(of name: String) -> (inode: UInt, size: Int)? { fileStatus(path(name)) }
}
