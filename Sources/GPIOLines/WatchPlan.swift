internal import CallCore

/// What a new list of lines changes. A line that is described as before keeps its request, so none of its edges is
/// lost and no lamp flickers; a changed one is given back and requested anew.
struct WatchPlan<Line: DrivenLine>: Hashable {
    /// Given back first, all of them: a line may go from one point to another.
    let released: [Line.ID]
    /// Requested then, in the order of the new list.
    let requested: [Line]

    /// - Parameter new: one line per point or output; of two for one the first counts.
    init(from old: [Line], to new: [Line]) {
        let wanted = Dictionary(new.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let held = Dictionary(old.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        released = old.map(\.id).filter { wanted[$0] != held[$0] }
        var seen: Set<Line.ID> = []
        requested = new.filter { seen.insert($0.id).inserted && held[$0.id] != $0 }
    }
}
