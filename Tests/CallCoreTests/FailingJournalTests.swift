import CallCore
import Testing

/// While the journal can't be written, what it holds as open stays open: a power cut would bring it back under an id that
/// every display takes for closed for ever.
@Suite("Ending calls while the journal fails") struct FailingJournalTests {
    private let substitute = JournalID("vol4ti")!

    /// An emergency that somebody has gone to, and then the journal fails.
    private func arrived(_ rules: SiteRules? = nil) -> (Followed, Call) {
        var world = Followed(rules ?? SiteRules(points: [bed, kitchen], dailyTestMinute: nil))
        world.press(bed)
        let id = world.call()!.id
        _ = world.ask(.accept(id, revision: world.call()!.revision, onTheWay: false))
        _ = world.ask(.arrive(id, revision: world.call()!.revision))
        world.tell(.journalFailed(reason: "disk full", substitute: substitute))
        return (world, world.call()!)
    }

    @Test(
        "A desk can't end a call that the journal holds; the refusal is not remembered, so that the same id works later"
    )
    func refusedForNow() {
        var (world, call) = arrived()
        let resolve = CallCommand.Request.resolve(call.id, revision: call.revision, outcome: "helped")
        let cancel = CallCommand.Request.cancel(call.id, revision: call.revision, reason: "mistake")
        for (request, id) in [(resolve, "r1"), (cancel, "c1")] {
            let answer = world.ask(request, id: id)
            #expect(answer.refusal == "journal: can't be written (disk full), ask again later")
            #expect(world.call()?.state == .arrived)
        }
        world.tell(.journalRecovered)
        #expect(world.ask(resolve, id: "r1").refusal == nil)
        #expect(world.call() == nil)
    }

    @Test("Whoever presses again where somebody has been gets a call of their own, which can be ended")
    func pressedAgain() {
        var (world, call) = arrived()
        let told = world.press(bed)
        #expect(told.events.map(\.type) == [.pressed, .raised])
        let fresh = told.events[1].call
        #expect(fresh.id.journal == substitute && world.courtyard.openCalls.count == 2)
        _ = world.ask(.accept(fresh.id, revision: fresh.revision, onTheWay: false))
        let revision = world.courtyard.call(fresh.id)!.revision
        #expect(world.ask(.resolve(fresh.id, revision: revision, outcome: "helped")).refusal == nil)
        #expect(world.courtyard.openCalls.map(\.id) == [call.id])
    }

    @Test("A press joins a call that nobody has answered yet, also while the journal fails")
    func joins() {
        var world = Followed()
        world.press(bed)
        world.tell(.journalFailed(reason: "disk full", substitute: substitute))
        #expect(world.press(bed).events.map(\.type) == [.pressed])
        #expect(world.call()?.presses == 2 && world.courtyard.openCalls.count == 1)
    }

    @Test("The reset at the call point ends it once the journal can be written")
    func reset() {
        var resetting = bed
        resetting.gestures.double = .reset
        var (world, call) = arrived(SiteRules(points: [resetting, kitchen], dailyTestMinute: nil))
        func pressTwice() -> [Action] { world.press(resetting) + world.press(resetting) + world.wait(.seconds(3)) }
        #expect(!pressTwice().events.contains { $0.type == .resolved })
        #expect(world.courtyard.call(call.id)?.state == .arrived)
        world.tell(.journalRecovered)
        #expect(pressTwice().events.contains { $0.type == .resolved && $0.call.id == call.id })
    }

    @Test("An order that runs out meanwhile is cancelled when the journal can be written again")
    func expiry() {
        var world = Followed()
        world.press(kitchen)
        let id = world.call(.meal)!.id
        world.tell(.journalFailed(reason: "disk full", substitute: substitute))
        #expect(!world.wait(.seconds(6 * 3600)).events.contains { $0.type == .cancelled })
        #expect(world.courtyard.call(id) != nil)
        world.tell(.journalRecovered)
        let cancelled = world.wait(.milliseconds(1)).events.first { $0.type == .cancelled }
        #expect(cancelled?.call.id == id && cancelled?.call.reason == "expired")
    }
}

/// For how long a message about an order is of use.
@Suite("What is left of an order's time") struct TimeLeftTests {
    @Test("A clock that is set far ahead after a restart takes nothing off an order, nor off its messages")
    func clockSet() {
        var before = Followed()
        before.press(kitchen)
        let order = before.call(.meal)!
        var world = Followed(open: [order], boot: "boot-2")
        let left = world.courtyard.timeLeft(of: order, world.now)!
        world.wallOffset = 400 * 86_400_000
        world.tell(.timePassed)
        #expect(world.courtyard.timeLeft(of: world.call(.meal)!, world.now)! >= left - .seconds(1))
        #expect(world.call(.meal) != nil)
    }
}
