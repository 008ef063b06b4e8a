/// Draws what a power cut leaves of a file. All that was flushed is there. Of the rest, the disk wrote what it liked in
/// the order it liked, in sectors of 512 bytes that are written whole or not at all; a sector that was written several
/// times may be in any of its states. Changes of the size are kept in order, as the journal of a file system does: a
/// truncation happened whole or not at all, and nothing that was written in its place later is there without it.
struct CutImage {
    static let sectorSize = 512
    private static let sectorsInPage = DiskFile.pageSize / sectorSize

    /// What the disk did with the changes since the last flush.
    private struct Fate {
        /// How many of the changes, from the first on, had their effect on the size of the file.
        let sizes: Int
        /// The chance, in 16, that a sector which the change of this index wrote stays as that change left it.
        let chance: (Int) -> Int
    }

    private let file: DiskFile
    private var bytes: [UInt8]
    private let fate: Fate
    /// The sectors of which something since the last flush reached the disk.
    private var settled: Set<Int> = []
    /// The pages that were written, in whole or in part, with something since the last flush.
    private var written: Set<Int> = []

    /// The bytes that `file` has after a power cut now.
    ///
    /// - Parameter content: the file as programs see it.
    static func draw(_ file: DiskFile, content: [UInt8], random: inout SeededRandom) -> [UInt8] {
        let fate = drawFate(changes: file.changes, random: &random)
        var image = CutImage(file: file, content: content, fate: fate)
        image.takeBack(random: &random)
        image.putLostPages(random: &random)
        let size = fate.sizes == 0 ? file.flushedSize : file.changes[fate.sizes - 1].sizeAfter
        return image.bytes.prefix(size) + [UInt8](repeating: 0, count: max(0, size - image.bytes.count))
    }

    private init(file: DiskFile, content: [UInt8], fate: Fate) {
        self.file = file
        self.fate = fate
        let longest = file.changes.map { $0.offset + $0.count }.max() ?? 0
        bytes = content + [UInt8](repeating: 0, count: max(0, longest - content.count))
    }

    private static func drawFate(changes: [DiskFile.Change], random: inout SeededRandom) -> Fate {
        let count = changes.count
        switch random.below(8) {
        case 0: return Fate(sizes: 0, chance: { _ in 0 })
        case 1: return Fate(sizes: count, chance: { _ in 16 })
        case 2, 3:  // in order, and the last one torn
            let torn = random.below(count + 1)
            let sizes = min(count, torn + random.below(2))
            return Fate(sizes: sizes, chance: { $0 < torn ? 16 : $0 == torn ? 8 : 0 })
        default:  // every sector for itself
            let often = [1, 8, 15][random.below(3)]
            return Fate(sizes: random.below(count + 1), chance: { _ in often })
        }
    }

    /// Undoes what didn't reach the disk.
    private mutating func takeBack(random: inout SeededRandom) {
        let ceilings = firstTruncationsThatDidNotHappen()
        for (index, change) in file.changes.enumerated().reversed() {
            for sector in Self.sectors(of: change) where !settled.contains(sector) {
                let isKept =
                    if index >= ceilings[sector] ?? .max {
                        false
                    } else if change.isTruncation {
                        true
                    } else {
                        random.below(16) < fate.chance(index)
                    }
                guard isKept else {
                    undo(change, in: sector)
                    continue
                }
                settled.insert(sector)
                if !change.isTruncation { written.insert(sector / Self.sectorsInPage) }
            }
        }
    }

    /// By sector, the change from which on nothing there reached the disk.
    private func firstTruncationsThatDidNotHappen() -> [Int: Int] {
        var found: [Int: Int] = [:]
        for (index, change) in file.changes.enumerated() where change.isTruncation && index >= fate.sizes {
            for sector in Self.sectors(of: change) where found[sector] == nil { found[sector] = index }
        }
        return found
    }

    private mutating func undo(_ change: DiskFile.Change, in sector: Int) {
        let start = max(sector * Self.sectorSize, change.offset)
        let end = min((sector + 1) * Self.sectorSize, change.offset + change.count)
        let old = file.oldBytes(of: change)
        for position in start..<end {
            let index = position - change.offset
            bytes[position] = index < old.count ? old[index] : 0
        }
    }

    /// A page that a failed flush left behind is on the disk as it was before that. But if it was written since then
    /// because something in it changed, all of it was, or was about to be.
    private mutating func putLostPages(random: inout SeededRandom) {
        for (page, onDisk) in file.lost.sorted(by: { $0.key < $1.key }) {
            let start = page * DiskFile.pageSize
            for index in 0..<Self.sectorsInPage where !settled.contains(page * Self.sectorsInPage + index) {
                if written.contains(page) && random.once(in: 2) { continue }
                let first = start + index * Self.sectorSize
                for position in first..<max(first, min(first + Self.sectorSize, bytes.count)) {
                    bytes[position] = onDisk[position - start]
                }
            }
        }
    }

    private static func sectors(of change: DiskFile.Change) -> Range<Int> {
        change.offset / sectorSize..<(change.offset + change.count + sectorSize - 1) / sectorSize
    }
}
