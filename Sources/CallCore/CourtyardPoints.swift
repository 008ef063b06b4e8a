// What call points say: presses, resets, and how their lines are.
extension Courtyard {
    mutating func take(_ report: LineReport, _ now: Now) -> [Action] {
        if let owner = report.point.loopOwner {
            return step(owner, now) { watch in
                watch.takeLoop(report, now: now)
                return []
            }
        }
        guard watches[report.point] != nil else { return [] }  // an edge of a point that a reload removed
        var actions: [Action] = []
        if case .lost(let id, _, let at) = report { actions += lostEdges(of: id, at, now) }
        return actions + step(report.point, now) { $0.take(report, now: now) }
    }

    /// Lets one point's watch change, and turns what it says into calls, supervision and faults.
    mutating func step(
        _ id: PointID, _ now: Now, _ change: (inout PointWatch) -> [Gestures.Gesture]
    ) -> [Action] {
        guard var watch = watches[id] else { return [] }
        let before = watch.condition
        let gestures = change(&watch)
        let news = watch.transmitterNews(now)
        watches[id] = watch
        deadlines.set(.point(id), to: watch.deadline)
        var actions = gestures.flatMap { carryOut($0, at: watch.point, now) }
        if watch.condition != before {
            actions.append(.show(watch.status))
            actions += lineFaults(of: watch, now)
        }
        if watch.radio != nil { actions += transmitterFaults(of: watch, now) }
        if let news { actions.append(.remember(news)) }
        return actions
    }

    private mutating func carryOut(_ gesture: Gestures.Gesture, at point: CallPoint, _ now: Now) -> [Action] {
        if walked?.remove(point.id) != nil { return walkedTo(point, heardBy: gesture.reception, now) }
        guard gesture.service != .reset else { return reset(from: point, now) }
        let service = service(gesture.service)
        let wall = now.wall(at: gesture.at)
        let isClosed =
            service.rules.outsideHours == .refuse
            && service.rules.hours.map { $0.wait(at: wall, utcOffset: now.utcOffset, quality: now.quality) > .zero }
                ?? false
        switch calls.press(
            point, asks: service, refusing: isClosed, at: gesture.at,
            heardBy: gesture.reception, now: now)
        {
        case .told(let id, let actions):
            touched[point.id] = true
            if let call = calls.open[id] {
                follow(call, now)
            } else {
                reassurance.refused(at: point.id, now: now.moment)
            }
            deadlines.set(.signals, to: reassurance.next)
            return actions
        case .limited: return pressLimited(at: point.id, now)
        case .refused: return journalFault(now)
        }
    }

    /// The reset gesture: somebody is at the call point and ends its calls there. A resident's own button can do that
    /// only once someone has arrived; a panicking hand must not end what it began. While the journal can't be written, a
    /// call that it holds stays open: whoever is there resets once more when the fault is over.
    private mutating func reset(from point: CallPoint, _ now: Now) -> [Action] {
        let isOwn = point.resets.isEmpty
        let ended = calls.open.values.filter { call in
            guard !call.isTest, calls.canEnd(call) else { return false }
            return isOwn
                ? call.point == point.id && call.state == .arrived
                : point.resets.contains { BoardOutput.matches($0, call.point) }
        }
        return ended.sorted { $0.id.number < $1.id.number }.flatMap { call in
            move(call, by: .reset, actor: point.id.text, reason: "reset", now)
        }
    }

    mutating func adoptPoints(_ now: Now) -> [Action] {
        var actions: [Action] = []
        let ids = Set(rules.points.map(\.id))
        for id in watches.keys where !ids.contains(id) {
            watches[id] = nil
            deadlines.set(.point(id), to: nil)
            actions.append(.forget(id))
            actions += lineFault(of: id, nil, now)
            for fault in [FaultID.batteryLow, .tampered] { actions += transmitterFault(fault, of: id, nil, now) }
        }
        for point in rules.points {
            let isUrgent = service(point.gestures.press).rules.isUrgentWhenRepeated
            guard watches[point.id].map({ $0.point != point || $0.isUrgent != isUrgent }) ?? true else { continue }
            let watch =
                watches[point.id]?.changed(to: point, isUrgent: isUrgent, now)
                ?? PointWatch(
                    point, isUrgent: isUrgent, earlier: earlierTransmitters.take(point.id, point.radio, now.wall),
                    now)
            watches[point.id] = watch
            deadlines.set(.point(point.id), to: watch.deadline)
            actions.append(.show(watch.status))
            actions += lineFaults(of: watch, now) + transmitterFaults(of: watch, now)
        }
        return actions
    }
}
