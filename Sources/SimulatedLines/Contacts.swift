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
    case outputs
    case receivers
    /// Carrier, silence, carrier, …, each for so many microseconds.
    case radio(ReceiverID, [Int])

    /// What may be asked, for those who asked something else.
    static let words = "made POINT, open POINT, radio RECEIVER µs µs …, list, receivers, or outputs"

    /// - Returns: nil if the line is none.
    init?(_ line: some StringProtocol) {
        let words = line.split(separator: " ", omittingEmptySubsequences: true)
        switch (words.first, words.count) {
        case ("list", 1): self = .list
        case ("outputs", 1): self = .outputs
        case ("receivers", 1): self = .receivers
        case ("made", 2), ("open", 2):
            guard let point = Self.point(String(words[1])) else { return nil }
            self = .set(point, made: words[0] == "made")
        case ("radio", 4...):
            guard let receiver = ReceiverID(String(words[1])) else { return nil }
            let lengths = words.dropFirst(2).compactMap { Int($0) }.filter { (1...Self.longest).contains($0) }
            guard lengths.count == words.count - 2, lengths.count % 2 == 0 else { return nil }
            self = .radio(receiver, lengths)
        default: return nil
        }
    }

    /// Ten seconds, in microseconds.
    private static let longest = 10_000_000

    /// The call point, or the loop of one, that goes by this name.
    private static func point(_ name: String) -> PointID? {
        guard let owner = PointID(unchecked: name).loopOwner else { return PointID(name) }
        return PointID(owner.text)?.loop
    }
}

/// The contacts of all simulated points and the loops of their wires, and who holds which of them from its rest.
struct Contacts {
    private var made: [PointID: Bool] = [:]
    private var holders: [Int32: Set<PointID>] = [:]

    var points: [PointID] { made.keys.sorted() }

    /// Where it stays while nobody holds it: a button open, the loop of a whole wire made.
    private static func rest(of point: PointID) -> Bool { point.loopOwner != nil }

    /// These points from now on; tells the new ones as armed.
    mutating func watch(_ points: [PointID], at moment: Moment) -> [LineReport] {
        let before = made
        made = Dictionary(points.map { ($0, before[$0] ?? Self.rest(of: $0)) }, uniquingKeysWith: { first, _ in first })
        return points.filter { before[$0] == nil }
            .map { .armed($0, made: Self.rest(of: $0), at: moment) }
    }

    /// Sets one contact for a connection; nil if there is no such point.
    mutating func set(_ point: PointID, made isMade: Bool, by holder: Int32, at moment: Moment) -> [LineReport]? {
        guard let was = made[point] else { return nil }
        made[point] = isMade
        if isMade != Self.rest(of: point) {
            holders[holder, default: []].insert(point)
        } else {
            holders[holder]?.remove(point)
        }
        return was == isMade ? [] : [.edge(point, made: isMade, at: moment)]
    }

    /// A connection ended: what it held goes back to its rest.
    mutating func letGo(_ holder: Int32, at moment: Moment) -> [LineReport] {
        let held = holders.removeValue(forKey: holder) ?? []
        return held.sorted().compactMap { point in
            let rest = Self.rest(of: point)
            guard let isMade = made[point], isMade != rest else { return nil }
            made[point] = rest
            return .edge(point, made: rest, at: moment)
        }
    }
}
