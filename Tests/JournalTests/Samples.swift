import CallCore
import Journal
/// Everything here runs one after the other: some tests measure.
import Testing

@Suite(.serialized) enum JournalTests {}

let boot = "5f1c0b7e-3f0a-4a53-9a54-0d2f6a9b1c11"
let own = JournalID(unchecked: "k3f9qz")
/// 2026-11-23T14:30:00Z.
let now = WallTime(milliseconds: 1_795_444_200_000)

func stamp(_ seconds: Int64, boot: String = boot) -> Stamp {
    Stamp(
        boot: boot, moment: Moment(nanoseconds: 812_345_678_901 + seconds * 1_000_000_000),
        wall: WallTime(milliseconds: now.milliseconds + seconds * 1000),
        quality: ClockQuality(synchronized: seconds % 2 == 0, uncertaintyMs: Int(seconds % 7)))
}

/// A call that has seen something: every field is set, and differently for each number.
func call(
    _ number: UInt64, journal: JournalID = own, service: ServiceID = .emergency, state: CallState = .accepted,
    label: String = "3号楼2单元401 床头", presses: Int = 2
) -> Call {
    let seconds = Int64(number % 100_000)
    var times: [CallState: WallTime] = [:]
    for (step, state) in [CallState.raised, .delivered, state].enumerated() {
        times[state] = WallTime(milliseconds: now.milliseconds + seconds * 1000 + Int64(step))
    }
    return Call(
        id: CallID(journal: journal, number: number), point: PointID(unchecked: "b3-u2-\(401 + number % 20)"),
        label: label, service: service, priority: service == .emergency ? 1 : 3, state: state, revision: presses + 2,
        presses: presses, raised: stamp(seconds), escalation: Int(number % 3), actor: "desk-1/王",
        reason: state.isClosed ? "helped" : nil, times: times, actors: [state: "desk-1/王"],
        pressTimes: (0..<min(presses, 20)).map { WallTime(milliseconds: now.milliseconds + Int64($0)) },
        waitingSince: number % 3 == 0 ? nil : stamp(seconds + 40, boot: number % 3 == 1 ? boot : "a-later-boot"),
        pressedRevision: presses + 1, openedRevision: 1 + Int(number % 2), isOnTheWay: number % 2 == 1)
}

func event(
    _ sequence: UInt64, of call: Call, type: CallEventType = .pressed, journal: JournalID = own, journaled: Bool = true
) -> CallEvent {
    CallEvent(
        journal: journal, sequence: sequence, type: type, occurred: stamp(Int64(sequence % 100_000)), call: call,
        journaled: journaled)
}

/// An event as the journal gives it back: what stands with the call alone is left out.
func kept(_ event: CallEvent) -> CallEvent {
    let call = event.call
    return CallEvent(
        journal: event.journal, sequence: event.sequence, type: event.type, occurred: event.occurred,
        call: Call(
            id: call.id, point: call.point, label: call.label, service: call.service, priority: call.priority,
            state: call.state, revision: call.revision, presses: call.presses, raised: call.raised,
            escalation: call.escalation, actor: call.actor, reason: call.reason, times: [:], actors: [:],
            pressTimes: [], isOnTheWay: call.isOnTheWay), journaled: event.journaled)
}

/// One press: its event and its call.
func press(_ number: UInt64, journal: JournalID = own, service: ServiceID = .emergency) -> Journal.Batch {
    let pressed = call(number, journal: journal, service: service)
    var batch = Journal.Batch()
    batch.events = [event(number, of: pressed, journal: journal)]
    batch.calls = [pressed]
    return batch
}

/// The answer to a command: each third was refused, each second named no call.
func answer(_ number: Int) -> CommandAnswer {
    let standing = CommandAnswer.Standing(
        id: CallID(journal: own, number: UInt64(number)), state: CallState.allCases[number % CallState.allCases.count],
        revision: number, actor: number % 5 == 0 ? nil : "desk-1/王")
    return CommandAnswer(
        id: "desk-1-\(number)", command: "accept", refusal: number % 3 == 0 ? "`revision`: it was pressed again" : nil,
        call: number % 2 == 0 ? nil : standing)
}

/// A batch of nothing but answers.
func answers(_ numbers: ClosedRange<Int>) -> Journal.Batch {
    var batch = Journal.Batch()
    batch.answers = numbers.map(answer)
    return batch
}
