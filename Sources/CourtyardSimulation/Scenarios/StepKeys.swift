internal import CallCore
internal import SiteConfig

/// One step that a scenario may have: its short form, its keys, and what it means. The reader, its messages and the
/// reference page are made from it.
struct StepDoc {
    let name: String
    /// What may stand behind it alone; nil: nothing may.
    let short: String?
    /// What may stand behind it as a mapping.
    let keys: [KeyDoc]
    let example: String
    let meaning: String

    init(_ name: String, short: String? = nil, _ keys: [KeyDoc] = [], example: String, _ meaning: String) {
        self.name = name
        self.short = short
        self.keys = keys
        self.example = example
        self.meaning = meaning
    }

    /// What may stand behind it, in a message's words.
    var allowed: String {
        let mapping =
            "a mapping, such as \(example.hasPrefix("\(name): {") ? String(example.dropFirst(name.count + 2)) : "{\(example)}")"
        guard let short else { return mapping }
        return keys.isEmpty ? short : "\(short), or \(mapping)"
    }
}

/// The keys at the top of a scenario.
enum ScenarioKeys {
    static let scenario = Key(
        "scenario", .required, Kind<String>.text(1...120), example: "The power fails at night with a call open",
        "What the scenario is called.")
    static let about = Key(
        "about", .optional("nothing"), Kind<String>.prose,
        example: "A call that was raised before the lights went out must be open when they are back.",
        "What is tried, and why it matters.")
    static let site = KeyDoc(
        "site", .scalarOrMapping, .optional("the standard courtyard"),
        allowed: "a mapping with the site file's keys, or the name of a site file", example: "courtyard.yaml",
        "The courtyard: the site file's own keys (docs/site-file.md). A stage sets `hardware`, `brokers`, `journal` and the sockets itself, and `site` and `gateway` unless they are given."
    )
    static let brokers = Key(
        "brokers", .optional("1"), Kind<Int>.whole(1...3), example: "2", "How many brokers there are.")
    static let starts = Key(
        "starts", .optional("2026-08-24T10:00:00+08:00"), Kind<WallTime>.wallTime, example: "2026-08-24T03:14:00+08:00",
        "What the wall clocks show when the story begins. The courtyard's local time is UTC+8.")
    static let steps = KeyDoc(
        "steps", .list, .required, allowed: "a list of steps, each such as \"- press: b3-u2-401\"",
        example: "[{press: b3-u2-401}, {expect: {event: raised, point: b3-u2-401, within: 1s}}]",
        "What is done and expected, one after the other.")

