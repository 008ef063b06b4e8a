internal import CallCore
internal import Glibc

/// A press that a resident made, and that must therefore arrive.
struct MadePress: Hashable, Sendable {
    let point: String
    let service: String
    /// Read just before its first edge was sent.
    let begun: Moment
    /// When the button is let go, and the gateway can know what it was.
    let complete: Moment
    /// True where the gateway tells a press on its first edge, without waiting for what it becomes.
    let toldAtOnce: Bool
}

/// What one resident does with one button: one press event is to come of it.
struct Deed: Hashable, Sendable {
    struct Edge: Hashable, Sendable {
        /// Since the deed's beginning.
        let after: Duration
        /// The contact's states one upon the other: it bounces, and stays as the last one.
        let contact: [Bool]
    }

    let point: String
    let service: String
    let toldAtOnce: Bool
    let edges: [Edge]

    /// How long a button is left alone after a deed: well over the 500 ms within which a second press would belong to
    /// the first.
    static let rest = Duration.seconds(3)
    /// A kitchen button is left for longer: three presses within 10 s would be a call for help (docs/site-file.md).
    static let kitchenRest = Duration.seconds(11)

    var lasts: Duration { edges.last?.after ?? .zero }

    /// - Parameter phases: how long the contact is made, open, made and so on; the last phase ends open.
    init(
        _ point: DemoCourtyard.Point, _ service: String, toldAtOnce: Bool, phases: [Duration],
        using random: inout some RandomNumberGenerator
    ) {
        self.point = point.id
        self.service = service
        self.toldAtOnce = toldAtOnce
        var after = Duration.zero
        var edges = [Edge(after: after, contact: Self.bounce(to: true, using: &random))]
        for (index, phase) in phases.enumerated() {
            after += phase
            edges.append(Edge(after: after, contact: Self.bounce(to: index % 2 != 0, using: &random)))
        }
        self.edges = edges
    }

    /// Changes to `made`, and up to three times back and forth. They go out together: with pauses between them, a
    /// busy machine could stretch a bounce into a second press.
    private static func bounce(to made: Bool, using random: inout some RandomNumberGenerator) -> [Bool] {
        [made] + (0..<Int.random(in: 0...3, using: &random)).flatMap { _ in [!made, made] }
    }
}

/// Who presses when: at random, never so that one deed could be taken for another.
struct Schedule<Random: RandomNumberGenerator> {
    private let points: [DemoCourtyard.Point]
    private let meanGap: Duration
    private var random: Random
    private var restsUntil: [String: Moment] = [:]

    init(_ points: [DemoCourtyard.Point], perMinute: Int, random: Random) {
        self.points = points
        meanGap = .seconds(60) / perMinute
        self.random = random
    }

    /// Until somebody presses next: exponentially distributed, as for people who know nothing of each other.
    mutating func gap() -> Duration { meanGap * -log(1 - Double.random(in: 0..<1, using: &random)) }

    /// What somebody does now; nil if every button is in use.
    mutating func deed(at now: Moment) -> Deed? {
        let free = points.filter { restsUntil[$0.id].map { $0 <= now } ?? true }
        let wantsKitchen = Bool.random(using: &random)
        let fitting = free.filter { $0.isBedside != wantsKitchen }
        guard let point = (fitting.isEmpty ? free : fitting).randomElement(using: &random) else { return nil }
        let deed = point.isBedside ? bedside(point) : kitchen(point)
        restsUntil[point.id] = now + deed.lasts + (point.isBedside ? Deed.rest : Deed.kitchenRest)
        return deed
    }

    /// An emergency, however long the button is held.
    private mutating func bedside(_ point: DemoCourtyard.Point) -> Deed {
        let held = Int.random(in: 0..<10, using: &random) == 0 ? milliseconds(2500...4000) : milliseconds(80...400)
        return Deed(point, "emergency", toldAtOnce: true, phases: [held], using: &random)
    }

    /// Six of ten order a meal, three want an errand, one holds the button for help.
    private mutating func kitchen(_ point: DemoCourtyard.Point) -> Deed {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<6:
            let phases = [milliseconds(80...400)]
            return Deed(point, "meal", toldAtOnce: false, phases: phases, using: &random)
        case 6..<9:
            let phases = [milliseconds(80...200), milliseconds(120...250), milliseconds(80...200)]
            return Deed(point, "errand", toldAtOnce: false, phases: phases, using: &random)
        default:
            let phases = [milliseconds(2600...3200)]
            return Deed(point, "emergency", toldAtOnce: false, phases: phases, using: &random)
        }
    }

    private mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: range, using: &random))
    }
}
