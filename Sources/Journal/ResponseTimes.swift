public import CallCore

/// How long people waited: the calls that were raised in some period, one entry for each service, and the tests apart.
/// Events of whatever time that belong to these calls count.
public struct ResponseTimes: Hashable, Sendable {
    /// One for each service that was called, emergencies first, then by name; never `test`.
    public var services: [ServiceTimes] = []
    /// What the calls of the service `test` came to; nil if there were none.
    public var tests: TestTimes?

    /// Nothing was called.
    public init() {}

    /// The durations of one step, over the calls that have one: percentiles by nearest rank (the smallest measured
    /// value that at least p in 100 don't exceed), so each is a duration that really occurred.
    public struct Spread: Hashable, Sendable {
        /// How many were measured; 0: all the others are zero.
        public let count: Int
        public let p50: Duration
        public let p90: Duration
        public let p99: Duration
        public let max: Duration

        /// Sorts `durations`, in any order.
        public init(_ durations: [Duration]) {
            let sorted = durations.sorted()
            func rank(_ percent: Int) -> Duration {
                sorted.isEmpty ? .zero : sorted[(sorted.count * percent + 99) / 100 - 1]
            }
            count = sorted.count
            p50 = rank(50)
            p90 = rank(90)
            p99 = rank(99)
            max = sorted.last ?? .zero
        }
    }

    /// Something that can happen to a call more than once.
    public struct Repeated: Hashable, Sendable {
        /// The calls it happened to.
        public var calls = 0
        /// How often it happened in all.
        public var times = 0

        mutating func add(_ times: Int) {
            calls += times > 0 ? 1 : 0
            self.times += times
        }
    }

    /// How the durations were taken.
    public struct Quality: Hashable, Sendable {
        /// By the wall clock, because the board restarted in between; all others are monotonic.
        public var byWallClock = 0
        /// Left out: the board restarted in between, and its clock was not synchronised at both ends, or went back.
        public var leftOut = 0
    }
}

/// What one service's calls came to. Each step counts from the press that raised the call to the first time it was
/// reached; a reopened call is still one call, so its first acceptance counts.
public struct ServiceTimes: Hashable, Sendable {
    public let service: ServiceID
    /// Calls raised.
    public internal(set) var calls = 0
    /// Presses of these calls, the first ones included.
    public internal(set) var presses = 0
    /// Calls accepted no later than ``promptly`` after the press.
    public internal(set) var acceptedPromptly = 0
    /// Calls accepted no later than ``inTime`` after the press.
    public internal(set) var acceptedInTime = 0
    /// A desk has it.
    public internal(set) var delivered = ResponseTimes.Spread([])
    /// A person has taken it.
    public internal(set) var accepted = ResponseTimes.Spread([])
    /// Somebody is there.
    public internal(set) var arrived = ResponseTimes.Spread([])
    /// It is done.
    public internal(set) var resolved = ResponseTimes.Spread([])
    /// Cancelled since nobody came in time: reason `expired`.
    public internal(set) var expired = 0
    /// Cancelled at once: reason `outside-hours`.
    public internal(set) var outsideHours = 0
    /// Cancelled for any other reason.
    public internal(set) var otherwiseCancelled = 0
    /// Nobody accepted in time.
    public internal(set) var escalated = ResponseTimes.Repeated()
    /// Somebody accepted and nobody arrived in time.
    public internal(set) var reopened = ResponseTimes.Repeated()
    /// Calls that nobody has closed yet.
    public internal(set) var open = 0
    /// How the steps were measured.
    public internal(set) var quality = ResponseTimes.Quality()

    /// The first of the two limits that a call system is measured by.
    public static let promptly = Duration.seconds(60)
    /// The second.
    public static let inTime = Duration.seconds(180)
}

/// What the test calls came to.
public struct TestTimes: Hashable, Sendable {
    /// Test calls made.
    public internal(set) var calls = 0
    /// From raising to the desk's answer and back; as many as were answered.
    public internal(set) var roundTrip = ResponseTimes.Spread([])
    /// How the steps were measured.
    public internal(set) var quality = ResponseTimes.Quality()
    /// Test calls that came back, whether their time could be taken or not.
    public internal(set) var answered = 0
}
