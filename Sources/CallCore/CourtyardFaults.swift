// What is told of trouble, and when it is over.
extension Courtyard {
    /// How long after the last lost edge, or a step of the clock, the fault stays: long enough to be seen by the next
    /// shift's first look.
    static let seenFor = Duration.seconds(3600)
    /// How long after the last press that was not told one by one.
    static let limitedFor = Duration.seconds(60)

    mutating func set(_ id: FaultID, what: String, remedy: String, _ now: Now) -> [Action] {
        faults.set(id, what: what, remedy: remedy, now: now).map { [$0] } ?? []
    }

    mutating func clear(_ id: FaultID) -> [Action] { faults.clear(id).map { [$0] } ?? [] }

    // MARK: Lines

    mutating func lineFaults(of watch: PointWatch, _ now: Now) -> [Action] {
        switch watch.condition {
        case .waiting, .working, .notEnrolled: lineFault(of: watch.point.id, nil, now)
        case .stuck: lineFault(of: watch.point.id, (.lineStuck, watch.point.label), now)
        case .wireOpen: lineFault(of: watch.point.id, (.wireOpen, watch.point.label), now)
        case .silent: lineFault(of: watch.point.id, (.pointMissing, watch.point.label), now)
        case .unheard: lineFault(of: watch.point.id, nil, now)  // its receivers' faults say so
        case .troubled(let trouble): lineFault(of: watch.point.id, (trouble.fault, trouble.what), now)
        }
    }

    /// Moves a point into the one line fault that concerns it now, or out of all of them.
    mutating func lineFault(of id: PointID, _ found: (fault: FaultID, what: String)?, _ now: Now) -> [Action] {
        for fault in FaultID.lineFaults {
            troubled[fault, default: [:]][id] = fault == found?.fault ? found?.what : nil
        }
        return FaultID.lineFaults.compactMap { fault in
            guard let points = troubled[fault], !points.isEmpty else { return faults.clear(fault) }
            return faults.set(
                fault, what: Self.listing(points), remedy: fault.lineRemedy, points: points.keys.sorted(), now: now)
        }
    }

    /// "b1-u1-101: BTN3 is held by gpiomon; b1-u1-102: …", at most eight of them.
    static func listing(_ things: [some Name: String]) -> String {
        let shown = things.sorted { $0.key < $1.key }.prefix(8).map { "\($0.key): \($0.value)" }
        return (shown + (things.count > 8 ? ["and \(things.count - 8) more"] : [])).joined(separator: "; ")
    }

    mutating func lostEdges(of id: PointID, _ at: Moment, _ now: Now) -> [Action] {
        lostEdges += 1
        deadlines.set(.eventsLostOver, to: at + Self.seenFor)
        return set(
            .eventsLost, what: "the kernel dropped edges of \(id) (\(lostEdges) times); its level was read anew",
            remedy: "look for a loose contact or interference on its wire; a longer minimum-width does not help here",
            now)
    }

    mutating func pressLimited(at id: PointID, _ now: Now) -> [Action] {
        limited[id, default: 0] += 1
        deadlines.set(.limitedOver, to: now.moment + Self.limitedFor)
        // The text changes at 1, 2, 4, 8 …: a contact that flickers for hours must not flood the display with its fault.
        let points = limited.mapValues { count in
            let told = 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
            return told == 1 ? "1 press not told" : "\(told) presses or more not told one by one"
        }
        let action = faults.set(
            .rateLimited, what: Self.listing(points),
            remedy:
                "a flickering contact or a very frightened person: look at the call point; its first presses were told",
            points: limited.keys.sorted(), now: now)
        return action.map { [$0] } ?? []
    }

    // MARK: Outputs

    mutating func take(_ report: OutputReport, _ now: Now) -> [Action] {
        switch report {
        case .working(let id): troubledOutputs[id] = nil
        case .trouble(let id, let trouble): troubledOutputs[id] = trouble.what
        }
        return outputFault(now)
    }

    mutating func outputFault(_ now: Now) -> [Action] {
        guard !troubledOutputs.isEmpty else { return clear(.outputFailing) }
        return set(
            .outputFailing, what: Self.listing(troubledOutputs),
            remedy: "compare the output's line with `gpioinfo`; residents near it see and hear no answer", now)
    }

    // MARK: Desks

    mutating func deskFault(_ now: Now) -> [Action] {
        let missing = rules.isHeardByBroker ? [] : desks.missing
        guard !missing.isEmpty else { return clear(.deskAway) }
        return set(
            .deskAway, what: "went away without a word: \(missing.joined(separator: ", "))",
            remedy: "look at that desk's power and network; empty its status topic if it is gone for good", now)
    }

    mutating func listeningFault(_ emergency: Call?, _ now: Now) -> [Action] {
        guard isNobodyThere || emergency != nil else {
            let actions = clear(.nobodyListening)
            if !actions.isEmpty { touchAll() }
            return actions
        }
        let what =
            emergency.map { "no desk has received the emergency of \($0.point) (\($0.label)), call \($0.id)" }
            ?? "no desk is listening"
        let remedy =
            rules.isHeardByBroker
            ? "look whether a display has subscribed at this broker; until then nobody sees who calls"
            : "open a duty desk's page, look at its network; until then nobody sees who calls"
        let actions = set(.nobodyListening, what: what, remedy: remedy, now)
        if !actions.isEmpty { touchAll() }
        return actions
    }

    /// The fault switches outputs on or off: those of every open call are looked at.
    private mutating func touchAll() {
        for call in calls.open.values { touched[call.point] = touched[call.point] ?? false }
        if touched.isEmpty, let any = watches.keys.first { touched[any] = false }
    }

    // MARK: Journal

    /// Keeps the count in the fault's text true.
    mutating func journalFault(_ now: Now) -> [Action] {
        guard let reason = calls.journalReason else { return [] }
        let refused = calls.refused == 0 ? "" : "; presses refused so far: \(calls.refused)"
        return set(
            .journalFailing,
            what: "the journal can't be written (\(reason)): emergencies go out unjournalled, other services are "
                + "refused, calls that were open before stay open\(refused)",
            remedy: "free or replace the disk that holds the journal; the gateway goes on by itself", now)
    }

    // MARK: Clock

    /// Corrects the labels of open calls when somebody has set the clock. No decision changes.
    mutating func followClock(_ now: Now) -> [Action] {
        guard let change = clock.look(now) else { return [] }
        var actions: [Action] = []
        for call in calls.open.values.sorted(by: { $0.id.number < $1.id.number }) {
            guard let corrected = call.corrected(by: now, boot: identity.boot) else { continue }
            actions += calls.keep(corrected)
        }
        if change.becameRight {
            // How long calls of the boot before have waited is known now.
            for call in calls.open.values where timers[call.id] != nil { follow(call, now) }
        }
        planDailyTest(now)
        guard change.wasRight, change.stepMs != 0 else { return actions }
        deadlines.set(.clockSteppedOver, to: now.moment + Self.seenFor)
        let direction = change.stepMs > 0 ? "ahead" : "back"
        return actions
            + set(
                .clockStepped, what: "the wall clock was set \(direction) by \(abs(change.stepMs)) ms",
                remedy: "nothing if a person did it; otherwise look at the time server. No call is affected", now)
    }
}
