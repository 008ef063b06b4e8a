/// Where a scenario is played: a courtyard in which deeds can be done, and from which things can be seen.
///
/// A stage is ready when it is made: brokers run, the gateway is connected and hears its points, and no desk is there.
/// Time counts from then on.
package protocol Stage: AnyObject {
    /// How long the scenario has been going on.
    var now: Duration { get }
    /// Everything that was seen, in the order in which it was.
    var log: [Seen] { get }
    /// Why this stage can't do a deed; nil if it can.
    func objection(to deed: StageDeed) -> String?
    /// Does it. Contacts take as long as they take; a gateway or a desk that is started has started when this returns.
    /// - Throws: `StageFailure` when it didn't work.
    func perform(_ deed: StageDeed) throws(StageFailure)
    /// Lets time pass until then, or until something more than `known` has been seen.
    /// - Parameter known: how much of the log is known; nil: only the time ends it.
    func advance(until moment: Duration, orBeyond known: Int?) throws(StageFailure)
    /// Puts everything away.
    func close()
}

/// Why a stage could not go on: the reason, in words for a tester.
package struct StageFailure: Error, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }

    /// Somebody wants no more of it.
    package static let stopped = StageFailure("stopped by Ctrl-C")
}
