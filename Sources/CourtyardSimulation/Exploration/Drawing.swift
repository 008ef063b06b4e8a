internal import CallCore

/// Draws a courtyard and what happens in it from one seed.
struct Drawing {
    private var dice: Dice
    let days: Int
    /// How many call points there are.
    let pointCount: Int
    /// How much goes wrong, in mishaps a day on average.
    let mishaps: Double
    /// How often each resident calls for something, a day.
    let presses: Double

    /// - Parameters:
    ///   - points: nil: drawn, from a handful to a whole courtyard.
    ///   - mishaps: nil: drawn, from a dozen a day to hundreds.
    init(seed: UInt64, days: Int, points: Int?, mishaps wanted: Int?) {
        var dice = Dice(seed)
        let drawn = [3, 5, 8, 13, 30, 194][dice.below(6)]
        self.days = days
        let count = points ?? drawn
        pointCount = count
        let often = [12, 40, 120, 300][dice.below(4)]
        mishaps = Double(wanted ?? often)
        // A meal a day, and now and then something else; a few points that are looked at closely call more often.
        presses = count > 100 ? 1.5 : count > 20 ? 6 : 30
        self.dice = dice
    }

    // MARK: The site

    mutating func rules() -> (first: SiteRules, second: SiteRules) {
        let points = (0..<pointCount).map { self.point($0) }
        let lamps = (0..<min(20, max(2, pointCount / 10))).map { index in
            BoardOutput(
                id: OutputID(unchecked: "lamp-\(index)"), kind: index % 3 == 2 ? .buzzer : .lamp,
                points: index == 0 ? ["b*"] : ["b\(index)*"])
        }
        let receivers = ["hall", "attic"].map {
            RadioReceiver(id: ReceiverID(unchecked: $0), isSquelched: true)
        }
        let siren = BoardOutput(id: OutputID(unchecked: "siren"), kind: .relay)
        var rules = SiteRules(
            points: points, outputs: lamps + [siren], receivers: receivers,
            acknowledgement: dice.oneIn(4) ? .broker : .desk,
            dailyTestMinute: dice.oneIn(3) ? nil : dice.below(1440),
            nobodyListening: .init(outputs: dice.oneIn(2) ? [siren.id] : [], usesNextBroker: dice.oneIn(2)))
        rules.services[0].rules.escalateEvery = .seconds([20, 60, 600][dice.below(3)])
        rules.services[0].rules.acceptWithin = .seconds([20, 60][dice.below(2)])
        rules.services[0].rules.levels =
            dice.oneIn(2) ? [] : [.init(), .init(outputs: [siren.id], usesNextBroker: dice.oneIn(2))]
        if dice.oneIn(3) {
            rules.services[1].rules.hours = OpeningHours([.init(from: dice.below(1440), to: 1 + dice.below(1440))])
            rules.services[1].rules.outsideHours = dice.oneIn(2) ? .wait : .refuse
        }
        var second = rules
        second.services[0].rules.acceptWithin = .seconds([20, 60][dice.below(2)])
        second.outputs.removeLast(dice.below(2))
        if !second.outputs.contains(siren) {
            second.nobodyListening.outputs = []
            second.services[0].rules.levels = []
        }
        return (rules, second)
    }

    private static let pendant = RadioDevice(
        name: "pendant", radioProtocol: .ev1527, bits: 24, identityBits: 20)

    private mutating func point(_ index: Int) -> CallPoint {
        let kinds: [ServiceID] = [.emergency, .emergency, .emergency, .meal, .errand]
        let press = index == 0 ? .emergency : kinds[dice.below(kinds.count)]
        var point = CallPoint(
            id: PointID(unchecked: "b\(1 + index % 20)-\(index)"), label: "\(1 + index % 20)号楼 \(index)",
            debounce: .init(minimumWidth: .milliseconds([5, 5, 5, 0, 20][dice.below(5)])),
            gestures: .init(press: press), stuckAfter: .seconds([60, 300][dice.below(2)]))
        if press == .meal, dice.oneIn(2) { point.gestures.double = .errand }
        if press == .emergency, dice.oneIn(6) { point.gestures.double = .reset }
        point.hasLoop = dice.oneIn(4)
        if index > 0, point.gestures.double == nil, dice.oneIn(6) {
            (point.isWired, point.hasLoop) = (false, false)
            let code = RadioCode(.ev1527, value: UInt64(0x10000 + index * 7) << 4 | UInt64(index % 15 + 1), bits: 24)
            point.radio = RadioTransmitter(device: Self.pendant, code: code)
        }
        return point
    }

    // MARK: What happens

