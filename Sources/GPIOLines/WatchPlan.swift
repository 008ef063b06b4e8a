internal import CallCore

/// What a new list of lines changes. A line that is described as before keeps its request, so none of its edges is
/// lost; a changed one is given back and requested anew.
struct WatchPlan: Hashable {
    /// Given back first, all of them: a line may go from one point to another.
    let released: [PointID]
    /// Requested then, in the order of the new list.
    let requested: [WatchedLine]

    /// - Parameter new: one line per point; of two for one point the first counts.
    init(from old: [WatchedLine], to new: [WatchedLine]) {
        let wanted = Dictionary(new.map { ($0.point, $0) }, uniquingKeysWith: { first, _ in first })
        let held = Dictionary(old.map { ($0.point, $0) }, uniquingKeysWith: { first, _ in first })
        released = old.map(\.point).filter { wanted[$0] != held[$0] }
        var seen: Set<PointID> = []
        requested = new.filter { seen.insert($0.point).inserted && held[$0.point] != $0 }
    }
}
