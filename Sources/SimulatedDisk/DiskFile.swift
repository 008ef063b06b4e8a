internal import Glibc

/// What the disk remembers of one file: everything that was done to it since it was last flushed, so that it can be
/// taken back. Known by its inode, so that it keeps its memory when it is renamed.
final class DiskFile {
    /// One write or truncation that was not flushed yet.
    struct Change {
        let offset: Int
        /// How many bytes from `offset` on it touched.
        let count: Int
        /// Where the bytes that stood there before begin in `before`, and how many there were: fewer than `count` where
        /// the file grew.
        let old: Int
        let oldCount: Int
        let isTruncation: Bool
        let sizeAfter: Int
    }

    static let pageSize = 4096

    /// Bytes, as programs see it now.
    private(set) var size: Int
    /// Bytes, as it was last flushed.
    private(set) var flushedSize: Int
    /// False for a file that was made and never flushed: its name may be lost.
    var isNamed: Bool
    private(set) var changes: [Change] = []
    /// The pages that a failed flush left behind: what is on the disk there, by page number. The kernel takes them for
    /// clean, so no later flush writes them, unless somebody writes to that page again.
    private(set) var lost: [Int: [UInt8]] = [:]

    /// The old bytes of all changes, one behind the other.
    private var before: UnsafeMutableRawPointer
    private var beforeCount = 0
    private var beforeCapacity = 64 * 1024

    init(size: Int, isNamed: Bool) {
        self.size = size
        flushedSize = size
        self.isNamed = isNamed
        before = .allocate(byteCount: beforeCapacity, alignment: 16)
    }

    deinit { before.deallocate() }

    /// True if a power cut would leave it as it is.
    var isClean: Bool { changes.isEmpty && lost.isEmpty && isNamed && size == flushedSize }

    /// Room for the old bytes of a change that is about to be made; ``add`` takes them.
    func room(for count: Int) -> UnsafeMutableRawPointer {
        if beforeCount + count > beforeCapacity {
            beforeCapacity = max(beforeCapacity * 2, beforeCount + count)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: beforeCapacity, alignment: 16)
            larger.copyMemory(from: before, byteCount: beforeCount)
            before.deallocate()
            before = larger
        }
        return before + beforeCount
    }

    /// How many bytes of a change stood in the file before it.
    func oldCount(at offset: Int, _ count: Int) -> Int { max(0, min(count, size - offset)) }

    /// Notes a write that was done, whose `oldCount` old bytes were put into ``room(for:)``.
    func addWrite(at offset: Int, _ count: Int, oldCount: Int) {
        size = max(size, offset + count)
        add(offset, count, oldCount, isTruncation: false)
    }

    /// Notes a change of the size to `newSize`, likewise.
    func addTruncation(to newSize: Int, oldCount: Int) {
        let end = max(size, newSize)
        size = newSize
        add(newSize, end - newSize, oldCount, isTruncation: true)
    }

    private func add(_ offset: Int, _ count: Int, _ oldCount: Int, isTruncation: Bool) {
        changes.append(
            Change(
                offset: offset, count: count, old: beforeCount, oldCount: oldCount, isTruncation: isTruncation,
                sizeAfter: size))
        beforeCount += oldCount
    }

    func oldBytes(of change: Change) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: before + change.old, count: change.oldCount)
    }

    /// A flush worked: everything is on the disk, but for lost pages that nobody wrote to since.
    func flushed() {
        if !lost.isEmpty {
            for change in changes {
                for page in Self.pages(change.offset, change.count) { lost[page] = nil }
            }
        }
        forget()
        flushedSize = size
        isNamed = true
    }

    /// A flush failed, and this is what it got onto the disk: `image`, where the file holds `content`.
    func flushFailed(content: [UInt8], image: [UInt8]) {
        for change in changes {
            for page in Self.pages(change.offset, change.count) {
                let onDisk = Self.page(page, of: image)
                lost[page] = onDisk == Self.page(page, of: content) ? nil : onDisk
            }
        }
        forget()
    }

    private func forget() {
        changes.removeAll(keepingCapacity: true)
        beforeCount = 0
    }

    /// The pages that a change touches.
    static func pages(_ offset: Int, _ count: Int) -> Range<Int> {
        offset / pageSize..<(offset + count + pageSize - 1) / pageSize
    }

    private static func page(_ number: Int, of bytes: [UInt8]) -> [UInt8] {
        let part = bytes.dropFirst(number * pageSize).prefix(pageSize)
        return part + [UInt8](repeating: 0, count: pageSize - part.count)
    }
}
