import CallCore
import Testing

/// What happens to a call by itself.
@Suite("Following calls") struct FollowingTests {
    @Test("Offered again at 2, 4 and 8 s, then every 15 s, until a desk has received it")
    func offers() throws {
        var world = Followed()
        world.press(bed)
        let raised = world.call()!.raised.moment
        var times: [Int64] = []
        for _ in 0..<600 {
            if !world.wait(.milliseconds(100)).offers.isEmpty {
                times.append((world.now.moment - raised).milliseconds / 1000)
            }
        }
        #expect(times == [2, 4, 8, 23, 38, 53])
        world.command(.received(world.call()!.id, revision: world.call()!.revision))
        #expect(world.wait(.seconds(50)).offers.isEmpty)
    }

    @Test("An emergency that nobody accepts is escalated after a minute and every minute, for ever")
    func escalation() throws {
        var world = Followed()
        world.press(bed)
        world.command(.received(world.call()!.id, revision: 1))
        #expect(world.wait(.seconds(59)).types.isEmpty)
        #expect(world.wait(.seconds(2)).types == [.escalated])
        #expect(world.wait(.seconds(86_400)).types == Array(repeating: .escalated, count: 1440))
        let call = try #require(world.call())
        #expect(call.escalation == 1441 && call.state == .delivered)
        world.command(.accept(call.id, revision: call.revision, onTheWay: false))
        #expect(world.wait(.seconds(170)).types.isEmpty, "somebody has it")
    }

    @Test("Accepted and nobody arrives: fresh again after three minutes, and what was seen before is too old")
    func reopened() throws {
        var world = Followed()
        world.press(bed)
        let id = world.call()!.id
        world.command(.accept(id, revision: 1, onTheWay: true))
        #expect(world.wait(.seconds(179)).events.isEmpty)
        #expect(world.wait(.seconds(2)).types == [.reopened])
        let call = try #require(world.call())
        #expect(call.state == .raised && call.actor == nil && !call.isOnTheWay && call.times[.accepted] == nil)
        for stale in [
            CallCommand.Request.accept(id, revision: 3, onTheWay: false), .received(id, revision: 3),
            .cancel(id, revision: 3, reason: nil),
        ] {
            #expect(world.command(stale)?.refusal?.hasPrefix("revision: the call was reopened") == true)
        }
        #expect(!world.wait(.seconds(3)).offers.isEmpty, "offered like a new call")
        #expect(world.command(.accept(id, revision: call.revision, onTheWay: false))?.refusal == nil)
        world.command(.arrive(id, revision: call.revision + 1))
        #expect(world.wait(.seconds(10_000)).events.isEmpty, "whoever has arrived stays as long as it takes")
    }

    @Test("A meal is reminded of once after 10 min, and expires after 4 h; an arrived one doesn't")
    func meal() throws {
        var world = Followed()
        world.press(kitchen)
        #expect(world.call(.meal)?.priority == 3)
        #expect(world.wait(.seconds(599)).types.isEmpty)
        #expect(world.wait(.seconds(3 * 3600)).types == [.escalated])
        let end = world.wait(.seconds(3600))
        #expect(end.types == [.cancelled] && end.events[0].call.reason == "expired")
        world.press(kitchen)
        let second = world.call(.meal)!
        world.command(.accept(second.id, revision: 1, onTheWay: false))
        world.command(.arrive(second.id, revision: 2))
        #expect(world.wait(.seconds(100_000)).types.isEmpty)
    }

