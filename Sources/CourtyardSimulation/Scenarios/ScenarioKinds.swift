internal import CallContract
internal import CallCore
internal import SiteConfig

// What values of a scenario may be, besides those that a site file has.

extension Kind<Duration> {
    /// A span of the story.
    static let span = Kind<Duration>.duration(.zero...(.seconds(30 * 86_400)))

    /// A span that goes forward, or back.
    static let step = Kind<Duration>("a duration, or - and a duration (-1h)", unit: DurationText.units) { text in
        let isBack = text.hasPrefix("-")
        guard let span = DurationText.parse(String(isBack ? text.dropFirst() : text[...])) else { return nil }
        return isBack ? .zero - span : span
    }
}

/// How long people take, or that they don't.
enum Pace: Hashable {
    case never
    case after(Duration)

    /// Longer than any story.
    var duration: Duration {
        guard case .after(let duration) = self else { return .seconds(3650 * 86_400) }
        return duration
    }
}

extension Kind<Pace> {
    static let pace = Kind<Pace>("a duration (5s, 1min), or never", unit: DurationText.units) { text in
        if text == "never" { return Pace.never }
        return DurationText.parse(text).map { .after($0) }
    }
}

extension Kind<WallTime> {
    /// RFC 3339, with any offset.
    static let wallTime = Kind<WallTime>("a date and time with its offset, such as 2026-08-24T03:14:00+08:00") { text in
        if text.hasSuffix("Z") { return WallTime(text) }
        let offset = text.suffix(6)
        let digits = offset.utf8.map { Int64($0) - 48 }
        guard digits.count == 6, let sign = offset.first, sign == "+" || sign == "-", digits[3] == 10,
            [1, 2, 4, 5].allSatisfy({ (0...9).contains(digits[$0]) }),
            let time = WallTime(text.dropLast(6) + "Z")
        else { return nil }
        let minutes = (digits[1] * 10 + digits[2]) * 60 + digits[4] * 10 + digits[5]
        return WallTime(milliseconds: time.milliseconds - (sign == "+" ? minutes : -minutes) * 60_000)
    }
}

/// One stretch of a bounce pattern that is written out.
struct Stretch: Hashable {
    let span: Duration
    let made: Bool
}

extension Kind<Stretch> {
    static let stretch = Kind<Stretch>("a duration and made or open, such as 1ms made or 0.3ms open") { text in
        let words = text.split(separator: " ")
        guard words.count == 2, let span = DurationText.parse(String(words[0])), ["made", "open"].contains(words[1])
        else { return nil }
        return Stretch(span: span, made: words[1] == "made")
    }
}

extension Kind<String> {
    /// Sentences, on as many lines as they take.
    static let prose = Kind<String>("1 to 2000 characters, without control characters") { text in
        let words = text.split { $0 == "\n" || $0 == " " }.joined(separator: " ")
        return Kind<String>.text(1...2000).read(words) == nil ? nil : words
    }

    /// A topic below the gateway's, or a whole one.
    static let topic = Kind<String>("a topic without wildcards; below the gateway's unless it begins with courtyard/") {
        (1...200).contains($0.utf8.count) && !$0.utf8.contains(where: { [35, 43, 0].contains($0) }) ? $0 : nil
    }

    /// A payload as it is.
    static let payload = Kind<String>("a text of up to 100,000 bytes") { $0.utf8.count <= 100_000 ? $0 : nil }

    /// A command's id.
    static let commandID = Kind<String>("1 to 64 of a-z, 0-9 and -") { DeskID($0)?.text }

    /// Some of the words that are found there.
    static let words = Kind<String>.text(1...200)
}

/// What a desk does, in a word.
enum DeskWord: String, CaseIterable {
    case works, listens, ignores, leaves, crashes
}

/// What happens to brokers, in a word.
enum BrokerWord: String, CaseIterable {
    case stop, kill, start, blackhole, refuse, slow, restore
}

enum PowerWord: String, CaseIterable { case cut, on }
enum ClockWord: String, CaseIterable { case unknown, right }
enum CardWord: String, CaseIterable { case new }
enum CloneWord: String, CaseIterable { case appears, goes }
enum WireWord: String, CaseIterable { case cut, whole }
enum FaultWord: String, CaseIterable { case set, cleared }
enum AnswerWord: String, CaseIterable { case accepted, refused }
enum ClockQualityWord: String, CaseIterable { case right, unknown }
/// What a point's supervision says of it.
enum PointWord: String, CaseIterable {
    case ok, waiting, stuck
    case wireOpen = "wire-open"
    case missing, renamed, busy, refused, unheard, silent
    case notEnrolled = "not-enrolled"
}

/// An event's type, or any.
enum EventWord: Hashable {
    case any
    case type(CallEventType)
}

extension Kind<EventWord> {
    static let event = Kind<EventWord>(CallEventType.allCases.map(\.rawValue).joined(separator: ", ") + ", or any") {
        $0 == "any" ? .any : CallEventType(rawValue: $0).map { .type($0) }
    }
}

extension Kind<FaultID> {
    /// The faults of the contract.
    static let fault: Kind<FaultID> = {
        let known: [FaultID] = [
            .nobodyListening, .deskAway, .testMissed, .brokerAway, .notAuthorised, .clonedIdentity, .lineStuck,
            .wireOpen, .rateLimited, .eventsLost, .lineMissing, .lineRenamed, .lineBusy, .lineRefused, .outputFailing,
            .journalFailing, .journalReplaced, .clockNotSynchronised, .clockStepped, .certificateExpiring,
            .siteFileRefused, .simulatedHardware, .receiverDead, .receiverSilent, .receiverJammed, .receiverFlooding,
            .pointMissing, .batteryLow, .tampered, .walkTest,
        ]
        return Kind<FaultID>(known.map(\.text).joined(separator: ", ")) { text in known.first { $0.text == text } }
    }()
}

extension Kind<Signal> {
    static let signal = Kind<Signal>(Signal.allCases.map(\.rawValue).joined(separator: ", ")) { Signal(rawValue: $0) }
}
