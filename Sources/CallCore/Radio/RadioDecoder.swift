/// Decodes what one receiver hears: edges in, presses out. Belongs to one thread; costs no allocation while nothing is
/// decoded, since a cheap receiver gives out noise at 20,000 edges a second for ever.
///
/// edges → pulses → runs of bits → frames → equal frames → presses. Each step is a type of its own.
public struct RadioDecoder: Sendable {
    /// The protocols that are listened for.
    public let protocols: Set<RadioProtocol>
    /// What became of what was heard so far.
    public private(set) var verdicts = RadioVerdicts()

    private let receiver: ReceiverID
    private let hasKAKU: Bool
    private let hasHT12E: Bool
    private var run = PulseRun()
    private var kaku = KAKU()
    private var ht12e = HT12E()
    private var matcher = FrameMatcher()
    private var presses: RadioPresses
    /// The last edges: when the carrier came, and went after that.
    private var rise: Int64?
    private var fall: Int64?
    /// The gap behind `fall` was taken for silence already.
    private var wasSilent = false

    /// A gap this long is silence: whatever was under way has ended. Longer than any header or end gap that something
    /// follows, 32 × 582 µs.
    static let silence: Int64 = 20_000_000
    /// Fewer bits in a row are what noise gives.
    private static let noticed = 8
    /// The shortest bit of what ends with a gap, and room for transmitters that are off by a quarter: 48 buttons of the
    /// EV1527's kind have 676 µs and more, KeeLoq 600 (HCS300 data sheet, table 8-4). Identity tags that send without end
    /// have 350 µs and look the same otherwise.
    private static let shortestBeforeGap: Int64 = 480_000

    /// - Parameter protocols: those that are on by default, unless it says otherwise.
    public init(
        receiver: ReceiverID, protocols: Set<RadioProtocol> = Set(RadioProtocol.keyed.filter(\.isOnByDefault))
    ) {
        self.receiver = receiver
        self.protocols = protocols
        hasKAKU = protocols.contains(.kaku)
        hasHT12E = protocols.contains(.ht12e)
        presses = RadioPresses(receiver: receiver)
    }

    /// Takes in one edge of the DATA pin: the carrier comes or goes, at a moment no earlier than the one before. Two edges
    /// in the same direction mean that one was lost.
    /// - Returns: true if there is something to be taken with ``takeReports()``.
    public mutating func take(carrier: Bool, at moment: Moment) -> Bool {
        let at = moment.nanoseconds
        if carrier {
            if let rise, let fall, !wasSilent { take(Pulse(high: fall - rise, low: at - fall, start: rise)) }
            (rise, fall, wasSilent) = (at, nil, false)
        } else if rise != nil, fall == nil {
            fall = at
        } else {
            lostEdges()
        }
        return presses.hasReports
    }

    /// Takes in that no edge has come until `moment`: ends frames that nothing follows, and presses that are over.
    /// - Returns: true if there is something to be taken with ``takeReports()``.
    public mutating func pass(until moment: Moment) -> Bool {
        let at = moment.nanoseconds
        if let rise, let fall, !wasSilent, at - fall >= Self.silence {
            take(Pulse(high: fall - rise, low: at - fall, start: rise))
            wasSilent = true
        }
        presses.pass(until: at)
        return presses.hasReports
    }

    /// Edges were lost: what is under way is no use.
    public mutating func lostEdges() { (rise, fall, wasSilent, run) = (nil, nil, false, PulseRun()) }

    /// When ``pass(until:)`` is wanted at the latest, if no edge comes; nil while nothing is under way.
    public var nextDeadline: Moment? {
        let frame = wasSilent ? nil : fall.map { $0 + Self.silence }
        return [frame, presses.nextDeadline].compactMap { $0 }.min().map { Moment(nanoseconds: $0) }
    }

    /// What there is to tell, in the order in which it happened.
    public mutating func takeReports() -> [RadioReport] { presses.takeReports() }

    // MARK: Pulses

    private mutating func take(_ pulse: Pulse) {
        if !run.take(pulse) { end(at: pulse) }
        if hasKAKU, let frame = kaku.take(pulse) { take(frame) }
        if hasHT12E, let frame = ht12e.take(pulse) { take(frame) }
    }

    private mutating func end(at pulse: Pulse) {
        // Longer than a bit by half of one, behind a pulse that is none: an end.
        let isGap =
            run.count > 0
            ? pulse.low * 2 >= run.period * 3 && pulse.high < run.period : pulse.low > pulse.high * 3
        if run.count >= Self.noticed {
            let finished = FinishedRun(run: run, last: pulse)
            if let frame = isGap
                ? frame(finished) : ActivLink.ends(with: pulse, period: run.period) ? activLink(finished) : nil
            {
                take(frame)
            } else {
                verdicts.broken += 1
            }
        }
        run.restart(behind: pulse, isGap: isGap)
    }

    private func frame(_ finished: FinishedRun) -> RadioFrame? {
        guard finished.period > Self.shortestBeforeGap else { return nil }
        let frame: RadioFrame? =
            switch finished.count {
            case 23, 24: EV1527.frame(of: finished)
            case 25: SMC5326.frame(of: finished)
            case 32, 48: FixedCodeBell.frame(of: finished)
            case 65: KeeLoq.frame(of: finished)
            default: nil
            }
        return frame.flatMap { protocols.contains($0.code.radioProtocol) ? $0 : nil }
    }

    private func activLink(_ finished: FinishedRun) -> RadioFrame? {
        protocols.contains(.activlink) ? ActivLink.frame(of: finished) : nil
    }

    // MARK: Frames

    private mutating func take(_ frame: RadioFrame) {
        switch matcher.take(frame) {
        case .alone: verdicts.alone += 1
        case .differs: verdicts.differing += 1
        case .confirmed(let first):
            verdicts.alone -= 1
            verdicts.frames += 2
            if presses.heard(frame, twiceSince: first) { verdicts.presses += 1 }
        case .again:
            verdicts.frames += 1
            _ = presses.heard(frame, twiceSince: nil)
        }
    }
}
