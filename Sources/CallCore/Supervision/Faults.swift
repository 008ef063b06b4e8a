/// A named condition that is set, told while it lasts, and cleared.
public struct Fault: Hashable, Sendable {
    public let id: FaultID
    /// When it was set.
    public let since: WallTime
    /// What is wrong, naming the thing: "BTN3 is held by gpiomon".
    public let what: String
    /// What a person can do about it.
    public let remedy: String
    /// The call points it concerns, if it concerns any.
    public let points: [PointID]

    public init(id: FaultID, since: WallTime, what: String, remedy: String, points: [PointID] = []) {
        self.id = id
        self.since = since
        self.what = what
        self.remedy = remedy
        self.points = points
    }

    /// True if presses may be missed or unheard while it lasts: the gateway is then `degraded`, not `ready`.
    public var degrades: Bool { !Self.harmless.contains(id) }

    /// Every press is heard and told while these last.
    private static let harmless: Set<FaultID> = [
        .simulatedHardware, .journalReplaced, .clockNotSynchronised, .clockStepped, .siteFileRefused, .deskAway,
        .rateLimited, .certificateExpiring, .outputFailing, .batteryLow, .tampered, .walkTest, .receiverFlooding,
    ]
}

extension FaultID {
    /// No chip or line as the site file names it, or a chip that was unplugged.
    public static let lineMissing = FaultID(unchecked: "line-missing")
    /// A line whose name is another than the site file says.
    public static let lineRenamed = FaultID(unchecked: "line-renamed")
    /// A line that another program holds.
    public static let lineBusy = FaultID(unchecked: "line-busy")
    /// A line that the kernel refused.
    public static let lineRefused = FaultID(unchecked: "line-refused")
    /// A contact that has been made for too long.
    public static let lineStuck = FaultID(unchecked: "line-stuck")
    /// A wire that should be whole is open: a normally closed contact that stays open, or a supervising loop.
    public static let wireOpen = FaultID(unchecked: "wire-open")
    /// An open call is pressed too often to tell each press; cleared a minute after the last.
    public static let rateLimited = FaultID(unchecked: "rate-limited")
    /// An output's line can't be switched.
    public static let outputFailing = FaultID(unchecked: "output-failing")
    /// No desk is listening, or an emergency has been received by none.
    public static let nobodyListening = FaultID(unchecked: "nobody-listening")
    /// A desk went away without a word; others may be there.
    public static let deskAway = FaultID(unchecked: "desk-away")
    /// A test call was not answered; cleared by one that is.
    public static let testMissed = FaultID(unchecked: "test-missed")
    /// Somebody goes from call point to call point and presses each: the next press of each is a test.
    public static let walkTest = FaultID(unchecked: "walk-test")
    /// Somebody set a wall clock that was right; cleared after an hour.
    public static let clockStepped = FaultID(unchecked: "clock-stepped")
    /// A certificate runs out soon.
    public static let certificateExpiring = FaultID(unchecked: "certificate-expiring")
    /// The kernel dropped edges; cleared after an hour without.
    public static let eventsLost = FaultID(unchecked: "events-lost")
    /// A receiver's line, port or program is not to be had.
    public static let receiverDead = FaultID(unchecked: "receiver-dead")
    /// Nothing comes from a receiver, not even noise.
    public static let receiverSilent = FaultID(unchecked: "receiver-silent")
    /// A carrier or noise fills the air at a receiver.
    public static let receiverJammed = FaultID(unchecked: "receiver-jammed")
    /// A receiver tells more presses than people make.
    public static let receiverFlooding = FaultID(unchecked: "receiver-flooding")
    /// A device that reports by itself has not been heard of.
    public static let pointMissing = FaultID(unchecked: "point-missing")
    /// A device says that its battery runs out.
    public static let batteryLow = FaultID(unchecked: "battery-low")
    /// A device says that it was opened or taken off the wall.
    public static let tampered = FaultID(unchecked: "tampered")
    /// The journal can't be written.
    public static let journalFailing = FaultID(unchecked: "journal-failing")
    /// The journal at start was unusable; it was set aside and a new one begun.
    public static let journalReplaced = FaultID(unchecked: "journal-replaced")
    /// Presses come from a simulator.
    public static let simulatedHardware = FaultID(unchecked: "simulated-hardware")
    /// The broker doesn't allow the gateway what it must do.
    public static let notAuthorised = FaultID(unchecked: "not-authorised")
    /// No broker is reached.
    public static let brokerAway = FaultID(unchecked: "broker-away")
    /// Another client uses this gateway's id: a copied card.
    public static let clonedIdentity = FaultID(unchecked: "cloned-identity")
    /// The wall clock has not been set since boot.
    public static let clockNotSynchronised = FaultID(unchecked: "clock-not-synchronised")
    /// The site file on disk is not good; the one before is still in force.
    public static let siteFileRefused = FaultID(unchecked: "site-file-refused")
}

/// The faults that are set. Says only what changed.
struct FaultBook: Sendable {
    private(set) var faults: [FaultID: Fault] = [:]

    /// Sets the fault, keeping the first `since` while its text changes; nil if that is how it stands already.
    mutating func set(
        _ id: FaultID, what: String, remedy: String, points: [PointID] = [], now: Now
    ) -> Action? {
        let fault = Fault(
            id: id, since: faults[id]?.since ?? now.wall, what: what, remedy: remedy, points: points)
        guard faults.updateValue(fault, forKey: id) != fault else { return nil }
        return .set(fault)
    }

    /// Clears the fault; nil if it was not set.
    mutating func clear(_ id: FaultID) -> Action? {
        faults.removeValue(forKey: id).map { _ in .clear(id) }
    }
}
