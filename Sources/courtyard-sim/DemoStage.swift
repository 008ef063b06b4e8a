internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import MQTTLink

/// The demo's main thread: waits for something while everything that happens is taken in and shown.
final class DemoStage {
    /// Why a wait ended.
    enum Ending { case reached, timeUp, stopped }

    let happenings = Happenings()
    let courtyard: DemoCourtyard
    private(set) var tally = Tally()
    private(set) var residentsRest = false
    /// Asked of every turn: throws if one of the servers has ended.
    var check: () throws -> Void = {}

    /// The desk that answers the calls; nil: nobody does.
    private var desk: DutyDesk?
    private var isConnected = false
    /// The connection of the subscriber, who is the desk too.
    var link: SiteLink?
    private let signals = StopSignals()
    private var screen = Screen()
    private var port: UInt16 = 0
    private var socket = ""
    private var runningSince: Moment?
    private var isFinishing = false
    private var away: String?
    private var stopAsked = false
    private var lastDrawn = Moment.now
    private var hasChanged = false

    /// Ten pictures a second are as many as an eye takes in; one a second keeps the clock going.
    private static let drawEvery = Duration.milliseconds(100)
    private static let drawAtLeastEvery = Duration.seconds(1)

    /// From here on, Ctrl-C, SIGTERM and SIGHUP are questions to `wait`: this comes before any other thread.
    init(_ courtyard: DemoCourtyard, desk: DutyDesk?) {
        self.courtyard = courtyard
        self.desk = desk
    }

    // MARK: What is shown

    /// Everything is up, and residents begin to press.
    func begin(port: UInt16, socket: String) {
        self.port = port
        self.socket = socket
        runningSince = .now
        if !screen.isLive { screen.say(view.start) }
    }

    /// Nobody presses any more. Another Ctrl-C ends the wait for what is still on its way.
    func finish() {
        isFinishing = true
        stopAsked = false
    }

    /// Gives the terminal back.
    func close() { screen.close() }
    func say(_ line: String) { screen.say(line) }
    var totals: String { view.totals }

    private var view: DemoView {
        let now = Moment.now
        return DemoView(
            tally: tally, port: port, socket: socket, topics: courtyard.topics,
            running: runningSince.map { now - $0 } ?? .zero, now: now, refusals: desk?.refusals, away: away,
            isFinishing: isFinishing)
    }

    // MARK: The loop

    /// Waits until `done`, or until the time is up, or until somebody wants the demo to stop.
    /// - Parameter limit: nil for ever.
    /// - Throws: if a server ended, or the residents can't press.
    func wait(within limit: Duration?, until done: () -> Bool) throws -> Ending {
        let end = limit.map { Moment.now + $0 }
        while true {
            for happening in happenings.take() {
                hasChanged = true
                try take(happening)
            }
            try check()
            answerCalls()
            draw()
            if done() { return .reached }
            if stopAsked || screen.isGone && !isFinishing { return .stopped }
            if let end, end <= .now { return .timeUp }
            rest(until: end)
        }
    }

    private func rest(until end: Moment?) {
        let tick = Moment.now + Self.drawEvery
        let next = min(tick, end ?? tick)
        if signals.wait(for: happenings, until: next) { stopAsked = true }
    }

    /// The desk says what is due.
    private func answerCalls() {
        guard isConnected, let link else { return }
        for command in desk?.due(at: .now) ?? [] { _ = link.publish(command.topic, command.payload) }
        for note in desk?.takeNotes() ?? [] {
            guard case .answered(let reply, let command) = note, runningSince != nil, !screen.isLive else { continue }
            // `received` is said of every call: only when it goes wrong is it news.
            if command.name != .received || !reply.accepted {
                screen.say("\(DeskView.clock())  \(DisplayWidth.clip(DeskView.line(note), to: 500))")
            }
        }
    }

    private func draw() {
        guard screen.isLive, runningSince != nil,
            lastDrawn + (hasChanged ? Self.drawEvery : Self.drawAtLeastEvery) <= .now
        else { return }
        lastDrawn = .now
        hasChanged = false
        screen.draw(view.rows(height: screen.size.rows))
    }

    private func take(_ happening: Happening) throws {
        switch happening {
        case .received(let message, let moment): receive(message, at: moment)
        case .connected:
            (isConnected, away) = (true, nil)
            desk?.connected()
            if let desk { _ = link?.publish(courtyard.topics.desk(desk.id), DemoDesk.status(.listening), retain: true) }
        case .disconnected(let reason): (isConnected, away) = (false, reason)
        case .refused(let reason): throw SimulatorError(reason)
        case .pressed(let press): tally.expect(press)
        case .residentsRest: residentsRest = true
        case .residentsFailed(let reason):
            try check()  // why they failed, most likely
            throw SimulatorError("the residents can't press any more: \(reason)")
        }
    }

    private func receive(_ message: Message, at moment: Moment) {
        let faults = Set(tally.faults.keys)
        let arrival = tally.take(message.topic, message.payload, courtyard.topics, at: moment)
        desk?.take(message.topic, message.payload, at: moment)
        guard !screen.isLive, runningSince != nil else { return }
        if let arrival { screen.say(DemoView.line(arrival)) }
        for id in tally.faults.keys where !faults.contains(id) {
            screen.say("fault \(id): \(tally.faults[id]?.what ?? "")")
        }
        for id in faults where tally.faults[id] == nil { screen.say("fault \(id) is over") }
    }
}
