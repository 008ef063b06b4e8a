/// What the core is told.
public enum Input: Sendable {
    /// A driver's report of a line.
    case line(LineReport)
    /// Nothing but time: `nextDeadline` has come.
    case timePassed
    /// The site file was read again: these points and services from now on. Open calls stay.
    case site(points: [CallPoint], services: [Service])
    /// Something outside the core found a fault, or found it gone.
    case fault(FaultID, what: String, remedy: String)
    case faultGone(FaultID)
    /// The journal could not take these events, and nothing of them was published. Goes on under the substitute's
    /// numbers until `journalRecovered`. Told once, not while it lasts.
    case journalFailed(events: [CallEvent], reason: String, substitute: JournalID)
    /// The journal took everything again.
    case journalRecovered
    /// An open call of another journal stands at the broker under this gateway's name: a swapped card's.
    case orphan(Call)
}

/// What the core wants done. Events and calls are written to the journal before anything of them is published.
public enum Action: Hashable, Sendable {
    /// Journal the event, then publish it.
    case append(CallEvent)
    /// Journal the call, then publish its record.
    case keep(Call)
    /// Publish the fault as set.
    case set(Fault)
    /// Publish the fault as cleared.
    case clear(FaultID)
    /// Publish the point's supervision.
    case show(PointStatus)
    /// The point is no longer in the site file: empty its topic.
    case forget(PointID)
}
