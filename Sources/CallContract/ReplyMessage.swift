public import CallCore

/// The gateway's answer to a command.
public struct ReplyMessage: Codable, Hashable, Sendable {
    public var id: String
    public var command: String
    public var accepted: Bool
    /// Why it was refused, naming the field; null when it was not.
    @OrNull public var reason: String?
    /// For `replay`: the sequence numbers that the journal still has, and how many events follow.
    public var kept: Kept?

    /// The call that the command concerned, if there is such a call; the fields below tell how it stands.
    public var call: String?
    /// Its state, as in its record.
    public var state: String?
    /// Its revision.
    public var revision: Int?
    /// Who acted on it last, if anybody has.
    public var actor: String?

    /// What of a service's events the journal still has.
    public struct Kept: Codable, Hashable, Sendable {
        public var journal: String
        public var first: UInt64
        public var last: UInt64
        public var sending: Int

        public init(journal: String, first: UInt64, last: UInt64, sending: Int) {
            self.journal = journal
            self.first = first
            self.last = last
            self.sending = sending
        }
    }

    public init(id: String, command: String, refusal: String? = nil, kept: Kept? = nil) {
        self.id = id
        self.command = command
        accepted = refusal == nil
        reason = refusal
        self.kept = kept
    }
    /// The answer to a command that concerns calls.
    public init(_ answer: CommandAnswer) {
        self.init(id: answer.id, command: answer.command, refusal: answer.refusal)
        call = answer.call?.id.description
        state = answer.call?.state.rawValue
        revision = answer.call?.revision
        actor = answer.call?.actor
    }
}
