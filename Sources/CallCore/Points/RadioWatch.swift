/// What is known of one call point's transmitter: its gesture, when it was heard, and what it says of itself.
struct RadioWatch: Sendable {
    /// What comes of a gesture is told so much later than a wire's: that a press is over is known a quiet gap after it.
    private var lag: Duration { transmitter.device.quietGap + .milliseconds(100) }
    /// A low battery that isn't told again for so long, while the device is heard, was replaced.
    static let batteryForgotten = Duration.seconds(2 * 86_400)
    private static let day = Duration.seconds(86_400)

    /// A code that is being sent, or was until just now.
    private struct Sending: Sendable {
        /// Who hears it now.
        var receivers: Set<ReceiverID>
        var ended: Moment
    }

    private(set) var transmitter: RadioTransmitter
    private var gestures: Gestures
    private var repetition = Repetition()
    private var sending: [RadioCode: Sending] = [:]
    private var pressedSince: Moment?
    private(set) var isStuck = false
    /// No receiver works.
    private(set) var isDeaf = false
    /// It should have told that it is there, and hasn't.
    private(set) var isMissing = false
    private(set) var isTampered = false
    /// Since when its battery has been low, when it said so last, and for how many days that is by now.
    private var lowSince: Moment?
    private var lowTold: Moment?
    private(set) var daysLow = 0
    /// Since when it can have been heard, or when it was.
    private var heardAt: Moment
    private(set) var lastHeard: WallTime?
    /// When it was heard last in this run.
    private var heardNow: Moment?
    private(set) var reception: Reception?
    /// What the journal has of it.
    private var written = Written(isMissing: false, isTampered: false, isLow: false, heardAt: nil)

    init(
        _ transmitter: RadioTransmitter, _ settings: Gestures.Settings, at moment: Moment,
        earlier: TransmitterStates.Earlier?
    ) {
        self.transmitter = transmitter
        gestures = Gestures(settings.overTheAir(transmitter.device))
        heardAt = moment
        if let earlier { restore(earlier, at: moment) }
    }

    /// The same transmitter under changed settings.
    mutating func change(to settings: Gestures.Settings, _ transmitter: RadioTransmitter) {
        gestures.settings = settings.overTheAir(transmitter.device)
        self.transmitter = transmitter
    }

    var isBatteryLow: Bool { lowSince != nil }

    // MARK: Restarts

    /// What must be written when it changes; that it was heard again, now and then.
    private struct Written: Hashable {
        let isMissing: Bool
        let isTampered: Bool
        let isLow: Bool
        /// When it was heard; nil: not in this run.
        let heardAt: Moment?
    }

    /// That it was heard is written so often at most: what matters is a day or more.
    private static let writtenEvery = Duration.seconds(3600)

    private mutating func restore(_ earlier: TransmitterStates.Earlier, at moment: Moment) {
        let state = earlier.state
        (lastHeard, reception) = (state.heard, state.reception)
        isTampered = state.isTampered
        isMissing = state.isMissing && transmitter.device.supervision != nil
        if let since = state.lowSince {
            lowSince = moment - earlier.age(of: since)
            lowTold = moment - earlier.age(of: state.lowTold ?? since)
            while let nextDay, nextDay <= moment { daysLow += 1 }
        }
        if let heard = state.heard, let supervision = transmitter.device.supervision {
            // Half an interval it is given in any case: the clock may have been wrong.
            heardAt = moment - min(earlier.age(of: heard), supervision.limit - supervision.interval / 2)
        }
        written = standing(heardAt: nil)
    }

    private func standing(heardAt: Moment?) -> Written {
        Written(isMissing: isMissing, isTampered: isTampered, isLow: isBatteryLow, heardAt: heardAt)
    }

    /// What the journal has to be told; nil while what it has will do.
    mutating func news(of point: PointID, _ now: Now) -> TransmitterState? {
        var heardAt = heardNow
        if let heardNow, let before = written.heardAt, heardNow - before < Self.writtenEvery { heardAt = before }
        let news = standing(heardAt: heardAt)
        guard news != written else { return nil }
        written = news
        return TransmitterState(
            point: point, identity: transmitter.identity.text, heard: lastHeard, reception: reception,
            isMissing: isMissing, isTampered: isTampered, lowSince: lowSince.map(now.wall),
            lowTold: lowTold.map(now.wall))
    }

    // MARK: What is heard

    /// Takes a receiver's report of one of its codes.
    /// - Returns: the gestures it completed, and true if it is news that its button was pressed.
    mutating func take(_ report: RadioReport, isUrgent: Bool, _ now: Now) -> (told: [Gestures.Gesture], pressed: Bool) {
        guard report.phase == .began else { return (ended(report), false) }
        noteHeard(report, now)
        var before = sending[report.code]
        // That it had ended before was never told: the receiver was gone meanwhile.
        if before?.receivers.remove(report.receiver) != nil { before?.ended = .init(nanoseconds: .min / 2) }
        sending[report.code, default: Sending(receivers: [], ended: report.at)].receivers.insert(report.receiver)
        // Another receiver heard it first, or one that is late hears its end: it is the same press.
        if let before, !before.receivers.isEmpty || report.at - before.ended < transmitter.device.quietGap {
            return ([], false)
        }
        return act(on: report, isUrgent: isUrgent)
    }

