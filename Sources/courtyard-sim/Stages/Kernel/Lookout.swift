internal import CallCore

/// When the lines of outputs are looked at, and what is read from them.
struct Lookout {
    /// Often enough to read a rhythm; not to miss the beginning of one where something has just happened; and to find it
    /// where nothing has for a while, at an interval that no rhythm of a lamp is a multiple of.
    private static let often = Duration.milliseconds(10)
    private static let seldom = Duration.milliseconds(50)
    private static let rarely = Duration.milliseconds(190)
    /// After this long nothing is expected to happen.
    private static let quietAfter = Duration.seconds(10)

    private var readers: [SignalReader] = []
    private var lastHappening: Moment
    /// When it wants to look next.
    private(set) var next: Moment

    init(at moment: Moment) { (lastHappening, next) = (moment, moment) }

    var isEmpty: Bool { readers.isEmpty }
    var isUndecided: Bool { readers.contains(where: \.isUndecided) }

    /// Watches one output more.
    mutating func watch(_ output: BoardOutput, at moment: Moment) {
        readers.append(SignalReader(output, at: moment))
    }

    /// Something was done that outputs may follow.
    mutating func happened(at moment: Moment) { lastHappening = moment }

    /// Looks at every output.
    /// - Parameter level: the level of the output of that number, in the order in which they were added; nil if it can't
    ///   be read.
    /// - Returns: the signals of outputs that were found to have changed.
    mutating func look(at now: Moment, level: (Int) -> Bool?) -> [(output: Int, signal: String)] {
        var shown: [(output: Int, signal: String)] = []
        let isQuiet = lastHappening + Self.quietAfter < now
        for index in readers.indices {
            guard let isOn = level(index) else { continue }
            if isQuiet, readers[index].glance(isOn, at: now) { continue }
            lastHappening = isQuiet ? now : lastHappening
            if let signal = readers[index].take(isOn, at: now) {
                lastHappening = now
                shown.append((index, signal))
            }
        }
        let isAtRest = readers.allSatisfy(\.isSteady)
        next = now + (lastHappening + Self.quietAfter < now ? Self.rarely : isAtRest ? Self.seldom : Self.often)
        return shown
    }
}
