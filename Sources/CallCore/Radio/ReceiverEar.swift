/// One receiver as its driver hears it: its decoder, and whether what comes from it is what a sound receiver gives.
///
/// Belongs to the driver's thread. Edges in; presses, and changes of the receiver's condition, out. Noise costs nothing
/// more than decoding it.
public struct ReceiverEar: Sendable {
    /// A receiver that isn't squelched gives out noise at thousands of edges a second. So long without any, and it has no
    /// power, or its wire is broken.
    public static let silentAfter = Duration.seconds(60)
    /// The last so many seconds are looked at …
    static let window = 60
    /// … and when so many of them were occupied, the air is jammed.
    static let jammedAt = 30
    /// A second is occupied in which the carrier stands for so many nanoseconds, …
    private static let standingCarrier: Int64 = 900_000_000
    /// … or in which so many runs of bits or frames come: a button that is held sends 11 to 26 frames a second.
    private static let busyRuns = 10
    /// More presses than this in the window are not people's: sixty of a whole courtyard at once would be heard as a few.
    static let floodAt = 120
    static let floodText = "\(floodAt) presses within \(window) s"

    /// One second.
    private struct Second: Sendable {
        var isOccupied = false
        var presses = 0
    }

    /// Whose ear it is.
    public let id: ReceiverID
    private let isSquelched: Bool
    private var decoder: RadioDecoder
    private var level = false
    private var edges = 0
    private var lastEdge: Moment
    /// Since when the carrier's time is counted, in this second.
    private var counted: Moment
    private var carried: Int64 = 0
    private var second: Moment
    private var before = RadioVerdicts()
    private var seconds: [Second] = Array(repeating: Second(), count: window)
    private var next = 0
    /// How it is.
    public private(set) var condition = ReceiverCondition.working

    /// - Parameters:
    ///   - protocols: what is listened for.
    ///   - moment: from when on it is listened to.
    public init(_ receiver: RadioReceiver, protocols: Set<RadioProtocol>, at moment: Moment) {
        id = receiver.id
        isSquelched = receiver.isSquelched
        decoder = RadioDecoder(receiver: receiver.id, protocols: protocols)
        (lastEdge, counted, second) = (moment, moment, moment)
    }

    /// What came of it so far.
    public var statistics: ReceiverStatistics {
        var found = ReceiverStatistics()
        (found.edges, found.verdicts) = (edges, decoder.verdicts)
        found.occupiedSeconds = seconds.count(where: \.isOccupied)
        return found
    }

    /// Takes in one edge, no earlier than the one before: the carrier comes or goes.
    public mutating func take(carrier: Bool, at moment: Moment) {
        if (moment - second).components.seconds >= 1 { tick(moment) }
        if level { carried += max(0, (moment - counted).nanoseconds) }
        (level, counted, lastEdge) = (carrier, moment, moment)
        edges += 1
        _ = decoder.take(carrier: carrier, at: moment)
    }

    /// Edges were lost: what is under way is no use.
    public mutating func lostEdges() { decoder.lostEdges() }

    /// Takes in that no edge has come until `moment`.
    public mutating func pass(until moment: Moment) {
        _ = decoder.pass(until: moment)
        if (moment - second).components.seconds >= 1 { tick(moment) }
    }

    /// When ``pass(until:)`` is wanted at the latest, if no edge comes; nil while nothing is under way.
    public var nextDeadline: Moment? {
        // Of a quiet pin that was well nothing is to be said until its next edge, or its silence.
        let isCounting = level || isJammed || isFlooding
        let silence = isSquelched || condition == .silent ? nil : lastEdge + Self.silentAfter
        return [decoder.nextDeadline, isCounting ? second + .seconds(1) : nil, silence].compactMap { $0 }.min()
    }

    /// The presses there are to tell, in the order in which they happened.
    public mutating func takeReports() -> [RadioReport] { decoder.takeReports() }

    // MARK: Seconds

    /// Closes the seconds that are over.
    private mutating func tick(_ moment: Moment) {
        while (moment - second).components.seconds >= 1 {
            let end = second + .seconds(1)
            if level, counted < end {
                carried += (end - counted).nanoseconds
                counted = end
            }
            let verdicts = decoder.verdicts
            let runs = verdicts.broken - before.broken + verdicts.frames - before.frames
            seconds[next] = Second(
                isOccupied: carried >= Self.standingCarrier || runs >= Self.busyRuns,
                presses: verdicts.presses - before.presses)
            next = (next + 1) % Self.window
            (before, carried, second) = (verdicts, 0, end)
            // After a long rest all seconds are alike.
            let rest = (moment - second).components.seconds - Int64(Self.window)
            if !level, rest > 0 { second = second + .seconds(rest) }
        }
        judge(moment)
    }

    private mutating func judge(_ moment: Moment) {
        let occupied = seconds.count(where: \.isOccupied)
        let presses = seconds.reduce(0) { $0 + $1.presses }
        if !isSquelched, !level, moment - lastEdge >= Self.silentAfter {
            condition = .silent
        } else if occupied >= Self.jammedAt || (occupied > 0 && isJammed) {
            if !isJammed { condition = .jammed("occupied for \(Self.jammedAt) s of \(Self.window) s") }
        } else if presses >= Self.floodAt || (presses > Self.floodAt / 2 && isFlooding) {
            if !isFlooding { condition = .flooding(Self.floodText) }
        } else {
            condition = .working
        }
    }

    private var isJammed: Bool { if case .jammed = condition { true } else { false } }
    private var isFlooding: Bool { if case .flooding = condition { true } else { false } }
}
