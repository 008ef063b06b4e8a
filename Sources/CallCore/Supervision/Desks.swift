/// What a desk says of itself.
public struct DeskPresence: Hashable, Sendable {
    public enum State: String, Hashable, Sendable {
        case listening, idle, closed, offline
    }

    /// How far it listens.
    public let state: State
    /// What people call it, if it says.
    public let name: String?

    public init(state: State, name: String?) {
        self.state = state
        self.name = name
    }
}

/// Who is listening at the broker that is in use.
struct Desks: Sendable {
    /// How long after connecting the desks' retained statuses are waited for.
    static let grace = Duration.seconds(10)
    /// How many are remembered: whoever can write the topic can't fill the memory.
    static let most = 256

    private var known: [DeskID: DeskPresence] = [:]
    /// Nil while there is no broker.
    private(set) var connectedAt: Moment?

    /// True if a screen that someone has open shows calls.
    var isOneListening: Bool { known.values.contains { $0.state == .listening } }
    var listening: [DeskID] { known.filter { $0.value.state == .listening }.map(\.key) }

    /// Until when nothing is said of an absence.
    var graceEnds: Moment? { connectedAt.map { $0 + Self.grace } }

    /// True if nobody listens, and that is known.
    func isNobodyThere(_ now: Moment) -> Bool { !isOneListening && (graceEnds.map { $0 <= now } ?? false) }

    /// Those that went away without a word, by name.
    var missing: [String] {
        known.filter { $0.value.state == .offline }.sorted { $0.key < $1.key }.map { id, presence in
            presence.name.map { "\(id) (\($0))" } ?? id.text
        }
    }

    /// Another broker may have other desks.
    mutating func connected(at moment: Moment) { self = Desks(connectedAt: moment) }
    mutating func disconnected() { self = Desks() }

    /// - Parameter presence: nil: its topic was emptied, it is no desk of the site any more.
    mutating func heard(of id: DeskID, _ presence: DeskPresence?) {
        guard known[id] != nil || known.count < Self.most else { return }
        known[id] = presence
    }

    init() {}
    private init(connectedAt: Moment) { self.connectedAt = connectedAt }
}
