package import CallCore

/// The world's time and what is going to happen in it, in the order of its time; what is due at the same moment comes in
/// the order in which it was planned.
///
/// A `Moment` of the world counts nanoseconds since the world began. No clock in it need agree.
package final class Agenda {
    /// What time it is.
    package private(set) var now = Moment(nanoseconds: 0)
    private var plan = Plan()

    /// When the next thing happens; nil if nothing will by itself.
    package var next: Moment? { plan.next }

    /// Plans a deed; one whose time is over is done next.
    package func at(_ moment: Moment, _ deed: @escaping () -> Void) { plan.add(max(moment, now), deed) }

    package func after(_ wait: Duration, _ deed: @escaping () -> Void) { at(now + wait, deed) }

    /// Lets the next thing happen; time has come that far then.
    package func takeNext() {
        let (moment, deed) = plan.takeFirst()
        now = max(now, moment)
        deed()
    }

    /// Nothing of what was planned will happen: whoever was to do it is let go.
    package func forgetAll() { plan = Plan() }

    /// Time passes in which nothing happens.
    package func pass(until moment: Moment) { now = max(now, moment) }
}

/// A binary heap of what is planned.
private struct Plan {
    private struct Entry {
        let moment: Moment
        let order: UInt64
        /// Where its deed lies: entries change places without touching it.
        let slot: Int

        func isBefore(_ other: Entry) -> Bool {
            moment == other.moment ? order < other.order : moment < other.moment
        }
    }

    private var heap: [Entry] = []
    private var planned: UInt64 = 0
    private var deeds: [(() -> Void)?] = []
    private var freeSlots: [Int] = []

    var next: Moment? { heap.first?.moment }

    mutating func add(_ moment: Moment, _ deed: @escaping () -> Void) {
        planned += 1
        let slot = freeSlots.popLast() ?? deeds.count
        if slot == deeds.count { deeds.append(deed) } else { deeds[slot] = deed }
        heap.append(Entry(moment: moment, order: planned, slot: slot))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func takeFirst() -> (Moment, () -> Void) {
        let first = heap[0]
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        siftDown()
        guard let deed = deeds[first.slot] else { preconditionFailure("an entry of the agenda without a deed") }
        deeds[first.slot] = nil
        freeSlots.append(first.slot)
        return (first.moment, deed)
    }

    private mutating func siftDown() {
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