    /// All of it, in the order of its time.
    mutating func plan(_ rules: SiteRules) -> [Planned] {
        let end = Moment(nanoseconds: Int64(days) * 86_400_000_000_000)
        var plan: [Planned] = []
        var at = Moment(nanoseconds: 0) + .seconds(30)
        let every = Duration.seconds(86_400 / (presses * Double(pointCount)))
        while true {
            at = at + dice.wait(mean: every)
            guard at < end else { break }
            plan.append(planned(at, press(rules)))
        }
        let calls = plan
        at = Moment(nanoseconds: 0) + .seconds(30)
        while true {
            at = at + dice.wait(mean: .seconds(86_400 / mishaps))
            guard at < end else { break }
            // Half of all mishaps come when somebody presses: that is when they matter.
            var moment = at
            if dice.oneIn(2), !calls.isEmpty {
                let near = calls[min(calls.count - 1, Int(Double(calls.count) * at.share(of: end)))]
                moment = near.at + dice.duration(in: .milliseconds(-20)...(.milliseconds(60)))
            }
            plan.append(planned(max(moment, Moment(nanoseconds: 0)), mishap(rules)))
        }
        return plan.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    private mutating func planned(_ at: Moment, _ happening: Happening) -> Planned {
        Planned(at: at, seed: dice.next(), happening: happening)
    }

    private mutating func press(_ rules: SiteRules) -> Happening {
        let point = rules.points[dice.below(rules.points.count)]
        let width = point.debounce.minimumWidth
        guard point.isWired else {
            return .send(
                point.id, held: dice.duration(in: .milliseconds(60)...(.milliseconds(dice.oneIn(8) ? 6000 : 900))))
        }
        if dice.oneIn(25), width > .zero { return .spike(point.id, width * (0.4 * dice.fraction()) + .microseconds(5)) }
        // Old hands press long, frightened ones often.
        let count = dice.oneIn(6) ? 2 + dice.below(3) : 1
        let presses = (0..<count).map { _ in
            let hold: Duration =
                dice.oneIn(12)
                ? dice.duration(in: .seconds(2)...(.seconds(6)))
                : dice.duration(in: .milliseconds(60)...(.milliseconds(900)))
            return Bounce.draw(&dice).press(holding: hold, point.debounce, &dice)
        }
        return .press(point.id, presses, pause: dice.duration(in: .milliseconds(60)...(.milliseconds(1500))))
    }

    /// From seconds to hours, short ones more often.
    private mutating func span(upTo most: Duration) -> Duration {
        let share = dice.fraction()
        return max(.milliseconds(50), most * (share * share * share))
    }

    private mutating func airMishap() -> Happening {
        switch dice.below(4) {
        case 0: .noise(dice.duration(in: .seconds(1)...(.seconds(20))))
        case 1: .foreignCode(dice.next())
        default: .loseReceiver(dice.below(2), for: span(upTo: .seconds(3600)))
        }
    }

    private mutating func mishap(_ rules: SiteRules) -> Happening {
        let wired = rules.points.filter(\.isWired)
        let point = wired[dice.below(wired.count)]
        if dice.oneIn(30) { return airMishap() }
        switch dice.below(100) {
        case 0..<12:
            return .powerCut(operations: dice.oneIn(3) ? nil : 1 + dice.below(12), for: span(upTo: .seconds(14_400)))
        case 12..<18: return .killProgram(for: span(upTo: .seconds(60)))
        case 18..<20: return .restart
        case 20..<23: return .reload
        case 23..<27:
            let trouble = VirtualDisk.Trouble.allCases[dice.below(VirtualDisk.Trouble.allCases.count)]
            // Each try to write after a failed flush reads the whole log: what matters happens in the first few.
            return .failDisk(trouble, for: span(upTo: trouble == .flushesFail ? .seconds(120) : .seconds(3600)))
        case 27..<31:
            return .slowDisk(.milliseconds(20)...(.milliseconds(1500)), for: span(upTo: .seconds(1800)))
        case 31..<42:
            let way = dice.below(4)
            return .cutNetwork(up: way != 1, down: way != 0, for: span(upTo: .seconds(14_400)))
        case 42..<45: return .slowNetwork(.milliseconds(20)...(.milliseconds(2500)), for: span(upTo: .seconds(1800)))
        case 45..<53:
            return .stopBroker(
                dice.below(2), for: span(upTo: .seconds(10_800)), forgetting: [0, 0, 0.3, 1][dice.below(4)])
        case 53..<55: return .denyPublishing(dice.below(2), for: span(upTo: .seconds(1800)))
        case 55..<59: return .lateWill
        case 59..<60: return .twin(for: span(upTo: .seconds(600)))
        case 60..<62: return .foreignRecord(dice.next())
        case 62..<66: return .leaveDesk(dice.below(2), inOrder: dice.oneIn(2), for: span(upTo: .seconds(14_400)))
        case 66..<69: return .cutDesk(dice.below(2), for: span(upTo: .seconds(7200)))
        case 69..<73: return .forget(dice.below(2), for: span(upTo: .seconds(7200)))
        case 73..<80: return .command(dice.below(2))
        case 80..<83: return .jam(point.id, for: span(upTo: .seconds(3600)))
        case 83..<86: return .cutWire(point.id, for: span(upTo: .seconds(7200)))
        case 86..<88: return .loseLine(point.id, for: span(upTo: .seconds(3600)))
        case 88..<90: return .dropEdges(oneIn: 2 + dice.below(5), for: span(upTo: .seconds(600)))
        case 90..<92:
            return .flicker(
                point.id, edges: 2 * (1 + dice.below(400)),
                every: dice.duration(in: .milliseconds(1)...(.milliseconds(60))))
        case 92..<97:
            let days = dice.oneIn(4)
            let most = Duration.seconds(days ? 86_400 * 400 : 10)
            return .stepClock(dice.duration(in: .zero - most...most))
        default: return .loseTime(for: span(upTo: .seconds(14_400)))
        }
    }
}

extension Moment {
    fileprivate func share(of end: Moment) -> Double { Double(nanoseconds) / Double(max(1, end.nanoseconds)) }
}
