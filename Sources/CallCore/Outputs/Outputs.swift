/// What a lamp, buzzer or relay has to say to the people near it.
public enum Signal: String, Hashable, Sendable, CaseIterable {
    /// Nothing: the state at rest.
    case idle
    /// The call is written down and on its way; no desk has it yet.
    case sent
    /// A desk has it on a screen.
    case received
    /// A person has taken it.
    case accepted
    /// That person is on the way.
    case onTheWay = "on-the-way"
    /// Somebody is there.
    case arrived
    /// Nobody hears the gateway: call for help another way.
    case nobodyListening = "nobody-listening"
    /// The service is closed at this hour.
    case refused
    /// A test.
    case test
    /// An escalation that names this output.
    case escalated
    /// This is the board somebody looks for.
    case identify
}

/// How an output goes on and off. Played by the driver; a pattern that doesn't repeat ends off.
public struct OutputPattern: Hashable, Sendable {
    /// On for the first, off for the second, on for the third … Empty: off. Each round begins on, so an odd number
    /// that repeats joins the last and the first into one long "on"; one alone that repeats is steadily on.
    public let spans: [Duration]
    public let repeats: Bool

    /// What a span may be: shorter nobody sees and no relay follows, longer is no pattern.
    public static let spanRange: ClosedRange<Duration> = .milliseconds(10)...(.seconds(86_400))
    /// How many spans a pattern may have.
    public static let mostSpans = 256
    /// False if a span or their number is out of bounds; drivers then leave the output off.
    public var isPlayable: Bool { spans.count <= Self.mostSpans && spans.allSatisfy(Self.spanRange.contains) }

    public init(_ spans: [Duration], repeats: Bool) {
        self.spans = spans
        self.repeats = repeats
    }

    /// Off for good.
    public static let off = OutputPattern([], repeats: false)
    /// On until told otherwise.
    public static let on = OutputPattern([.seconds(1)], repeats: true)
    /// On and off for ever.
    public static func blink(_ on: Duration, _ off: Duration) -> OutputPattern {
        OutputPattern([on, off], repeats: true)
    }

    /// True if it never changes by itself.
    public var isSteady: Bool { spans.isEmpty || (repeats && spans.count == 1) }
}

/// One lamp, buzzer or relay, as the site file describes it. Which line drives it is the driver's business
/// (`OutputLine`).
public struct BoardOutput: Hashable, Sendable {
    /// What is connected to it: decides how signals look or sound unless the site says otherwise.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case lamp, buzzer, relay
    }

    /// Unique among the gateway's outputs.
    public let id: OutputID
    public let kind: Kind
    /// The calls of these points are shown: ids, or beginnings of ids followed by `*`. Empty: only escalations and
    /// `identify` use it.
    public let points: [String]
    /// Patterns of its own.
    public let patterns: [Signal: OutputPattern]

    public init(id: OutputID, kind: Kind, points: [String] = [], patterns: [Signal: OutputPattern] = [:]) {
        self.id = id
        self.kind = kind
        self.points = points
        self.patterns = patterns
    }

    /// True if the point's calls are shown here.
    public func shows(_ point: PointID) -> Bool { points.contains { Self.matches($0, point) } }

    /// True if `pattern` is the point's id, or the beginning of it followed by `*`.
    public static func matches(_ pattern: String, _ point: PointID) -> Bool {
        pattern.hasSuffix("*") ? point.text.hasPrefix(pattern.dropLast()) : point.text == pattern
    }

    /// How it shows the signal.
    public func pattern(for signal: Signal) -> OutputPattern { patterns[signal] ?? kind.pattern(for: signal) }
}

extension BoardOutput.Kind {
    /// The patterns of a kind: docs/site-file.md shows them to the installer.
    public func pattern(for signal: Signal) -> OutputPattern {
        func ms(_ spans: Int..., repeats: Bool = true) -> OutputPattern {
            OutputPattern(spans.map { .milliseconds($0) }, repeats: repeats)
        }
        switch (self, signal) {
        case (_, .idle), (.relay, .test), (.relay, .refused): return .off
        case (.relay, .escalated), (.relay, .nobodyListening): return .on
        case (.relay, _): return .off  // what hangs on a relay may wake the whole courtyard
        case (.lamp, .sent): return .blink(.milliseconds(100), .milliseconds(400))
        case (.lamp, .received): return .blink(.milliseconds(1000), .milliseconds(1000))
        case (.lamp, .accepted), (.lamp, .escalated): return .on
        case (.lamp, .onTheWay): return .blink(.milliseconds(2700), .milliseconds(300))
        case (.lamp, .arrived): return .off
        case (.lamp, .nobodyListening): return ms(100, 100, 100, 100, 100, 1500)
        case (.lamp, .refused): return ms(100, 100, 100, 100, 100, 100, 100, 100, 100, repeats: false)
        case (.lamp, .test): return .blink(.milliseconds(50), .milliseconds(950))
        case (.lamp, .identify): return ms(500, 100, 500, 100, 500, 100, 500, 100, 500, repeats: false)
        case (.buzzer, .sent): return ms(100, repeats: false)
        case (.buzzer, .received): return ms(300, repeats: false)
        case (.buzzer, .accepted): return ms(200, 150, 200, repeats: false)
        case (.buzzer, .onTheWay): return ms(150, 150, 150, 150, 150, repeats: false)
        case (.buzzer, .arrived): return .off
        case (.buzzer, .nobodyListening): return ms(1000, 4000)
        case (.buzzer, .refused): return ms(600, repeats: false)
        case (.buzzer, .test): return ms(50, repeats: false)
        case (.buzzer, .escalated): return ms(500, 500)
        case (.buzzer, .identify): return ms(100, 100, 100, 100, 100, repeats: false)
        }
    }
}
