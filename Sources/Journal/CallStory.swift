internal import CallCore

/// One row of a call's history, as far as a report needs it.
struct StoryEvent {
    let type: CallEventType
    let occurred: Stamp
    /// When the call was raised, as it was known then: a clock that is set later corrects it in later events.
    let raised: Stamp
    let revision: Int
    let presses: Int
    let reason: String?
}

/// How long something took.
enum Wait: Equatable {
    /// By the monotonic clock: both ends lie in one boot.
    case measured(Duration)
    /// By the wall clock, which was synchronised at both ends.
    case byWallClock(Duration)
    case unknown

    init(from start: Stamp, to end: Stamp) {
        let wall = end.wall.milliseconds - start.wall.milliseconds
        switch (start.boot == end.boot, start.quality.synchronized && end.quality.synchronized) {
        case (true, _): self = start.moment <= end.moment ? .measured(end.moment - start.moment) : .unknown
        case (false, true): self = wall >= 0 ? .byWallClock(.milliseconds(wall)) : .unknown
        case (false, false): self = .unknown
        }
    }

    var duration: Duration? {
        switch self {
        case .measured(let duration), .byWallClock(let duration): duration
        case .unknown: nil
        }
    }
}

/// What became of one call, from its events. They may come from two series, when the journal failed in between, and so
/// in any order.
struct CallStory {
    private(set) var presses = 0
    /// How long it took until each of these first happened.
    private(set) var waits: [CallEventType: Wait] = [:]
    private(set) var escalations = 0
    private(set) var reopenings = 0
    private(set) var cancelledBecause: String?
    private(set) var isClosed = false
    /// The event with which it began is among those seen.
    private(set) var hasBegun = false
    /// What the latest event says of when it was raised.
    private(set) var isClockCertain = true
    private(set) var revision = 0

    mutating func add(_ event: StoryEvent) {
        presses = max(presses, event.presses)
        if event.revision >= revision {
            revision = event.revision
            isClockCertain = event.raised.quality.synchronized
        }
        switch event.type {
        case .pressed: break
        case .raised: hasBegun = true
        case .delivered, .accepted, .arrived, .tested: note(event)
        case .resolved:
            note(event)
            isClosed = true
        case .cancelled:
            cancelledBecause = event.reason ?? ""
            isClosed = true
        case .escalated: escalations += 1
        case .reopened: reopenings += 1
        }
    }

    private mutating func note(_ event: StoryEvent) {
        let wait = Wait(from: event.raised, to: event.occurred)
        guard let known = waits[event.type] else { return waits[event.type] = wait }
        if let before = known.duration, let now = wait.duration, now < before { waits[event.type] = wait }
    }

    /// It may have events of this call's that give another date for when it was raised: the clock was set in between.
    var mayHaveOtherDates: Bool { !hasBegun || !isClockCertain && !isClosed }
}

/// Adds up the stories of one service.
struct StoryTally {
    private static let steps: [CallEventType] = [.delivered, .accepted, .arrived, .resolved]

    private var times: ServiceTimes
    private var tests = TestTimes()
    private var durations: [CallEventType: [Duration]] = [:]
    private var quality = ResponseTimes.Quality()

    init(_ service: ServiceID) { times = ServiceTimes(service: service) }

    mutating func add(_ story: CallStory) {
        times.calls += 1
        times.presses += story.presses
        for step in Self.steps + [.tested] { take(story.waits[step], step) }
        if let wait = story.waits[.accepted]?.duration {
            if wait <= ServiceTimes.promptly { times.acceptedPromptly += 1 }
            if wait <= ServiceTimes.inTime { times.acceptedInTime += 1 }
        }
        if story.waits[.tested] != nil { tests.answered += 1 }
        switch story.cancelledBecause {
        case nil: break
        case "expired": times.expired += 1
        case "outside-hours": times.outsideHours += 1
        default: times.otherwiseCancelled += 1
        }
        times.escalated.add(story.escalations)
        times.reopened.add(story.reopenings)
        if !story.isClosed { times.open += 1 }
    }

    private mutating func take(_ wait: Wait?, _ step: CallEventType) {
        switch wait {
        case nil: return
        case .unknown: quality.leftOut += 1
        case .byWallClock: quality.byWallClock += 1
        case .measured: break
        }
        if let duration = wait?.duration { durations[step, default: []].append(duration) }
    }

    /// Nil if there were no calls.
    var result: ServiceTimes? {
        guard times.calls > 0 else { return nil }
        var result = times
        result.delivered = spread(.delivered)
        result.accepted = spread(.accepted)
        result.arrived = spread(.arrived)
        result.resolved = spread(.resolved)
        result.quality = quality
        return result
    }

    /// The same for the service `test`, whose calls are answered and nothing else.
    var testResult: TestTimes? {
        guard times.calls > 0 else { return nil }
        var result = tests
        result.calls = times.calls
        result.roundTrip = spread(.tested)
        result.quality = quality
        return result
    }

    private func spread(_ step: CallEventType) -> ResponseTimes.Spread { .init(durations[step] ?? []) }
}
