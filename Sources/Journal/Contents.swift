public import CallCore

extension Journal {
    /// What the journal knows when it is opened: enough to go on where it stopped.
    public struct Contents: Hashable, Sendable {
        /// Random, made with the file; the first part of its calls' and events' ids.
        public let id: JournalID
        /// The number for the next call of this journal, at least 1.
        public let nextCall: UInt64
        /// One for each series of events that was ever written here, those of other journals included.
        public let cursors: [Cursor]
        /// Every call that isn't closed, with everything that a ``Call`` has.
        public let openCalls: [Call]
        /// The highest connection number that may have been used.
        public let connectionLimit: UInt64
        /// The answers given to commands lately, the oldest first.
        public var answers: [CommandAnswer] = []
        /// Calls of other journals that were closed here: a broker that was away may still hold them as open. At most
        /// 4,096.
        public var closedOrphans: [CallID] = []
        /// What was known of transmitters.
        public var transmitters: [TransmitterState] = []
        /// When the last event happened that is kept; nil if none is.
        public var lastEvent: WallTime?

        /// What a journal that can't be opened yet is taken to hold.
        public static func empty(_ id: JournalID) -> Contents {
            Contents(id: id, nextCall: 1, cursors: [], openCalls: [], connectionLimit: 0)
        }
    }

    /// How far one series of events has come. Sequences are counted per journal and service.
    public struct Cursor: Hashable, Sendable {
        public let journal: JournalID
        public let service: ServiceID
        /// The highest sequence used; 0 if none was.
        public let last: UInt64
        /// The broker has acknowledged every event up to this one; 0 if none.
        public let acknowledgedThrough: UInt64
    }

    /// What one commit writes, all of it or nothing.
    public struct Batch: Hashable, Sendable {
        /// New events. One that is already there with the same content is passed over.
        public var events: [CallEvent] = []
        /// Calls as they now are: new ones, and those that changed. A closed call isn't opened again.
        public var calls: [Call] = []
        /// How far the broker has acknowledged. Never goes back.
        public var acknowledged: [Acknowledgement] = []
        /// No connection number above this one is going to be used before the next commit that says so.
        public var connectionLimit: UInt64?
        /// The answers to desks' commands, with what they changed. An id that is remembered is passed over; only the
        /// last ``CommandAnswer/remembered`` are.
        public var answers: [CommandAnswer] = []
        /// What is known of transmitters now; of each point the last counts.
        public var transmitters: [TransmitterState] = []

        /// A batch of nothing yet.
        public init() {}

        /// True if there is nothing to write.
        public var isEmpty: Bool {
            events.isEmpty && calls.isEmpty && acknowledged.isEmpty && connectionLimit == nil && answers.isEmpty
                && transmitters.isEmpty
        }
    }

    /// Every event of a journal and service up to `through` has reached the broker.
    public struct Acknowledgement: Hashable, Sendable {
        public let journal: JournalID
        public let service: ServiceID
        public let through: UInt64

        public init(journal: JournalID, service: ServiceID, through: UInt64) {
            self.journal = journal
            self.service = service
            self.through = through
        }
    }

    /// A file that couldn't be used and was moved out of the way, complete.
    public struct SetAside: Hashable, Sendable {
        /// Where it is now: the database, and its log beside it if there was one.
        public let paths: [String]
        /// What was wrong with it.
        public let reason: String
    }

    /// A journal ready for use.
    public struct Opening {
        public let journal: Journal
        public let contents: Contents
        /// Set if a damaged or foreign file was found in its place: a fault that someone must hear of.
        public let setAside: SetAside?
    }
}

/// A new journal's id: six of `a`-`z` and `0`-`9` from the kernel's random numbers: on Linux the system
/// generator is getrandom(2).
///
/// That is 2 billion ids; a site uses one per card and per outage of its disk.
public func randomJournalID() -> JournalID {
    let characters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    var kernel = SystemRandomNumberGenerator()
    let text = (0..<6).map { _ in characters[Int.random(in: 0..<characters.count, using: &kernel)] }
    return JournalID(unchecked: String(decoding: text, as: UTF8.self))
}
