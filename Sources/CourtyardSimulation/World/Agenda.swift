package import CallCore

/// The world's time and what is going to happen in it, in the order of its time; what is due at the same moment comes in
/// the order in which it was planned.
///
/// A `Moment` of the world counts nanoseconds since the world began. No clock in it need agree.
package final class Agenda {
    private struct Entry {
        let moment: Moment
        let order: UInt64
        /// Where its deed lies: entries change places without touching it.
        let slot: Int

        func isBefore(_ other: Entry) -> Bool {
            moment == other.moment ? order < other.order : moment < other.moment
        }
    }

    /// What time it is.
    package private(set) var now = Moment(nanoseconds: 0)
    /// A binary heap.
    private var heap: [Entry] = []
    private var planned: UInt64 = 0
    private var deeds: [(() -> Void)?] = []
    private var freeSlots: [Int] = []

    /// When the next thing happens; nil if nothing will by itself.
    package var next: Moment? { heap.first?.moment }

    /// Plans a deed; one whose time is over is done next.
    package func at(_ moment: Moment, _ deed: @escaping () -> Void) {
        planned += 1
        let slot = freeSlots.popLast() ?? deeds.count
        if slot == deeds.count { deeds.append(deed) } else { deeds[slot] = deed }
        heap.append(Entry(moment: max(moment, now), order: planned, slot: slot))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    package func after(_ wait: Duration, _ deed: @escaping () -> Void) { at(now + wait, deed) }

    /// Lets the next thing happen; time has come that far then.
    package func takeNext() {
        let first = heap[0]
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        siftDown()
        now = max(now, first.moment)
        let deed = deeds[first.slot]
        deeds[first.slot] = nil
        freeSlots.append(first.slot)
        deed?()
    }

    /// Nothing of what was planned will happen: whoever was to do it is let go.
    package func forgetAll() { (heap, deeds, freeSlots) = ([], [], []) }

    /// Time passes in which nothing happens.
    package func pass(until moment: Moment) { now = max(now, moment) }

    private func siftDown() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            var least = parent
            if left < heap.count, heap[left].isBefore(heap[least]) { least = left }
            if left + 1 < heap.count, heap[left + 1].isBefore(heap[least]) { least = left + 1 }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
