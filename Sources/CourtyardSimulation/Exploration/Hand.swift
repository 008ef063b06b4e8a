internal import CallCore

/// The hand at the contacts. It knows what it did, which is what the gateway is held against.
final class Hand {
    /// A press that the driver has seen: it must be told.
    struct Made {
        let point: PointID
        let boot: String
        /// Between these monotonic times its first edge was: the same moment twice, unless edges were lost or it came over
        /// the air.
        let first: ClosedRange<Moment>
        /// It was sent, and a receiver that hears takes it in by then, or none does (nil).
        var heardWithin: Duration?
    }

    private let agenda: Agenda
    private let gateway: VirtualGateway
    private let points: [PointID: CallPoint]
    /// One in so many edges is lost; nil: none.
    var losesOneIn: Int?
    /// A press has begun that the gateway can see.
    var onPress: ((Made, _ closing: Duration) -> Void)?
    /// The contact has been let go.
    var onRelease: ((PointID, Moment) -> Void)?
    /// A contact flickers between these moments of the world: what is told of it is not certain.
    var onFlicker: ((PointID, ClosedRange<Moment>) -> Void)?
    private var busyUntil: [PointID: Moment] = [:]
    /// How often it has let go of everything: what it was about to do then, it doesn't do any more.
    private var rests = 0
    private var airIsFreeAt = Moment(nanoseconds: 0)
    private var dice: Dice

    init(_ gateway: VirtualGateway, _ agenda: Agenda, _ dice: Dice) {
        self.gateway = gateway
        self.agenda = agenda
        self.dice = dice
        points = Dictionary(uniqueKeysWithValues: gateway.rules.points.map { ($0.id, $0) })
    }

    /// Presses, once or several times; a hand that is still at this button does nothing.
    /// - Parameter pause: from one release to the next press.
    func press(_ point: PointID, _ presses: [Press], pause: Duration) {
        let lasts = presses.reduce(Duration.zero) { $0 + $1.lasts + pause }
        guard claim(point, for: lasts + .seconds(1)) else { return }
        var start = Duration.zero
        for press in presses {
            let begin = start
            if begin == .zero {
                play(press, at: point)
            } else {
                agenda.after(begin) { [self] in play(press, at: point) }
            }
            start += press.lasts + pause
        }
    }

    private func play(_ press: Press, at point: PointID) {
        let first = gateway.clock.moment
        // What was lost of the edges was read anew some milliseconds later.
        let latest = losesOneIn == nil ? first : first + press.lasts + .milliseconds(30)
        onPress?(
            Made(point: point, boot: gateway.boot, first: first...latest), press.closing.reduce(.zero, +))
        edge(point, true)
        var at = Duration.zero
        for (index, span) in press.closing.enumerated() {
            at += span
            move(point, index % 2 == 1, after: at)
        }
        at = press.hold
        move(point, false, after: at)
        for (index, span) in press.opening.enumerated() {
            at += span
            move(point, index % 2 == 0, after: at)
        }
        agenda.after(at) { [self] in onRelease?(point, gateway.clock.moment) }
    }

    /// A spike of `width`; nobody pressed.
    func spike(_ point: PointID, _ width: Duration) {
        guard claim(point, for: .milliseconds(200)) else { return }
        gateway.set(point, made: true)
        agenda.after(width) { [self] in gateway.set(point, made: false) }
    }

    /// A loose contact: what the gateway makes of it is its own affair, within bounds.
    func flicker(_ point: PointID, edges: Int, every span: Duration) {
        let lasts = span * edges
        guard claim(point, for: lasts + .seconds(1)) else { return }
        let now = agenda.now
        onFlicker?(point, now...(now + lasts + .milliseconds(100)))
        for edge in 0..<edges { move(point, edge % 2 == 0, after: span * edge) }
        agenda.after(lasts) { [self] in gateway.set(point, made: false) }
    }

    /// Holds it for long.
    func jam(_ point: PointID, for span: Duration) {
        press(point, [Press(hold: span)], pause: .zero)
    }

    /// Lets go of everything.
    func rest() {
        losesOneIn = nil
        rests += 1
        for point in points.keys.sorted() where gateway.made[point] != nil { gateway.set(point, made: false) }
    }

    // MARK: The air

    /// From a press to its second equal frame, and the driver's reading it.
    private static let heardWithin = Duration.milliseconds(400)

    /// A transmitter is pressed; while somebody else sends, nobody does.
    func send(_ point: PointID, held: Duration) {
        guard let radio = points[point]?.radio, airIsFreeAt <= agenda.now, claim(point, for: held + .seconds(3)) else {
            return
        }
        let begin = gateway.clock.moment
        let isHeard = gateway.receivers.areHeard
        onPress?(
            Made(
                point: point, boot: gateway.boot, first: begin...(begin + Self.heardWithin),
                heardWithin: isHeard ? Self.heardWithin : nil), .zero)
        let lasts = transmit(radio.code, held: held)
        agenda.after(lasts) { [self] in onRelease?(point, gateway.clock.moment) }
    }

    /// A transmitter that nobody enrolled.
    func sendForeign(_ value: UInt64) {
        guard airIsFreeAt <= agenda.now else { return }
        _ = transmit(RadioCode(.ev1527, value: 0xF00000 | value & 0xfffff, bits: 24), held: .milliseconds(300))
    }

    private func transmit(_ code: RadioCode, held: Duration) -> Duration {
        var sent = Transmissions()
        let keying = Keying(base: 250_000 + Int64(dice.below(200_000)))
        let lasts = sent.press(code, keying, after: .zero, held: held, fading: 0, &dice)
        airIsFreeAt = agenda.now + lasts + .seconds(1)
        for receiver in gateway.rules.receivers {
            var air = Air(dice.split())
            air.hissAfter = nil
            gateway.receivers.hear(receiver.id, sent.edges(through: air))
        }
        return lasts
    }

    func noise(for span: Duration) {
        guard airIsFreeAt <= agenda.now else { return }
        airIsFreeAt = agenda.now + span + .seconds(1)
        let kind = Noise.allCases[dice.below(Noise.allCases.count)]
        var (edges, at): ([Air.Edge], Int64) = ([], 0)
        while at < span.nanoseconds || edges.count % 2 == 1 {
            edges.append(Air.Edge(carrier: edges.count % 2 == 0, at: at))
            at += kind.length(&dice)
        }
        gateway.receivers.hear(gateway.rules.receivers[0].id, edges)
    }

    private func claim(_ point: PointID, for span: Duration) -> Bool {
        guard points[point] != nil, busyUntil[point].map({ $0 <= agenda.now }) ?? true else { return false }
        busyUntil[point] = agenda.now + span
        return true
    }

    private func move(_ point: PointID, _ made: Bool, after span: Duration) {
        guard span > .zero else { return edge(point, made) }
        agenda.after(span) { [self, rests] in if rests == self.rests { edge(point, made) } }
    }

    private func edge(_ point: PointID, _ made: Bool) {
        let isLost = losesOneIn.map { dice.oneIn($0) } ?? false
        gateway.set(point, made: made, isLost: isLost)
    }
}
