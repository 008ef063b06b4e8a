internal import SiteConfig

/// Every step there is, in the order of the reference page.
enum StepCatalogue {
    private static let point = Kind<[String]>.pointPatterns.allowed

    static let press = StepDoc(
        "press", short: point,
        [
            HandKeys.point.doc, HandKeys.held.doc, HandKeys.times.doc, HandKeys.every.doc, HandKeys.over.doc,
            HandKeys.bounce.doc,
        ],
        example: "press: {point: b3-u2-401, for: 200ms, times: 3, every: 2s}",
        "Buttons are pressed and let go. The step lasts until the last is let go.")
    static let hold = StepDoc(
        "hold", short: point, [HandKeys.point.doc, HandKeys.bounce.doc], example: "hold: b3-u2-401",
        "A button is pressed and stays so, until `release`.")
    static let release = StepDoc(
        "release", short: point, [HandKeys.point.doc, HandKeys.bounce.doc], example: "release: b3-u2-401",
        "A button that is held is let go.")
    static let everybody = StepDoc(
        "everybody", [HandKeys.anyPoint.doc, HandKeys.held.doc, HandKeys.over.doc, HandKeys.bounce.doc],
        example: "everybody: {over: 1s}", "Every button of the courtyard is pressed.")
    static let edges = StepDoc(
        "edges", [HandKeys.point.doc, HandKeys.pattern],
        example: "edges: {point: b3-u2-401, pattern: [1ms made, 0.3ms open, 120ms made]}",
        "A contact does what is written out: bounce, spikes on a long wire.")
    static let wire = StepDoc(
        "wire", [HandKeys.point.doc, HandKeys.wire.doc], example: "wire: {point: gate, is: cut}",
        "The supervised wire of a point (`loop` in the site) is cut, or whole again.")
    static let radio = StepDoc(
        "radio", short: point, RadioStepKeys.all, example: "radio: {code: 0x13CD38, for: 2s, air: hiss}",
        "Transmitters send, as long as their buttons are held and at least four frames. The step lasts until the last has ended."
    )
    static let desk = StepDoc(
        "desk", [], example: "desk: {desk-1: {accepts: 5s, arrives: 1min}}",
        "How a desk's people behave from now on: a word, or their paces. `works`: accept after 5 s, arrive after 1 min, resolve 30 s later. `listens`: calls are on the screen, and nobody accepts. `ignores`: it listens and says nothing. `leaves`: closed on purpose. `crashes`: gone without a word."
    )
    static let received = command("received", [], "A desk says by hand that the call is on its screen.")
    static let accept = command("accept", [], "Somebody at a desk takes the call.")
    static let setOut = command("set-out", [], "Whoever accepted has set out.")
    static let arrive = command("arrive", [], "Somebody is there.")
    static let resolve = command("resolve", [CommandKeys.outcome.doc], "It is dealt with.")
    static let cancel = command("cancel", [CommandKeys.reason.doc], "It was none.")
    static let command = StepDoc(
        "command", short: "the name of a command",
        [WorldKeys.command.doc, WorldKeys.commandPoint.doc, CommandKeys.by.doc, CommandKeys.id.doc],
        example: "command: {name: test, point: b3-u2-401}", "A desk gives a command that is about no call.")
    static let publish = StepDoc(
        "publish", [WorldKeys.topic.doc, WorldKeys.payload.doc, WorldKeys.retained.doc],
        example: "publish: {topic: command/accept, payload: 'no JSON'}",
        "Somebody publishes something of their own making.")
    static let broker = StepDoc(
        "broker", short: Kind<BrokerWord>.choice.allowed,
        [WorldKeys.brokerDoes.doc, WorldKeys.which.doc, WorldKeys.by.doc], example: "broker: stop",
        "`stop`: ends in order. `kill`: ends at once, and has forgotten everything when it comes back with `start`. `blackhole`: the gateway's packets get lost without a word. `refuse`: its connection is broken and another refused. `slow`: packets take longer. `restore`: the way is as it should be."
    )
    static let power = StepDoc(
        "power", short: Kind<PowerWord>.choice.allowed, [WorldKeys.showing.doc], example: "power: cut",
        "The board's power goes in the middle of whatever it does, or comes. With `on` its clock is right at once.")
    static let agent = StepDoc(
        "agent", short: Kind<AgentDeed>.choice.allowed, example: "agent: kill",
        "The gateway's program: `kill` is SIGKILL, `stop` SIGTERM, `reload` SIGHUP.")
    static let clock = StepDoc(
        "clock", short: Kind<ClockWord>.choice.allowed, [WorldKeys.step.doc], example: "clock: {step: -1h}",
        "Somebody sets the board's wall clock; `unknown`: nobody has for so long that the kernel says so; `right`: the time service has set it right."
    )
    static let disk = StepDoc(
        "disk", short: Kind<DiskDeed>.choice.allowed, example: "disk: full",
        "How the board's disk is from now on: without room, failing, taking two seconds for each write, or well.")
    static let card = StepDoc(
        "card", short: Kind<CardWord>.choice.allowed, example: "card: new",
        "A new card with an empty journal is put in, while the power is off.")
    static let clone = StepDoc(
        "clone", short: Kind<CloneWord>.choice.allowed, example: "clone: appears",
        "A second board that runs from a copy of this one's card is switched on, or off.")
    static let wait = StepDoc(
        "wait", short: Kind<Duration>.span.allowed, example: "wait: 10min", "Time passes.")
    static let expect = StepDoc(
        "expect", [], example: "expect: {event: raised, point: b3-u2-401, within: 1s}",
        "Something must have been seen since the paragraph began, or stand, within this time.")
    static let never = StepDoc(
        "never", [], example: "never: {event: escalated, for: 1min}",
        "Something must not have been seen, or stood, since the paragraph began, nor for this long.")

    private static func command(_ name: String, _ more: [KeyDoc], _ meaning: String) -> StepDoc {
        StepDoc(
            name, short: CommandKeys.point.doc.allowed, CommandKeys.common + more,
            example: "\(name): {point: b3-u2-401, by: desk-1}", meaning)
    }

    static let all = [
        press, hold, release, everybody, edges, wire, radio, desk, received, accept, setOut, arrive, resolve, cancel,
        command,
        publish, broker, power, agent, clock, disk, card, clone, wait, expect, never,
    ]
}
