internal import CallCore

/// The protocol's words and bounds.
enum Wire {
    static let longestLine = 256
    /// Further connections wait to be accepted.
    static let mostConnections = 16
    /// A client whose buffer is full must read within this, in milliseconds, or its connection ends.
    static let readWithinMs: Int32 = 200
}

/// What one line of the protocol asks for.
enum Request: Equatable {
    case set(PointID, made: Bool)
    case list

    /// - Returns: nil if the line is none.
    init?(_ line: some StringProtocol) {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        switch (words.first, words.count) {
        case ("list", 1): self = .list
        case ("made", 2), ("open", 2):
            guard let point = PointID(String(words[1])) else { return nil }
            self = .set(point, made: words[0] == "made")
        default: return nil
        }
    }
}

/// The contacts of all simulated points, and who holds which of them made.
struct Contacts {
    private var made: [PointID: Bool] = [:]
    private var holders: [Int32: Set<PointID>] = [:]

    var points: [PointID] { made.keys.sorted() }

    /// These points from now on; tells the new ones as armed.
    mutating func watch(_ points: [PointID], at moment: Moment) -> [LineReport] {
        let before = made
        made = Dictionary(points.map { ($0, before[$0] ?? false) }, uniquingKeysWith: { first, _ in first })
        return points.filter { before[$0] == nil }.map { .armed($0, made: false, at: moment) }
    }

    /// Sets one contact for a connection; nil if there is no such point.
    mutating func set(_ point: PointID, made isMade: Bool, by holder: Int32, at moment: Moment) -> [LineReport]? {
        guard let was = made[point] else { return nil }
        made[point] = isMade
        if isMade { holders[holder, default: []].insert(point) } else { holders[holder]?.remove(point) }
        return was == isMade ? [] : [.edge(point, made: isMade, at: moment)]
    }

    /// A connection ended: opens what it held.
    mutating func letGo(_ holder: Int32, at moment: Moment) -> [LineReport] {
        let held = holders.removeValue(forKey: holder) ?? []
        return held.sorted().compactMap { point in
            guard made[point] == true else { return nil }
            made[point] = false
            return .edge(point, made: false, at: moment)
        }
    }
}
