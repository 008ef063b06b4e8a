/// When what is due: one deadline per key, earliest first. Setting and taking cost O(log n), looking costs nothing.
struct Deadlines<Key: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        let moment: Moment
        let key: Key
    }

    /// A binary heap; entries whose key has been set anew since are dropped when they surface.
    private var heap: [Entry] = []
    private var current: [Key: Moment] = [:]

    /// The earliest deadline.
    var next: Moment? { heap.first?.moment }

    /// Sets, moves or (with nil) removes the key's deadline.
    mutating func set(_ key: Key, to moment: Moment?) {
        guard current[key] != moment else { return }
        current[key] = moment
        if let moment {
            heap.append(Entry(moment: moment, key: key))
            siftUp(heap.count - 1)
        }
        dropStale()
    }

    /// Takes one key whose deadline has come.
    mutating func take(dueBy now: Moment) -> Key? {
        guard let first = heap.first, first.moment <= now else { return nil }
        current[first.key] = nil
        removeFirst()
        dropStale()
        return first.key
    }

    /// Keeps a live entry at the top, and the heap no longer than twice what is live.
    private mutating func dropStale() {
        while let first = heap.first, current[first.key] != first.moment { removeFirst() }
        if heap.count > 2 * current.count + 64 {
            heap = current.map { Entry(moment: $1, key: $0) }
            for index in stride(from: heap.count / 2, through: 0, by: -1) { siftDown(index) }
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0, heap[child].moment < heap[(child - 1) / 2].moment {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            let left = 2 * parent + 1
            var least = parent
            if left < heap.count, heap[left].moment < heap[least].moment { least = left }
            if left + 1 < heap.count, heap[left + 1].moment < heap[least].moment { least = left + 1 }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