    @Test("A restart takes up every timer where it was; a reboot goes by the wall clock if that is right")
    func restart() throws {
        var world = Followed()
        world.press(bed)
        world.wait(.seconds(30))
        var same = Followed(open: [world.call()!], from: world.time)
        #expect(same.wait(.seconds(28)).types.isEmpty && same.wait(.seconds(3)).types == [.escalated])
        var rebooted = Followed(open: [world.call()!], boot: "boot-2", from: 5000)
        rebooted.wallOffset = 0
        #expect(
            rebooted.wait(.seconds(61)).types == [.escalated], "its wall clock shows less than was: from the boot on")
        var later = Followed(open: [world.call()!], boot: "boot-2", from: 45_000)
        #expect(later.wait(.seconds(14)).types.isEmpty && later.wait(.seconds(3)).types == [.escalated])
        var blind = Followed(open: [world.call()!], boot: "boot-2", from: 45_000, synchronized: false)
        #expect(blind.wait(.seconds(14)).types.isEmpty && blind.wait(.seconds(3)).types == [.escalated])
    }

    @Test("A meal button that is held, or pressed three times in ten seconds, is an emergency")
    func urgent() throws {
        var held = Followed()
        #expect(held.press(kitchen, for: .seconds(3)).events.map(\.service) == [.meal, .meal, .emergency, .emergency])
        var thrice = Followed()
        thrice.press(kitchen)
        thrice.wait(.seconds(3))
        #expect(thrice.press(kitchen).types == [.pressed])
        thrice.wait(.seconds(3))
        let third = thrice.press(kitchen).events
        #expect(third.contains { $0.type == .raised && $0.service == .emergency && $0.call.point == kitchen.id })
        #expect(thrice.call(.meal)?.presses == 3, "the meal stays ordered")
        var slow = Followed()
        for _ in 0..<6 {
            slow.press(kitchen)
            slow.wait(.seconds(6))
        }
        #expect(slow.call(.emergency) == nil)
    }

    @Test("A press outside the hours is answered: cancelled at once, told like any call")
    func closed() throws {
        var rules = SiteRules(
            points: [bed, kitchen], outputs: [BoardOutput(id: OutputID("lamp")!, kind: .lamp, points: ["b3-*"])],
            dailyTestMinute: nil)
        // The made-up clock starts at 22:13:20 UTC.
        rules.services[1].rules.hours = OpeningHours([.init(from: 6 * 60, to: 13 * 60)])
        var world = Followed(rules)
        let told = world.press(kitchen)
        #expect(told.types == [.pressed, .raised, .cancelled])
        #expect(told.events.last?.call.reason == "outside-hours" && world.call(.meal) == nil)
        #expect(told.signals == ["lamp refused"] && world.wait(.seconds(6)).signals == ["lamp idle"])
        #expect(world.press(bed).types == [.pressed, .raised], "an emergency has no hours")

        rules.services[1].rules.outsideHours = .wait
        var waiting = Followed(rules)
        #expect(waiting.press(kitchen).types == [.pressed, .raised])
        #expect(waiting.wait(.seconds(7 * 3600 + 46 * 60)).types.isEmpty, "until 06:00, and nobody is reminded")
        #expect(waiting.wait(.seconds(12 * 60)).types == [.escalated])

        rules.services[1].rules.outsideHours = .refuse
        var blind = Followed(rules, synchronized: false)
        #expect(blind.press(kitchen).types == [.pressed, .raised], "a clock that nobody has set closes nothing")
    }

    @Test("Only the call point can end a call whose service says so")
    func resolvedAtThePoint() throws {
        var own = bed
        own.gestures.double = .reset
        var door = CallPoint(id: PointID("b3-u2-401-door")!, label: "门口", gestures: .init(press: .reset))
        door.resets = ["b3-u2-401*"]
        var rules = SiteRules(points: [own, kitchen, door], dailyTestMinute: nil)
        rules.services[0].rules.resolution = .point
        var world = Followed(rules)
        world.press(own)
        let id = world.call()!.id
        world.command(.accept(id, revision: 1, onTheWay: false))
        world.command(.arrive(id, revision: 2))
        for request in [
            CallCommand.Request.resolve(id, revision: 3, outcome: nil), .cancel(id, revision: 3, reason: nil),
        ] {
            #expect(world.command(request)?.refusal?.hasPrefix("service: ") == true)
        }
        let ended = world.press(door).events
        #expect(
            ended.map(\.type) == [.resolved] && ended[0].call.actor == door.id.text && ended[0].call.reason == "reset")

        // The resident's own button ends a call only once someone has arrived: panic must not.
        world.press(own)
        #expect(world.press(own).types.allSatisfy { $0 == .pressed }, "twice: urgency")
        let second = world.call()!
        world.command(.accept(second.id, revision: second.revision, onTheWay: false))
        world.command(.arrive(second.id, revision: second.revision + 1))
        world.wait(.seconds(2))
        world.press(own)
        #expect(world.press(own).types.last == .resolved && world.call() == nil)
    }

    @Test("A point that is pressed without end is limited; its first press and other points never are")
    func limited() throws {
        var world = Followed()
        var told = 0
        for _ in 0..<400 { told += world.press(bed).types.count { $0 == .pressed } }
        #expect(told >= 60 && told <= 60 + 61, "a burst, then one a second: \(told)")
        #expect(world.courtyard.fault(.rateLimited)?.points == [bed.id])
        #expect(world.press(kitchen).types == [.pressed, .raised], "the neighbour is told as ever")
        let call = world.call()!
        world.command(.accept(call.id, revision: call.revision, onTheWay: false))
        world.command(.resolve(call.id, revision: call.revision + 1, outcome: nil))
        #expect(world.press(bed).types == [.pressed, .raised], "a first press is never suppressed")
        #expect(world.wait(.seconds(61)).cleared.contains(.rateLimited))
    }

    @Test("A wire is supervised by a loop, or by a contact that is closed at rest")
    func wires() throws {
        var looped = bed
        looped.hasLoop = true
        var closed = kitchen
        closed.isNormallyClosed = true
        var world = Followed(SiteRules(points: [looped, closed], dailyTestMinute: nil))
        world.tell(.line(.edge(looped.id.loop, made: false, at: ms(world.time))))
        #expect(world.wait(.milliseconds(900)).faults.isEmpty)
        #expect(world.wait(.milliseconds(200)).faults.map(\.id) == [.wireOpen])
        #expect(world.courtyard.point(looped.id)?.condition == .wireOpen)
        #expect(world.press(looped).types == [.pressed, .raised], "a button that still works is heard")
        #expect(world.tell(.line(.edge(looped.id.loop, made: true, at: ms(world.time)))).cleared == [.wireOpen])
        let cut = world.tell(.line(.edge(closed.id, made: true, at: ms(world.time)))) + world.wait(.seconds(301))
        #expect(cut.types.prefix(2) == [.pressed, .raised] && cut.faults.map(\.id).contains(.wireOpen))
    }
}