    static let all = [scenario.doc, about.doc, site, brokers.doc, starts.doc, steps]
}

/// The keys of what hands do with buttons.
enum HandKeys {
    static let point = Key(
        "point", .required, Kind<[String]>.pointPatterns, example: "b3-u2-401",
        "Which buttons: ids, or beginnings of ids and `*`.")
    static let anyPoint = Key(
        "point", .optional("all"), Kind<[String]>.pointPatterns, example: "b3-*",
        "Which buttons: ids, or beginnings of ids and `*`.")
    static let held = Key(
        "for", .optional("150ms"), Kind<Duration>.span, example: "200ms", "How long each is held.")
    static let times = Key(
        "times", .optional("1"), Kind<Int>.whole(1...10_000), example: "3", "How often it is pressed.")
    static let every = Key(
        "every", .optional("2s"), Kind<Duration>.span, example: "2s", "From one press to the next.")
    static let over = Key(
        "over", .optional("0"), Kind<Duration>.span, example: "1s",
        "From the first button to the last, evenly; 0: all at the same moment.")
    static let bounce = Key(
        "bounce", .optional("clean"), Kind<BouncePattern>.choice, example: "worn",
        "How the contact bounces when it is made and when it is opened: `usual` for 1 ms, `worst` for 10 ms, `worn` for 60 ms."
    )
    static let pattern = KeyDoc(
        "pattern", .list, .required, allowed: "a list of \(Kind<Stretch>.stretch.allowed)",
        example: "[1ms made, 0.3ms open, 120ms made]",
        "What the contact does, written out; it is open afterwards.")
    static let wire = Key("is", .required, Kind<WireWord>.choice, example: "cut", "What becomes of the wire.")
}

/// The keys of a desk's manner.
enum DeskKeys {
    static let received = Key(
        "says-received", .optional("0"), Kind<Pace>.pace, example: "1s",
        "How long a call waits until it is on the screen.")
    static let accepts = Key(
        "accepts", .optional("never"), Kind<Pace>.pace, example: "5s", "How long it waits to be accepted.")
    static let arrives = Key(
        "arrives", .optional("never"), Kind<Pace>.pace, example: "1min", "From accepting to being there.")
    static let resolves = Key(
        "resolves", .optional("never"), Kind<Pace>.pace, example: "30s", "From there to the end.")
    static let refuses = Key(
        "refuses", .optional("none"), Kind<String>.text(1...200), example: "meal errand",
        "Services whose calls it cancels where it would accept others.")
    static let manner = [received.doc, accepts.doc, arrives.doc, resolves.doc, refuses.doc]
}

/// The keys of a desk's command that is given by hand.
enum CommandKeys {
    static let point = Key(
        "point", .required, Kind<PointID>.name(), example: "b3-u2-401", "Whose open call it is about.")
    static let service = Key(
        "service", .optional("the one that is open"), Kind<ServiceID>.name(), example: "meal",
        "Of which service the call is.")
    static let by = Key(
        "by", .optional("desk-1"), Kind<String>.text(1...100), example: "desk-2/王", "Who gives it.")
    static let id = Key(
        "id", .optional("a new one"), Kind<String>.commandID, example: "cmd-7",
        "The command's id: the same twice is the same command again.")
    static let revision = Key(
        "revision", .optional("the newest"), Kind<Int>.whole(1...1_000_000), example: "1",
        "Of the record that the person had seen.")
    static let outcome = Key(
        "outcome", .optional("done"), Kind<String>.words, example: "helped up", "How it ended.")
    static let reason = Key(
        "reason", .optional("mistake"), Kind<String>.words, example: "mistake", "Why it was none.")
    static let common = [point.doc, service.doc, by.doc, id.doc, revision.doc]
}

/// The keys of what happens to the courtyard's parts.
enum WorldKeys {
    static let brokerDoes = Key(
        "does", .required, Kind<BrokerWord>.choice, example: "slow", "What happens to it.")
    static let which = Key(
        "which", .optional("all"), Kind<Int>.whole(1...3), example: "2",
        "Which broker, where there are several; for `stop`, `kill` and `start`.")
    static let by = Key(
        "by", .optional("1s"), Kind<Duration>.duration(.milliseconds(1)...(.seconds(3600))), example: "500ms",
        "How much longer packets take, with `slow`.")
    static let showing = Key(
        "on-showing", .required, Kind<WallTime>.wallTime, example: "1970-01-01T00:00:05Z",
        "The board boots, its clock shows this, and nobody has set it.")
    static let step = Key(
        "step", .required, Kind<Duration>.step, example: "-1h", "How far somebody puts the clock forward, or back.")
    static let topic = Key(
        "topic", .required, Kind<String>.topic, example: "command/accept", "Where it is published.")
    static let payload = Key(
        "payload", .required, Kind<String>.payload, example: "'{\"id\":\"x\"}'", "What is published, as it is.")
    static let retained = Key(
        "retained", .optional("false"), Kind<Bool>.flag, example: "true", "Whether the broker keeps it.")
    static let command = Key(
        "name", .required, Kind<String>.words, example: "test", "`test`, `sync`, `identify` or another command.")
    static let commandPoint = Key(
        "point", .optional("none"), Kind<PointID>.name(), example: "b3-u2-401", "The command's `point`.")
}
