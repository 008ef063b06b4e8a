/// A desk's request that concerns calls; read from the wire by CallContract.
public struct CallCommand: Hashable, Sendable {
    /// The desk's own id for it: what was answered once is answered the same again.
    public let id: String
    /// Who asks, as the desk names them.
    public let actor: String?
    public let request: Request

    /// What is asked for. `revision` is that of the record the person saw.
    public enum Request: Hashable, Sendable {
        /// A screen that someone has open shows the call.
        case received(CallID, revision: Int?)
        /// Someone takes it; `onTheWay` when they have set out.
        case accept(CallID, revision: Int, onTheWay: Bool)
        case arrive(CallID, revision: Int)
        case resolve(CallID, revision: Int, outcome: String?)
        case cancel(CallID, revision: Int, reason: String?)
        /// Raise a test call: at a call point, or at the gateway itself.
        case test(PointID?)
    }

    public init(id: String, actor: String?, request: Request) {
        self.id = id
        self.actor = actor
        self.request = request
    }

    /// The command's name on the wire.
    public var name: String {
        switch request {
        case .received: "received"
        case .accept: "accept"
        case .arrive: "arrive"
        case .resolve: "resolve"
        case .cancel: "cancel"
        case .test: "test"
        }
    }
}

/// What became of a command: journalled with what it changed, so that asking again changes nothing.
public struct CommandAnswer: Hashable, Sendable {
    /// The command's id.
    public let id: String
    /// The command's name.
    public let command: String
    /// Why it was refused, naming the field; nil when it was carried out.
    public let refusal: String?
    /// How the call stood after it, if there is such a call.
    public let call: Standing?

    /// A call as its answer tells it.
    public struct Standing: Hashable, Sendable {
        public let id: CallID
        public let state: CallState
        public let revision: Int
        public let actor: String?

        public init(id: CallID, state: CallState, revision: Int, actor: String?) {
            self.id = id
            self.state = state
            self.revision = revision
            self.actor = actor
        }
    }

    public init(id: String, command: String, refusal: String?, call: Standing?) {
        self.id = id
        self.command = command
        self.refusal = refusal
        self.call = call
    }

    /// How many answers are remembered, here and in the journal: a day's commands of a large site, several times over.
    public static let remembered = 1024
}
