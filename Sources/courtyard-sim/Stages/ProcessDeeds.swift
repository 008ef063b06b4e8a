internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import Glibc
internal import SiteConfig

// What a scenario has done on a stage of real programs.
extension ProcessStage {
    func objection(to deed: StageDeed) -> String? {
        switch deed {
        case .clock, .power(.on(showing: .some)): board.clock.objection
        case .disk(let deed): board.disk.objection(to: deed)
        default: nil
        }
    }

    func perform(_ deed: StageDeed) throws(StageFailure) {
        switch deed {
        case .contacts(let changes): try play(changes)
        case .radio(let sending):
            for press in sending.presses where press.made { see(.line(press.point, made: true)) }
            try pass(until: .now + board.hands.send(sending)) { false }
            for press in sending.presses where !press.made { see(.line(press.point, made: false)) }
            try turn()
        case .wires(let points, let cut):
            for point in points {
                see(.line(point.loop, made: !cut))
                try board.hands.setWire(of: point, whole: !cut)
            }
        case .broker(let deed, let which): try perform(deed, on: which.map { [brokers.all[$0 - 1]] } ?? brokers.all)
        case .desk(let id, let deed): try perform(deed, id)
        case .publish(let topic, let payload, let retained):
            for one in brokers.all { _ = one.observer?.publish(topic, payload, retain: retained) }
        case .power(.cut): endAgent { $0.kill() }
        case .power(.on(let wall)):
            try board.clock.boot()
            if board.clock.objection == nil {
                let right = WallTime(milliseconds: scenario.starts.milliseconds + now.milliseconds)
                try board.clock.set(to: wall ?? right, isKnown: wall == nil)
            }
            try startAgent()
        case .agent(let deed): try perform(deed)
        case .clock(let deed): try perform(deed)
        case .disk(let deed): try board.disk.set(deed)
        case .newCard:
            guard !agent.isRunning else { throw StageFailure("a card is changed while the power is off: power: cut") }
            for suffix in ["", "-wal", "-shm", ".lock"] { unlink("\(board.disk.directory)/gateway.db\(suffix)") }
        case .clone(let appears): try setClone(appears)
        }
    }

    private func play(_ changes: [ContactChange]) throws(StageFailure) {
        let start = Moment.now
        plan = ContactPlan(changes, from: start, finestGap: board.hands.finestGap)
        try pass(until: start + (changes.last?.after ?? .zero)) { false }
        try turn()
    }

    private func perform(_ deed: BrokerDeed, on chosen: [ProcessBrokers.One]) throws(StageFailure) {
        switch deed {
        case .stop: for one in chosen { brokers.stop(one, forgetting: false) }
        case .kill: for one in chosen { brokers.stop(one, forgetting: true) }
        case .start:
            do { for one in chosen { try brokers.start(one) } } catch { throw StageFailure("\(error)") }
            try wait("the broker is not up") { chosen.allSatisfy(\.isHeard) }
        case .blackhole: brokers.set(.blackhole)
        case .refuse: brokers.set(.closed)
        case .slow(let delay): brokers.set(.slow(delay))
        case .restore: brokers.set(.open)
        }
    }

    private func perform(_ deed: DeskDeed, _ id: DeskID) throws(StageFailure) {
        switch deed {
        case .leaves: desks.removeValue(forKey: id)?.leave()
        case .crashes: desks.removeValue(forKey: id)?.crash()
        case .behaves(let manner):
            if desks[id] == nil {
                desksMade += 1
                do {
                    desks[id] = try ProcessDesk(
                        id, manner, run: "run\(desksMade)", at: brokers.all.map(\.port), of: scenario.site.site)
                } catch { throw StageFailure("\(error)") }
            }
            desks[id]?.behave(manner)
            guard brokers.all.contains(where: { $0.broker != nil }) else { return }
            try wait("the desk \(id) is not connected") { desks[id]?.isConnected ?? false }
        }
    }

    private func perform(_ deed: AgentDeed) throws(StageFailure) {
        switch deed {
        case .kill: endAgent { $0.kill() }
        case .stop: endAgent { $0.stop() }
        case .reload: agent.child?.signal(SIGHUP)
        case .start: try startAgent()
        }
    }

    private func perform(_ deed: ClockDeed) throws(StageFailure) {
        switch deed {
        case .step(let span): try board.clock.step(by: span)
        case .unknown: try board.clock.setKnown(false)
        case .right:
            try board.clock.set(
                to: WallTime(milliseconds: scenario.starts.milliseconds + now.milliseconds), isKnown: true)
        }
    }

    private func endAgent(_ end: (BoardAgent) -> Void) {
        end(agent)
        board.hands.detach()
    }

    /// It hears its points when this returns.
    func startAgent() throws(StageFailure) {
        guard !agent.isRunning else { return }
        do { try agent.start() } catch { throw StageFailure("\(error)") }
        try wait("the agent doesn't answer") { agent.ask() != nil }
        try board.hands.attach(within: Self.patience)
        try wait("the agent doesn't listen to its points") {
            agent.ask().map { report in !report.points.troubled.contains { $0.state == "waiting" } } ?? false
        }
    }

    private func setClone(_ appears: Bool) throws(StageFailure) {
        guard appears else {
            clone?.kill()
            return
        }
        let clone = BoardAgent(programs.gateway, in: directory, name: "clone") { [board] in board.clock.environment }
        // It has nobody at its buttons.
        let settings = [
            ("hardware", "simulated"), ("simulator-socket", "\(directory.path)/clone-lines.sock"),
            ("control-socket", clone.control), ("journal", "\(directory.path)/clone.db"),
        ]
        do {
            try clone.write(scenario.siteFile(brokers: brokers.places, settings: settings))
            try clone.start()
        } catch { throw StageFailure("\(error)") }
        self.clone = clone
    }
}
