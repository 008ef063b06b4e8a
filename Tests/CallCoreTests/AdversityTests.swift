import CallCore
import Testing

/// What goes wrong at the edges: foreign records, other boots, reloads and broken wires.
@Suite("Adversity") struct AdversityTests {
    private let lamp = BoardOutput(id: OutputID("lamp")!, kind: .lamp, points: ["b3-u2-401"])

    private func record(
        _ number: UInt64 = 3, journal: String = "zzzzzz", of point: CallPoint = bed, service: ServiceID = .emergency,
        state: CallState = .raised, revision: Int = 4, presses: Int = 1, escalation: Int = 0, boot: String = "old",
        at moment: Moment = ms(5), wall: Int64 = 1_700_000_000_000
    ) -> Call {
        Call(
            id: CallID(journal: JournalID(journal)!, number: number), point: point.id, label: point.label,
            service: service, priority: 1, state: state, revision: revision, presses: presses,
            raised: Stamp(
                boot: boot, moment: moment, wall: WallTime(milliseconds: wall),
                quality: ClockQuality(synchronized: true, uncertaintyMs: 1)), escalation: escalation, actor: nil,
            reason: nil, times: [:], actors: [:], pressTimes: [])
    }

    @Test("A call of the boot before is escalated though the clock is not set and the resident presses on and on")
    func pressedOverAndOver() {
        var first = Followed(synchronized: false)
        first.press(bed)
        var second = Followed(open: [first.call()!], boot: "boot-2", from: 20_000, synchronized: false)
        var told: [CallEventType] = []
        for _ in 0..<6 {
            second.press(bed)
            told += second.wait(.seconds(30)).types
        }
        #expect(told.filter { $0 == .escalated }.count >= 2, "\(told)")
    }

    @Test("A clock that becomes right says how long a call of the boot before has waited")
    func waitedThroughTheNight() {
        var first = Followed()
        first.press(kitchen)
        var second = Followed(open: [first.call(.meal)!], boot: "boot-2", from: 20_000, synchronized: false)
        #expect(second.wait(.seconds(30)).types.isEmpty)
        second.wallOffset = 5 * 3_600_000
        second.synchronized = true
        #expect(second.tell(.timePassed).types == [.cancelled], "five hours old: it has run out")
    }

    @Test("No record found at the broker can stop the gateway, or keep a call from being escalated")
    func hostileRecords() {
        let far = [Int64.min, -1, 0, 1, Int64.max / 2, Int64.max].map { Moment(nanoseconds: $0) }
        for boot in ["boot-1", "old"] {
            for moment in far {
                for wall in [-62_135_596_800_000, 0, 253_402_300_799_999] as [Int64] {
                    var world = Followed()
                    world.tell(.orphan(record(boot: boot, at: moment, wall: wall)))
                    #expect(world.courtyard.openCalls.count == 1)
                    let types = world.wait(.seconds(200)).types
                    #expect(types.contains(.escalated), "\(boot) \(moment.nanoseconds) \(wall): \(types)")
                }
            }
        }
    }

    @Test(
        "A record whose counts can't be counted on is no call",
        arguments: [(Int.max, 1, 0), (0, 1, 0), (1, Int.max, 0), (1, 0, 0), (1, 1, Int.max), (1, 1, -1)])
    func hostileCounts(revision: Int, presses: Int, escalation: Int) {
        var world = Followed()
        world.tell(.orphan(record(revision: revision, presses: presses, escalation: escalation)))
        #expect(world.courtyard.openCalls.isEmpty)
        world.press(bed)
        #expect(world.wait(.seconds(200)).types.contains(.escalated))
    }

    @Test("A press joins the gateway's own open call, whatever became of an adopted one of the same point")
    func adoptedBeside() {
        var world = Followed()
        world.press(bed)
        let own = world.call()!.id
        let orphan = record()
        world.tell(.orphan(orphan))
        world.command(.received(orphan.id, revision: 4))
        #expect(world.press(bed).events.map(\.call.id) == [own])
        world.command(.cancel(orphan.id, revision: 5, reason: "old"))
        #expect(world.press(bed).events.map(\.call.id) == [own], "still open")
        var restarted = Followed(open: [world.call()!, record(9)], from: world.time)
        #expect(restarted.press(bed).events.map(\.call.id) == [own], "after a restart too")
    }

    @Test("An adopted call that was closed is closed for ever, though another broker still holds its record")
    func closedForEver() {
        var world = Followed()
        let orphan = record()
        world.tell(.orphan(orphan))
        world.command(.cancel(orphan.id, revision: 4, reason: "old"))
        #expect(world.tell(.orphan(orphan)).kept.isEmpty && world.courtyard.openCalls.isEmpty)
    }

