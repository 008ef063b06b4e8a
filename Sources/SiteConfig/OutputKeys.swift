import CallCore

/// The keys of one output.
enum OutputKeys {
    static let kind = Key(
        "kind", .required, Kind<BoardOutput.Kind>.choice, example: "lamp",
        "What is connected: decides how signals look or sound, see the table of signals.")
    static let line = KeyDoc(
        "line", .mapping, .optional("required with `hardware: gpio`"), allowed: PointKeys.line.allowed,
        example: "{chip: pinctrl-bcm2711, offset: 20}", "The line that switches it.")
    static let active = Key(
        "active", .optional("high"), Kind<ActiveLevel>.choice, example: "low",
        "The voltage that switches it on; `low` for most relay boards.")
    static let points = KeyDoc(
        "points", .list, .optional("none"),
        allowed: "a list of up to \(patternLimit) ids of points, or beginnings of ids and * ([b3-*, gate])",
        example: "[b3-*, gate]",
        "The points whose calls it shows. Without any, only escalations and `identify` switch it.")
    static let patterns = KeyDoc(
        "patterns", .mapping, .optional("those of its kind"),
        allowed: "a mapping from signals to patterns, such as accepted: 900ms 100ms",
        example: "{accepted: 900ms 100ms, received: \"off\"}", "How it shows single signals, if not as its kind does.")

    static let all = [kind.doc, line, active.doc, points, patterns]

    /// The most outputs a site may have.
    static let limit = 256
    /// The most ids and beginnings of ids that one output may list.
    static let patternLimit = 256
    /// An output's id.
    static let id = Kind<OutputID>.name()
}

/// The keys of an output's `patterns`: the signals.
enum SignalKeys {
    static let keys = Signal.allCases.map { signal in
        (
            signal,
            Key(
                signal.rawValue, .optional("that of its kind"), Kind<OutputPattern>.pattern,
                example: "once 200ms 100ms 200ms", meaning(of: signal))
        )
    }

    static let all = keys.map(\.1.doc)

    private static func meaning(of signal: Signal) -> String {
        switch signal {
        case .idle: "Nothing is going on."
        case .sent: "The call is written down and on its way; no desk has it yet."
        case .received: "A desk has it on a screen."
        case .accepted: "Somebody has taken it."
        case .onTheWay: "And is on the way."
        case .arrived: "Somebody is there."
        case .nobodyListening: "Nobody hears the gateway: call for help another way."
        case .refused: "The service is closed at this hour."
        case .test: "A test."
        case .escalated: "Nobody has accepted in time; this output is named in `escalation`."
        case .identify: "This is the board that somebody looks for."
        }
    }
}
