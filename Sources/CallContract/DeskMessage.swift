/// Who is listening: a desk's own status, retained, and its will.
public struct DeskMessage: Codable, Hashable, Sendable {
    public enum State: String, Codable, Hashable, Sendable {
        /// A screen that someone has open shows calls.
        case listening
        /// Connected, but no screen is open.
        case idle
        /// Closed on purpose: it is not missed.
        case closed
        /// The will: it went away without a word.
        case offline
    }

    /// How the desk is.
    public var state: State
    /// What people call it: `值班室`.
    @OrNull public var name: String?

    public init(state: State, name: String? = nil) {
        self.state = state
        self.name = name
    }
}
