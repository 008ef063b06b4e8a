/// What the core is told.
public enum Input: Sendable {
    /// A driver's report of a line.
    case line(LineReport)
    /// A receiver's report of a transmitter.
    case radio(RadioReport)
    /// A driver's report of a receiver.
    case receiver(ReceiverReport)
    /// A driver's report of an output.
    case output(OutputReport)
    /// Nothing but time: `nextDeadline` has come, or the wall clock was set.
    case timePassed
    /// The site file was read (again): this holds from now on. Open calls stay.
    case site(SiteRules)
    /// A walk test begins at these points: the next press of each is a test. Nil: it is over.
    case walkTest(Set<PointID>?)
    /// A desk asks for something.
    case command(CallCommand)
    /// What a desk says of itself; nil: its topic was emptied.
    case desk(DeskID, DeskPresence?)
    /// A broker is reached, and desks may be heard of; or it is gone.
    case connected
    case disconnected
    /// The broker has an event that raised or reopened this call; `heard` is false if it says that nobody subscribes.
    case brokerHas(CallID, heard: Bool)
    /// Somebody looks for this board: every output shows it for a while.
    case identify
    /// Something outside the core found a fault, or found it gone.
    case fault(FaultID, what: String, remedy: String)
    case faultGone(FaultID)
    /// The journal can't be written. Goes on under the substitute's numbers until `journalRecovered`. Told once, not
    /// while it lasts.
    case journalFailed(reason: String, substitute: JournalID)
    /// The journal took everything again.
    case journalRecovered
    /// An open call of another journal stands at the broker under this gateway's name: a swapped card's.
    case orphan(Call)
}

/// What the core wants done. Events, calls and answers are written to the journal before anything of them is published.
public enum Action: Hashable, Sendable {
    /// Journal the event, then publish it.
    case append(CallEvent)
    /// Journal the call, then publish its record.
    case keep(Call)
    /// Journal the answer, then send it.
    case answer(CommandAnswer)
    /// Journal what is known of a transmitter.
    case remember(TransmitterState)
    /// Answer once more as before.
    case answerAgain(CommandAnswer)
    /// No desk has said that it received the call: publish its record and the event that opened it once more.
    case offer(CallID)
    /// Show this on an output.
    case signal(OutputID, Signal, OutputPattern)
    /// Nobody hears here: go on at the next broker of the list.
    case tryNextBroker(reason: String)
    /// Publish the fault as set.
    case set(Fault)
    /// Publish the fault as cleared.
    case clear(FaultID)
    /// Publish the point's supervision.
    case show(PointStatus)
    /// The point is no longer in the site file: empty its topic.
    case forget(PointID)
}
