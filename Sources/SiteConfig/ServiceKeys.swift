import CallCore

/// The keys of one service. The defaults that they tell are made from the rules that hold (`Service.Rules.standard`).
enum ServiceKeys {
    static let priority = Key(
        "priority",
        .optional(
            Service.defaults.map { "\($0.id) \($0.priority)" }.joined(separator: ", ")
                + "; required for a service of the site's own"),
        Kind<Int>.whole(1...Service.leastPriority), example: "4",
        "1 goes out first, 9 last; none may go before `emergency`.")
    static let acceptWithin = Key(
        "accept-within", standard { $0.acceptWithin.map(DurationText.write) ?? "never" },
        Kind<Limit>.duration(escalationRange, or: "never"), example: "2min",
        "Nobody has accepted for this long: the call is escalated. An emergency always is.")
    static let escalateEvery = Key(
        "escalate-every", standard { $0.escalateEvery.map(DurationText.write) ?? "once" },
        Kind<Limit>.duration(escalationRange, or: "once"), example: "90s",
        "And again each time this has passed; `once`: one reminder. An emergency never gives up.")
    static let escalation = KeyDoc(
        "escalation", .list, .optional("no outputs, no other broker: the event alone"),
        allowed: "a list of up to \(levelLimit) levels, each such as {outputs: [siren], next-broker: true}",
        example: "[{outputs: [siren]}, {outputs: [siren], next-broker: true}]",
        "What the first, second … escalation does; the last level stands for all that follow.")
    static let arriveWithin = Key(
        "arrive-within", standard { $0.arriveWithin.map(DurationText.write) ?? "never" },
        Kind<Limit>.duration(.seconds(30)...(.seconds(86_400)), or: "never"), example: "5min",
        "Accepted, and nobody has arrived for this long: the call is fresh again (`reopened`).")
    static let expiry = Key(
        "expiry", standard { $0.expiresAfter.map(DurationText.write) ?? "never" },
        Kind<Limit>.duration(.seconds(60)...(.seconds(7 * 86_400)), or: "never"), example: "2h",
        "Cancelled with the reason `expired` after this, unless someone has arrived. Not for `emergency`.")
    static let urgentPresses = Key(
        "urgent-presses", standard { $0.isUrgentWhenRepeated ? "emergency" : "none" }, Kind<UrgentPresses>.choice,
        example: "none",
        "What its button held down, or pressed three times in 10 s, is. Not for `emergency`.")
    static let resolve = Key(
        "resolve", standard { $0.resolution.rawValue }, Kind<Service.Rules.Resolution>.choice, example: "point",
        "Who can end its calls: a desk, or only the gesture `reset` at a call point.")
    static let hours = Key(
        "hours", .optional("always"), Kind<OpeningHours>.hours, example: "06:30-10:00, 10:30-13:00",
        "When it can be asked for, every day, by the board's local time. Not for `emergency`.")
    static let outsideHours = Key(
        "outside-hours", standard { $0.outsideHours.rawValue }, Kind<Service.Rules.OutsideHours>.choice,
        example: "wait",
        "What becomes of a press outside these `hours`: cancelled at once, or open until they begin.")

    static let all = [
        priority.doc, acceptWithin.doc, escalateEvery.doc, escalation, arriveWithin.doc, expiry.doc,
        urgentPresses.doc, resolve.doc, hours.doc, outsideHours.doc,
    ]

    /// How soon a call may be escalated, and again.
    static let escalationRange: ClosedRange<Duration> = .seconds(10)...(.seconds(86_400))
    /// The most levels a service may have.
    static let levelLimit = 16
    /// The most services a site may add: each has its own topics, and a line in every display's summary.
    static let ownLimit = 64

    /// A service's id. `test` is the walk test's, `none` means no service, and `reset` ends calls.
    static let id = Kind<ServiceID>.name(reserved: ["test", "none", ServiceID.reset.text])

    /// What holds in the standard services: "emergency 1min, meal 10min, others 30min".
    private static func standard(_ value: (Service.Rules) -> String) -> KeyDoc.Presence {
        let (emergency, meal) = (value(.standard(for: .emergency)), value(.standard(for: .meal)))
        let others = value(.standard(for: .errand))
        guard meal == others else { return .optional("emergency \(emergency), meal \(meal), others \(others)") }
        return .optional(emergency == others ? others : "emergency \(emergency), others \(others)")
    }
}

/// What repeated or long presses of a service's button ask for.
enum UrgentPresses: String, CaseIterable {
    case emergency, none
}

/// The keys of one level of escalation, and of `nobody-listening`.
enum LevelKeys {
    static let outputs = KeyDoc(
        "outputs", .list, .optional("none"), allowed: "a list of up to \(OutputKeys.limit) outputs of this site",
        example: "[siren]", "The outputs that show it, besides those that show the point's calls.")
    static let nextBroker = Key(
        "next-broker", .optional("false; true in `nobody-listening`"), Kind<Bool>.flag, example: "true",
        "Go on at the next broker of the list, where another desk may listen.")

    static let all = [outputs, nextBroker.doc]
}
