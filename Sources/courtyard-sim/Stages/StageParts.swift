internal import CallContract
internal import CallCore
internal import CourtyardSimulation

// What a stage with a real agent needs of the place where the agent runs. `ProcessStage` is made of these; each throws a
// `StageFailure` that says what to do.

/// Who makes and opens contacts, and sees what outputs show.
protocol Hands: AnyObject {
    /// Keys of the site file that only the hands know: `hardware`, `simulator-socket`.
    var settings: [(String, String)] { get }
    /// The site as the agent is to read it, once the settings are in it: lines, where there are real ones.
    func complete(_ siteFile: String) throws(StageFailure) -> String
    /// The agent has been started: its lines are taken up as soon as they are there. What is held stays so.
    func attach(within limit: Duration) throws(StageFailure)
    /// The agent has ended.
    func detach()
    /// Changes of one contact, one upon the other as fast as they can be made.
    func set(_ point: PointID, _ changes: [Bool]) throws(StageFailure)
    /// The wire of a supervised point is whole, or cut.
    func setWire(of point: PointID, whole: Bool) throws(StageFailure)
    /// Lets receivers' pins show what is sent; all of it has been shown when this returns, or will be by itself.
    /// - Returns: how long that takes from now on.
    func send(_ sending: RadioSending) throws(StageFailure) -> Duration
    /// Changes of a contact that follow closer than this upon each other are handed over together: the place can't time
    /// them better.
    var finestGap: Duration { get }
    /// What outputs have come to show since the last call: each output's id and signal.
    func takeShown() throws(StageFailure) -> [(output: String, signal: String)]
    /// To be polled for reading: then there is something to take; -1 if there is nothing to poll, and one looks anyway.
    var descriptor: Int32 { get }
    /// When one looks anyway; nil if there is no need.
    var nextLook: Moment? { get }
    /// True while something is shown of which it isn't known yet what it is.
    var isUndecided: Bool { get }
}

extension Hands {
    var nextLook: Moment? { nil }
    var isUndecided: Bool { false }
}

/// The wall clock of the agent's board.
protocol BoardClock: AnyObject {
    /// What the agent's process needs to be given, each as `NAME=value`.
    var environment: [String] { get }
    /// Why the wall clock can't be set here; nil if it can.
    var objection: String? { get }
    /// Somebody sets the wall clock, or puts it forward; `isKnown` tells whether a time service has found it right.
    func set(to wall: WallTime, isKnown: Bool) throws(StageFailure)
    func step(by span: Duration) throws(StageFailure)
    /// The time service finds the clock right, or hasn't for so long that the kernel says so.
    func setKnown(_ isKnown: Bool) throws(StageFailure)
    /// The board boots: from now on the agent finds another boot than before, where that can be had.
    func boot() throws(StageFailure)
}

extension BoardClock {
    func boot() {}
}

/// The disk that the agent's journal is on.
protocol BoardDisk: AnyObject {
    /// Where the journal lies.
    var directory: String { get }
    /// Why it can't be made so here; nil if it can.
    func objection(to deed: DiskDeed) -> String?
    func set(_ deed: DiskDeed) throws(StageFailure)
    /// Puts everything away.
    func close()
}

extension Scenario {
    /// True if one of its steps puts the disk in trouble.
    var troublesDisk: Bool {
        steps.contains { step in
            if case .deed(.disk(let deed)) = step.act { deed != .well } else { false }
        }
    }
}

extension Seen.What {
    /// The gateway is there, and hears its points.
    var isBirth: Bool {
        if case .status(let status) = self { status.state == .ready || status.state == .degraded } else { false }
    }
}