    @Test("A reset button that is held, or pressed three times, raises nothing")
    func resetHeld() {
        var door = CallPoint(id: PointID("b3-door")!, label: "门口", gestures: .init(press: .reset))
        door.resets = ["b3-u2-401*"]
        var world = Followed(SiteRules(points: [bed, door], dailyTestMinute: nil))
        #expect(world.press(door, for: .seconds(4)).events.isEmpty)
        for _ in 0..<4 { #expect(world.press(door).events.isEmpty) }
    }

    @Test("A loop that a reload takes away takes its fault with it")
    func loopRemoved() {
        var looped = bed
        looped.hasLoop = true
        var world = Followed(SiteRules(points: [looped], dailyTestMinute: nil))
        world.tell(.line(.edge(looped.id.loop, made: false, at: ms(world.time))))
        #expect(world.wait(.seconds(2)).faults.map(\.id) == [.wireOpen])
        #expect(world.tell(.site(SiteRules(points: [bed], dailyTestMinute: nil))).cleared == [.wireOpen])
    }

    @Test("A reload that makes escalation more frequent, or ends it, holds for calls that are open")
    func escalationReloaded() {
        var rules = SiteRules(points: [bed], dailyTestMinute: nil)
        rules.services[0].rules.escalateEvery = .seconds(3600)
        var world = Followed(rules)
        world.press(bed)
        #expect(world.wait(.seconds(61)).types == [.escalated])
        rules.services[0].rules.escalateEvery = .seconds(30)
        world.tell(.site(rules))
        #expect(world.wait(.seconds(31)).types == [.escalated])
        rules.services[0].rules.escalateEvery = nil
        world.tell(.site(rules))
        #expect(world.wait(.seconds(200)).types.isEmpty)
    }

    @Test("A press that waits to become a hold or a second one is told when its line goes away")
    func untoldPress() {
        var button = kitchen
        button.gestures.hold = .errand
        button.gestures.double = .errand
        for report in [
            LineReport.trouble(button.id, .missing(line: "chip"), at: ms(0)), .armed(button.id, made: false, at: ms(0)),
        ] {
            var held = Followed(SiteRules(points: [button], dailyTestMinute: nil))
            held.tell(.line(.edge(button.id, made: true, at: ms(held.time))))
            held.wait(.milliseconds(300))
            #expect(held.tell(.line(report)).events.map(\.service) == [.meal, .meal])
            #expect(held.wait(.seconds(10)).events.isEmpty)
            var released = Followed(SiteRules(points: [button], dailyTestMinute: nil))
            released.press(button)
            #expect(released.tell(.line(report)).events.map(\.service) == [.meal, .meal])
            #expect(released.wait(.seconds(10)).events.isEmpty)
        }
    }

    @Test("The fault of a point that is pressed without end is told a few times, not once a press")
    func limitedQuietly() {
        var world = Followed()
        var told = 0
        for _ in 0..<1000 { told += world.press(bed).faults.count { $0.id == .rateLimited } }
        #expect(told >= 2 && told <= 12, "\(told)")
    }

    @Test("The daily test is made once though the wall clock is a little behind")
    func oneTestADay() {
        var world = Followed(SiteRules(points: [bed], dailyTestMinute: 1))
        world.wait(.seconds(3600))
        // Small corrections, none of them worth a look.
        for _ in 0..<5 {
            world.wallOffset -= 900
            world.wait(.seconds(600))
        }
        var made = 0
        let end = world.time + 86_400_000
        while world.time < end {
            if world.wait(.milliseconds(500)).events.contains(where: { $0.type == .raised }) { made += 1 }
            if let test = world.call(.test) { world.command(.received(test.id, revision: 1)) }
        }
        #expect(made == 1)
    }

    @Test("A broker that comes back is not left before its desks can be heard of")
    func brokerComesBack() {
        var world = Followed()
        world.tell(.disconnected)
        world.press(bed)
        world.wait(.seconds(60))
        #expect(world.courtyard.fault(.nobodyListening) != nil)
        #expect(world.tell(.connected).brokersTried == 0)
        #expect(world.wait(.seconds(9)).brokersTried == 0)
        var answered = world
        answered.command(.received(world.call()!.id, revision: nil))
        #expect(answered.wait(.seconds(60)).brokersTried == 0)
        #expect(world.wait(.seconds(2)).brokersTried == 1)
    }

    @Test("One broker at a time: it is left once, and the next is given its half minute")
    func oneBrokerAtATime() {
        var rules = SiteRules(points: [bed, kitchen], dailyTestMinute: nil)
        rules.services[0].rules.levels = [.init(usesNextBroker: true)]
        let points = (1...20).map { CallPoint(id: PointID("b1-\($0)")!, label: "\($0)") }
        rules.points = points
        var world = Followed(rules)
        for point in points { world.tell(.line(.edge(point.id, made: true, at: ms(world.time)))) }
        world.wait(.milliseconds(100))
        var tried: [Double] = []
        for _ in 0..<2000 {
            for _ in 0..<world.wait(.milliseconds(100)).brokersTried { tried.append(world.time) }
        }
        #expect(zip(tried, tried.dropFirst()).allSatisfy { $1 - $0 >= 29_900 }, "\(tried)")
        #expect(tried.count >= 4, "half a minute, and longer when the list has been tried in vain: \(tried)")
    }
}
