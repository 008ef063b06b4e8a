internal import CallCore

/// An edge as the kernel queued it. `made` is the logical level it went to.
struct KernelEdge: Hashable {
    let made: Bool
    let at: Moment
    /// Counts the line's edges from 1 and wraps after 2^32-1; 0 if the library doesn't tell.
    let sequence: UInt32
}

/// A level, and the two moments between which the kernel looked at it.
struct LevelReading: Hashable {
    let made: Bool
    let from: Moment
    let to: Moment

    /// Whether the reading already shows what `edge` did. An edge stamped before the reading began is in it. One
    /// stamped while it went on is in it if it led to the level that was read, and came after it otherwise.
    func contains(_ edge: KernelEdge) -> Bool {
        edge.at < from || (edge.at <= to && edge.made == made)
    }
}

/// What the reads of one request add up to: which edges are news, and whether some were lost.
///
/// libgpiod 2.x numbers a line's edges, so a loss is a gap. 1.6 doesn't: there the kernel keeps 16, drops what comes
/// then and says nothing, so a read that returns 16 counts as a loss. After a loss the level must be read anew.
struct EdgeStream {
    /// How many unread edges the kernel keeps without saying that more were lost; nil if it numbers them.
    private let silentQueue: Int?
    private var lastSequence: UInt32 = 0
    private var level: LevelReading
    /// Edges were lost since the last level reading.
    private(set) var isBroken = false

    init(silentQueue: Int?, level: LevelReading) {
        self.silentQueue = silentQueue
        self.level = level
    }

    /// Takes the edges of one read; returns those that the last level reading doesn't show already.
    mutating func take(_ edges: [KernelEdge]) -> [KernelEdge] {
        if let silentQueue, edges.count >= silentQueue { isBroken = true }
        for edge in edges where edge.sequence != 0 {
            if edge.sequence != lastSequence.successor { isBroken = true }
            lastSequence = edge.sequence
        }
        return edges.filter { !level.contains($0) }
    }

    /// Takes the level that was read after a loss.
    mutating func take(_ level: LevelReading) {
        self.level = level
        isBroken = false
    }
}

extension UInt32 {
    /// The next sequence number. The kernel counts with wrap-around (`gpio_v2_line_event.line_seqno`), and 0 after it
    /// looks like "not told": that one edge goes uncounted, and 1 must follow 0 and 2^32-1 alike.
    fileprivate var successor: UInt32 { self == .max ? 1 : self + 1 }
}
