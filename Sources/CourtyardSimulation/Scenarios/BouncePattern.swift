internal import CallCore

/// How a contact behaves when it is made or opened.
enum BouncePattern: String, CaseIterable {
    /// One edge.
    case clean
    /// A good button: three short rebounds within a millisecond.
    case usual
    /// Ten milliseconds of it: the longest that new buttons are said to bounce for.
    case worst
    /// Worn contacts on long wires: sixty milliseconds of it.
    case worn

    /// How long the contact is as it shall be, then is not, then is, and so on, before it stays.
    private var spans: [Duration] {
        switch self {
        case .clean: []
        case .usual: [300, 150, 200, 100, 120, 80].map { .microseconds($0) }
        case .worst: [800, 400, 1500, 700, 2600, 900, 1700, 400, 600, 400].map { .microseconds($0) }
        case .worn:
            [1200, 5100, 2100, 6500, 3300, 7700, 2800, 9300, 4100, 8200, 1900, 7800].map { .microseconds($0) }
        }
    }

    /// The changes of a contact that becomes made, or open.
    func changes(of point: PointID, to made: Bool, after start: Duration) -> [ContactChange] {
        var after = start
        var changes = [ContactChange(after: after, point: point, made: made)]
        for (index, span) in spans.enumerated() {
            after += span
            changes.append(ContactChange(after: after, point: point, made: index.isMultiple(of: 2) ? !made : made))
        }
        return changes
    }
}

/// What hands do with buttons, as changes of contacts.
struct Presses {
    var points: [PointID]
    var held = Duration.milliseconds(150)
    var times = 1
    /// From one press to the next.
    var every = Duration.seconds(2)
    var bounce = BouncePattern.clean
    /// From the first point's press to the last one's.
    var over = Duration.zero

    var changes: [ContactChange] {
        let step = points.count > 1 ? over / (points.count - 1) : .zero
        let all = points.enumerated().flatMap { index, point in
            (0..<times).flatMap { time in
                let begin = step * index + every * time
                return bounce.changes(of: point, to: true, after: begin)
                    + bounce.changes(of: point, to: false, after: begin + held)
            }
        }
        return ContactChange.inOrder(all)
    }
}

extension ContactChange {
    /// By time; at the same time as they were given.
    static func inOrder(_ changes: [ContactChange]) -> [ContactChange] {
        changes.enumerated().sorted { ($0.element.after, $0.offset) < ($1.element.after, $1.offset) }.map(\.element)
    }
}
