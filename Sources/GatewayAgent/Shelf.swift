internal import CallCore

/// What should stand retained at the broker, topic by topic, and what of it doesn't yet. At most one message per topic
/// is on its way, so that an old state can never arrive after a newer one.
struct Shelf {
    /// What a topic is about. Its payload is made when it leaves, from how things stand then.
    enum Item: Hashable {
        case status
        case call(CallID, ServiceID)
        case fault(FaultID)
        case summary
        case point(PointID)
        /// How the gateway introduces itself to another system.
        case introduction(topic: String)
        /// Something found at the broker that doesn't belong there: emptied.
        case leftover(topic: String)
    }

    /// Most urgent first.
    enum Rank: Int, CaseIterable {
        case status, emergency, call, fault, summary, rest
    }

    private var wanting: [Rank: [Item]] = [:]
    private var isWanting: Set<Item> = []
    private var onTheWay: Set<Item> = []
    private var paused: [Item: Moment] = [:]

    /// True when every topic shows how things are.
    var isEmpty: Bool { isWanting.isEmpty && onTheWay.isEmpty }

    /// How many topics are wanted or on their way.
    var count: Int { isWanting.count + onTheWay.count + paused.count }

    /// True when the broker has the topic as it should be.
    func hasSettled(_ item: Item) -> Bool { !isWanting.contains(item) && !onTheWay.contains(item) }

    /// The topic doesn't show how things are any more.
    mutating func want(_ item: Item) {
        guard isWanting.insert(item).inserted else { return }
        wanting[Self.rank(item), default: []].append(item)
    }

    /// The next topic to write, of those ranked no lower than `least`.
    func next(downTo least: Rank, now: Moment) -> Item? {
        for rank in Rank.allCases where rank.rawValue <= least.rawValue {
            guard let items = wanting[rank], !items.isEmpty else { continue }
            if let item = items.first(where: { !onTheWay.contains($0) && paused[$0].map { $0 <= now } ?? true }) {
                return item
            }
        }
        return nil
    }

    /// The topic was written; it is on its way.
    mutating func handedOver(_ item: Item) {
        onTheWay.insert(item)
        isWanting.remove(item)
        paused[item] = nil
        let rank = Self.rank(item)
        if let index = wanting[rank]?.firstIndex(of: item) { wanting[rank]!.remove(at: index) }
    }

    /// The broker has it.
    mutating func acknowledge(_ item: Item) { onTheWay.remove(item) }

    /// The broker refused it: again, not before `moment`.
    mutating func refuse(_ item: Item, until moment: Moment) {
        onTheWay.remove(item)
        paused[item] = moment
        want(item)
    }

    /// The connection is gone: what was on its way goes again.
    mutating func rewind() {
        for item in onTheWay { want(item) }
        onTheWay = []
        paused = [:]
    }

    /// When the first paused topic may go again.
    func resumesAt(after now: Moment) -> Moment? { paused.values.filter { $0 > now }.min() }

    private static func rank(_ item: Item) -> Rank {
        switch item {
        case .status: .status
        case .call(_, .emergency): .emergency
        case .call: .call
        case .fault: .fault
        case .summary: .summary
        case .point, .introduction, .leftover: .rest
        }
    }
}
