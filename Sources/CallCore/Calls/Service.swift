/// What a press can ask for, and by which rules its calls are followed.
public struct Service: Hashable, Sendable {
    public let id: ServiceID
    /// 1 is the most urgent; 9 the least. Lower goes out first.
    public let priority: Int
    public var rules: Rules

    /// - Parameter rules: by default those that every service of this id has unless the site says otherwise.
    public init(id: ServiceID, priority: Int, rules: Rules? = nil) {
        self.id = id
        self.priority = priority
        self.rules = rules ?? .standard(for: id)
    }

    /// The largest number a priority can have: the least urgent.
    public static let leastPriority = 9

    /// What every site has unless it says otherwise.
    public static let defaults = [
        Service(id: .emergency, priority: 1), Service(id: .meal, priority: 3), Service(id: .errand, priority: 3),
    ]
}

extension Service {
    /// How a service's calls are followed. Times count on the monotonic clock.
    public struct Rules: Hashable, Sendable {
        /// Nobody has accepted for this long: escalated. Nil never.
        public var acceptWithin: Duration?
        /// And again after each of these, for ever; nil: a reminder comes once.
        public var escalateEvery: Duration?
        /// What the first, second … escalation does besides its event; the last level stands for all that follow.
        public var levels: [Level] = []
        /// Accepted, and nobody has arrived for this long: reopened. Nil never.
        public var arriveWithin: Duration?
        /// Cancelled with the reason `expired` after this, unless someone has arrived. Nil never.
        public var expiresAfter: Duration?
        /// Held down, or pressed three times in 10 s, it is an emergency.
        public var isUrgentWhenRepeated = false
        /// Where its calls may be resolved.
        public var resolution = Resolution.desk
        /// When it can be asked for; nil: always.
        public var hours: OpeningHours?
        /// What becomes of a press outside these hours.
        public var outsideHours = OutsideHours.refuse

        public init() {}

        /// What one escalation does.
        public struct Level: Hashable, Sendable {
            /// Switched on by it until somebody accepts: relays, sirens.
            public var outputs: [OutputID]
            /// Go on at the next broker of the list, where another desk may listen.
            public var usesNextBroker: Bool

            public init(outputs: [OutputID] = [], usesNextBroker: Bool = false) {
                self.outputs = outputs
                self.usesNextBroker = usesNextBroker
            }
        }

        /// Who can end a call.
        public enum Resolution: String, Hashable, Sendable, CaseIterable {
            /// A desk's command.
            case desk
            /// Only a reset at the call point itself: no message can make a call vanish.
            case point
        }

        /// The answer to a press outside opening hours.
        public enum OutsideHours: String, Hashable, Sendable, CaseIterable {
            /// Cancelled at once with the reason `outside-hours`, told like any call.
            case refuse
            /// Stays open; reminders and expiry count from the next opening.
            case wait
        }

        /// What holds for a service unless the site says otherwise: the table in docs/site-file.md.
        public static func standard(for id: ServiceID) -> Rules {
            var rules = Rules()
            switch id {
            case .emergency:
                rules.acceptWithin = .seconds(60)
                rules.escalateEvery = .seconds(60)
                rules.arriveWithin = .seconds(180)
            case .meal:
                rules.acceptWithin = .seconds(600)
                rules.expiresAfter = .seconds(4 * 3600)
                rules.isUrgentWhenRepeated = true
            case .test: break  // followed by its own rule: DailyTest
            case .reset: break  // no call: whoever resets may hold the button as long as they like
            default:
                rules.acceptWithin = .seconds(1800)
                rules.expiresAfter = .seconds(24 * 3600)
                rules.isUrgentWhenRepeated = true
            }
            return rules
        }

        /// The level of the `count`th escalation, from 1.
        public func level(_ count: Int) -> Level? {
            levels.isEmpty || count < 1 ? nil : levels[min(count, levels.count) - 1]
        }
    }
}