    private mutating func act(on report: RadioReport, isUrgent: Bool) -> (told: [Gestures.Gesture], pressed: Bool) {
        switch transmitter.device.meaning(of: report.code) {
        case .press:
            let isThird = isUrgent && repetition.pressed(at: report.at)
            pressedSince = report.at
            let told = gestures.pressed(at: report.at) + (isThird ? [.init(service: .emergency, at: report.at)] : [])
            return (heard(told), true)
        case .service(let service): return (heard([.init(service: service, at: report.at)]), true)
        case .release: return (release(at: report.at), false)
        case .lowBattery: noteLow(at: report.at)
        case .tamper: isTampered = true
        case .alive: isTampered = false
        case .nothing: break
        }
        return ([], false)
    }

    private mutating func noteHeard(_ report: RadioReport, _ now: Now) {
        isMissing = false
        heardAt = max(heardAt, report.at)
        heardNow = report.at
        lastHeard = now.wall(at: report.at)
        reception = report.reception
        if transmitter.device.saysBatteryLow(report.code) { noteLow(at: report.at) }
        guard let told = lowTold, report.at - told > Self.batteryForgotten else { return }
        (lowSince, lowTold, daysLow) = (nil, nil, 0)
    }

    private mutating func noteLow(at moment: Moment) {
        lowSince = lowSince ?? moment
        lowTold = moment
    }

    private mutating func ended(_ report: RadioReport) -> [Gestures.Gesture] {
        guard sending[report.code] != nil else { return [] }
        sending[report.code]?.receivers.remove(report.receiver)
        sending[report.code]?.ended = report.at
        let isOver = sending[report.code]?.receivers.isEmpty ?? true
        sending = sending.filter { !$0.value.receivers.isEmpty || $0.key == report.code }
        guard isOver, transmitter.device.meaning(of: report.code) == .press else { return [] }
        return release(at: report.at)
    }

    private mutating func release(at moment: Moment) -> [Gestures.Gesture] {
        guard pressedSince != nil else { return [] }
        (pressedSince, isStuck) = (nil, false)
        return heard(gestures.released(at: moment))
    }

    private func heard(_ told: [Gestures.Gesture]) -> [Gestures.Gesture] {
        // A code can be copied off the air: it may call, and end nothing.
        told.filter { $0.service != .reset }.map { gesture in
            var gesture = gesture
            gesture.reception = reception
            return gesture
        }
    }

    // MARK: Receivers

    /// A receiver is gone: what only it heard is over.
    mutating func lost(_ receiver: ReceiverID, at moment: Moment) -> [Gestures.Gesture] {
        sending.filter { $0.value.receivers.contains(receiver) }.keys.flatMap { code in
            ended(RadioReport(receiver: receiver, code: code, phase: .ended, at: moment, frames: 0))
        }
    }

    /// Receivers work, or none does.
    mutating func receivers(hear: Bool, at moment: Moment) -> [Gestures.Gesture] {
        guard hear == isDeaf else { return [] }
        isDeaf = !hear
        // What it did meanwhile nobody knows: it is given its time anew.
        heardAt = max(heardAt, moment)
        guard !hear else { return [] }
        sending = [:]
        pressedSince = nil
        return heard(gestures.abandon())
    }

    // MARK: Time

    /// When `advance` has something to say.
    func deadline(stuckAfter: Duration) -> Moment? {
        [gestures.deadline.map { $0 + lag }, stuckAt(stuckAfter), missingAt, nextDay].compactMap { $0 }.min()
    }

    private func stuckAt(_ after: Duration) -> Moment? { isStuck ? nil : pressedSince.map { $0 + after } }

    private var missingAt: Moment? {
        guard !isMissing, !isDeaf, let supervision = transmitter.device.supervision else { return nil }
        return heardAt + supervision.limit
    }

    /// A low battery is told again every day.
    private var nextDay: Moment? { lowSince.map { $0 + Self.day * (daysLow + 1) } }

    /// Time has passed.
    mutating func advance(_ now: Moment, stuckAfter: Duration) -> [Gestures.Gesture] {
        if let stuckAt = stuckAt(stuckAfter), stuckAt <= now { isStuck = true }
        if let missingAt, missingAt <= now { isMissing = true }
        while let nextDay, nextDay <= now { daysLow += 1 }
        return heard(gestures.advance(to: now - lag))
    }
}

extension Gestures.Settings {
    /// That a radio button was let go is known late, and a second press within that time is the same one.
    fileprivate func overTheAir(_ device: RadioDevice) -> Gestures.Settings {
        var settings = self
        settings.doubleWithin += device.quietGap
        return settings
    }
}
