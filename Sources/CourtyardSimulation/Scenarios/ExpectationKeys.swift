internal import CallCore
internal import SiteConfig

/// The keys of what is expected: which there are depends on what is looked at.
enum ExpectationKeys {
    static let event = Key("event", .required, Kind<EventWord>.event, example: "raised", "An event of this type comes.")
    static let points = Key(
        "point", .optional("any"), Kind<[String]>.pointPatterns, example: "b3-u2-401",
        "Of these points: ids, or beginnings of ids and `*`.")
    static let service = Key(
        "service", .optional("any"), Kind<ServiceID>.name(), example: "emergency", "Of this service.")
    static let presses = Key(
        "presses", .optional("any"), Kind<Int>.whole(1...1_000_000), example: "3", "So many presses belong to the call."
    )
    static let escalation = Key(
        "escalation", .optional("any"), Kind<Int>.whole(0...1_000_000), example: "2",
        "How often the call has been escalated.")
    static let actor = Key(
        "actor", .optional("any"), Kind<String>.words, example: "desk-2", "Part of the name of who acted last.")
    static let reason = Key(
        "reason", .optional("any"), Kind<String>.words, example: "expired", "Part of the reason.")
    static let late = Key(
        "late", .optional("any"), Kind<Bool>.flag, example: "true", "Whether it left more than 5 s after it happened.")
    static let test = Key("test", .optional("any"), Kind<Bool>.flag, example: "true", "Whether it is of a test.")
    static let journaled = Key(
        "journaled", .optional("any"), Kind<Bool>.flag, example: "false",
        "False: it went out while the disk refused it.")
    static let again = Key(
        "again", .optional("false"), Kind<Bool>.flag, example: "true",
        "True: one that has come before, under the same id. Otherwise an event counts once, however often it comes.")
    static let clock = Key(
        "clock", .optional("any"), Kind<ClockQualityWord>.choice, example: "unknown",
        "Whether the clock was known to be right when it happened.")
    static let year = Key(
        "year", .optional("any"), Kind<Int>.whole(1970...2200), example: "1970", "The year of its time, in UTC.")
    static let call = Key(
        "call", .required, Kind<PointID>.name(), example: "b3-u2-401", "An open call of this point stands.")
    static let state = Key(
        "state", .optional("open"), Kind<Expectation.CallMatch.State>.choice, example: "accepted",
        "Its state; `open`: any; `none`: there is no such call, or it is closed.")
    static let onTheWay = Key(
        "on-the-way", .optional("any"), Kind<Bool>.flag, example: "true", "Whether who accepted has set out.")
    static let orphaned = Key(
        "orphaned", .optional("any"), Kind<Bool>.flag, example: "true",
        "Whether it was found at the broker and is of another card.")
    static let openCalls = Key(
        "open-calls", .required, Kind<Int>.whole(0...100_000), example: "194", "Exactly so many such calls are open.")
    static let fault = Key(
        "fault", .required, Kind<FaultID>.fault, example: "nobody-listening", "A fault stands, or not.")
    static let faultIs = Key("is", .optional("set"), Kind<FaultWord>.choice, example: "cleared", "Whether it stands.")
    static let faultPoint = Key(
        "point", .optional("any"), Kind<PointID>.name(), example: "b3-u2-401", "It concerns this point.")
    static let output = Key("output", .required, Kind<OutputID>.name(), example: "b3-lamp", "An output shows a signal.")
    static let shows = Key("shows", .required, Kind<Signal>.signal, example: "accepted", "What it shows.")
    static let status = Key(
        "status", .required, Kind<Expectation.StatusWord>.choice, example: "ready",
        "The gateway's retained status has this state.")
    static let point = Key(
        "point", .required, Kind<PointID>.name(), example: "b3-u2-401", "The supervision of a point.")
    static let pointIs = Key(
        "is", .required, Kind<PointWord>.choice, example: "wire-open", "What it says of the point.")
    static let reply = Key(
        "reply", .required, Kind<AnswerWord>.choice, example: "refused", "A command is answered.")
    static let command = Key(
        "command", .optional("any"), Kind<String>.words, example: "accept", "Which command.")
    static let id = Key("id", .optional("any"), Kind<String>.commandID, example: "cmd-7", "The command's id.")

    static let within = Key(
        "within", .optional("5s"), Kind<Duration>.span, example: "1min", "How long it is waited for.")
    static let times = Key(
        "times", .optional("at least once"), Kind<Int>.whole(1...100_000), example: "1",
        "Exactly so many must have been seen when `within` is over.")
    static let lasts = Key(
        "for", .optional("0"), Kind<Duration>.span, example: "10s",
        "With `never`: how much longer it must not be seen; 0: only what was seen up to now counts.")

    /// What can be looked at, each with the keys that narrow it.
    static let subjects: [[KeyDoc]] = [
        [
            event.doc, points.doc, service.doc, presses.doc, escalation.doc, actor.doc, reason.doc, late.doc, test.doc,
            journaled.doc, again.doc, clock.doc, year.doc,
        ],
        [
            call.doc, state.doc, service.doc, presses.doc, escalation.doc, actor.doc, reason.doc, onTheWay.doc,
            orphaned.doc, test.doc, clock.doc, year.doc,
        ],
        [openCalls.doc, points.doc, state.doc, service.doc, escalation.doc, actor.doc],
        [fault.doc, faultIs.doc, faultPoint.doc],
        [output.doc, shows.doc],
        [status.doc],
        [reply.doc, command.doc, id.doc, reason.doc],
        [point.doc, pointIs.doc],
    ]

    /// The subjects of which something is seen in a moment, so that it can be counted.
    static let counted: Set<String> = [event.name, reply.name]
}
