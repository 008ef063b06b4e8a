/// What is due for one open call. All of it follows from the call and its service's rules, so a restart loses nothing.
struct CallTimers: Hashable, Sendable {
    /// Until a desk says `received`: after 2, 4 and 8 s …
    static let offers: [Duration] = [.seconds(2), .seconds(4), .seconds(8)]
    /// … and then every 15 s.
    static let offerEvery = Duration.seconds(15)
    /// An emergency that no desk has received for this long is heard by nobody.
    static let heardWithin = Duration.seconds(10)
    /// A test that no desk has answered for this long was missed.
    static let testWithin = Duration.seconds(60)

    /// What came due.
    enum Due: Hashable, Sendable { case offer, escalate, reopen, expire, unheard }

    private var offerAt: Moment?
    private var offered = 0
    private var escalateAt: Moment?
    private var reopenAt: Moment?
    /// When it ends by itself; nil if it doesn't.
    private(set) var expireAt: Moment?
    private var unheardAt: Moment?

    /// When the first of them is due.
    var next: Moment? { [offerAt, escalateAt, reopenAt, expireAt, unheardAt].compactMap { $0 }.min() }

    /// The call is new, has changed its state, or is taken up after a restart or a reload.
    mutating func follow(_ call: Call, _ rules: Service.Rules, now: Now, boot: String) {
        let waiting = now.moment - call.waitingSince.elapsed(until: now, boot: boot)
        let isUnaccepted = call.state == .raised || call.state == .delivered
        let opens = rules.waitsForOpening(call, now)
        if call.state == .raised {
            if offerAt == nil { (offered, offerAt) = (0, now.moment + Self.offers[0]) }
        } else {
            offerAt = nil
        }
        unheardAt = call.state == .raised && call.service == .emergency ? waiting + Self.heardWithin : nil
        if !isUnaccepted {
            escalateAt = nil
        } else if call.escalation == 0 {
            escalateAt = rules.acceptWithin.map { waiting + opens + $0 }
        } else {
            escalateAt = rules.escalateEvery.map { min(escalateAt ?? now.moment + $0, now.moment + $0) }
        }
        reopenAt = call.state == .accepted ? rules.arriveWithin.map { waiting + $0 } : nil
        let raised = now.moment - call.raised.elapsed(until: now, boot: boot)
        let lasts = call.isTest ? Self.testWithin : rules.expiresAfter.map { $0 + opens }
        expireAt = call.state == .arrived ? nil : lasts.map { raised + $0 }
    }

    /// Takes one thing that is due; the next of its kind is set.
    mutating func take(dueBy now: Moment, _ rules: Service.Rules) -> Due? {
        func isDue(_ moment: Moment?) -> Bool { moment.map { $0 <= now } ?? false }
        if isDue(expireAt) {
            expireAt = nil
            return .expire
        }
        if isDue(reopenAt) {
            reopenAt = nil
            return .reopen
        }
        if isDue(escalateAt) {
            escalateAt = rules.escalateEvery.map { now + $0 }
            return .escalate
        }
        if isDue(unheardAt) {
            unheardAt = nil
            return .unheard
        }
        if isDue(offerAt) {
            offered += 1
            let last = Self.offers.count - 1
            let wait = offered <= last ? Self.offers[offered] - Self.offers[offered - 1] : Self.offerEvery
            offerAt = now + wait
            return .offer
        }
        return nil
    }
}

extension Stamp {
    /// A press may be a little ahead of the clock that was read before it; more is a record's garbage.
    private static let ahead = Duration.seconds(1)

    /// How long ago this was. Another boot's monotonic time means nothing: it was before this boot, and the wall clocks
    /// say how long before, if both were right. The same holds for a moment that this boot has not had.
    func elapsed(until now: Now, boot: String) -> Duration {
        let start = Moment(nanoseconds: 0)
        if self.boot == boot, (start...(now.moment + Self.ahead)).contains(moment) { return now.moment - moment }
        let sinceBoot = now.moment - start
        guard quality.synchronized, now.quality.synchronized else { return sinceBoot }
        return max(sinceBoot, .milliseconds(now.wall.milliseconds - wall.milliseconds))
    }
}

extension Service.Rules {
    /// How long after it was raised the service opens: reminders and expiry count from there. Zero within the hours.
    func waitsForOpening(_ call: Call, _ now: Now) -> Duration {
        hours?.wait(at: call.raised.wall, utcOffset: now.utcOffset, quality: call.raised.quality) ?? .zero
    }
}
