// What transmitters say, and how the receivers that hear them are.
extension Courtyard {
    mutating func take(_ report: RadioReport, _ now: Now) -> [Action] {
        guard let point = transmitters.point(of: report.code) else {
            if report.phase == .began { transmitters.heardUnknown(report, now) }
            return []
        }
        return stepRadio(point, now) { $0.take(report, now: now) }
    }

    mutating func take(_ report: ReceiverReport, _ now: Now) -> [Action] {
        // One that a reload has removed may still have had something to say.
        guard rules.receivers.contains(where: { $0.id == report.receiver }) else { return [] }
        let before = receivers.hearing
        receivers.take(report)
        let ended = report.condition.hears ? [] : lose(report.receiver, now)
        return ended + receiverFaults(now) + (receivers.hearing == before ? [] : tellHearing(now))
    }

    /// What a receiver hears when it is gone, it never tells the end of.
    private mutating func lose(_ receiver: ReceiverID, _ now: Now) -> [Action] {
        rules.points.filter { $0.radio != nil }.flatMap { point in
            step(point.id, now) { $0.lost(receiver, now: now) }
        }
    }

    /// Tells every transmitter's point whether it can be heard.
    mutating func tellHearing(_ now: Now) -> [Action] {
        guard let hear = receivers.hearing else { return [] }
        return rules.points.filter { $0.radio != nil }.flatMap { point in
            step(point.id, now) { $0.receivers(hear: hear, now: now) }
        }
    }

    mutating func adoptReceivers(_ now: Now) -> [Action] {
        transmitters.adopt(rules.points)
        let gone = receivers.conditions.keys.filter { id in !rules.receivers.contains { $0.id == id } }
        receivers.adopt(rules.receivers.map(\.id))
        return gone.sorted().flatMap { lose($0, now) } + receiverFaults(now) + tellHearing(now)
    }

    /// A step after which the point's topic tells anew when it was heard.
    private mutating func stepRadio(
        _ id: PointID, _ now: Now, _ change: (inout PointWatch) -> [Gestures.Gesture]
    ) -> [Action] {
        let before = watches[id]?.status
        let actions = step(id, now, change)
        guard let after = watches[id]?.status, after.radio != before?.radio, after.condition == before?.condition else {
            return actions
        }
        return actions + [.show(after)]
    }

    // MARK: Faults

    /// Low batteries and opened cases: a point may be in both, and in a line fault besides.
    mutating func transmitterFaults(of watch: PointWatch, _ now: Now) -> [Action] {
        let radio = watch.radio
        var low: String?
        if let radio, radio.isBatteryLow {
            let days = radio.daysLow
            low = days == 0 ? watch.point.label : "\(watch.point.label), for \(days) day\(days == 1 ? "" : "s")"
        }
        let tampered = radio?.isTampered ?? false ? watch.point.label : nil
        return transmitterFault(.batteryLow, of: watch.point.id, low, now)
            + transmitterFault(.tampered, of: watch.point.id, tampered, now)
    }

    mutating func transmitterFault(_ fault: FaultID, of id: PointID, _ what: String?, _ now: Now) -> [Action] {
        guard troubled[fault]?[id] != what else { return [] }
        troubled[fault, default: [:]][id] = what
        guard let points = troubled[fault], !points.isEmpty else { return clear(fault) }
        let action = faults.set(
            fault, what: Self.listing(points), remedy: fault.lineRemedy, points: points.keys.sorted(), now: now)
        return action.map { [$0] } ?? []
    }

    private mutating func receiverFaults(_ now: Now) -> [Action] {
        FaultID.receiverFaults.flatMap { fault in
            let troubled = receivers.troubled(fault)
            guard !troubled.isEmpty else { return clear(fault) }
            return set(fault, what: Self.listing(troubled), remedy: fault.receiverRemedy, now)
        }
    }
}
