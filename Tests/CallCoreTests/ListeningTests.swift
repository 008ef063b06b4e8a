import CallCore
import Testing

/// Desks, tests, outputs and the clock.
@Suite("Listening") struct ListeningTests {
    private let desk = DeskID("desk-1")!
    private let lamp = BoardOutput(id: OutputID("lamp")!, kind: .lamp, points: ["b3-u2-401"])

    @Test("No desk is a fault ten seconds after connecting, until one listens")
    func noDesk() {
        var world = Followed(desk: false)
        #expect(world.wait(.seconds(9)).faults.isEmpty)
        #expect(world.wait(.seconds(2)).faults.map(\.id) == [.nobodyListening])
        #expect(world.tell(.desk(desk, DeskPresence(state: .idle, name: nil))).cleared.isEmpty, "no screen is open")
        #expect(
            world.tell(.desk(desk, DeskPresence(state: .listening, name: "值班室"))).cleared == [.nobodyListening])
        let gone = world.tell(.desk(desk, DeskPresence(state: .offline, name: "值班室")))
        #expect(Set(gone.faults.map(\.id)) == [.deskAway, .nobodyListening])
        #expect(gone.faults.contains { $0.what.contains("desk-1 (值班室)") })
        #expect(world.tell(.desk(desk, nil)).cleared == [.deskAway], "it is no desk any more")
    }

    @Test("An emergency that no desk has received for ten seconds is heard by nobody: fault, pattern, next broker")
    func unheard() throws {
        let siren = BoardOutput(id: OutputID("siren")!, kind: .relay)
        var world = Followed(
            SiteRules(
                points: [bed, kitchen], outputs: [lamp, siren], dailyTestMinute: nil,
                nobodyListening: .init(outputs: [siren.id], usesNextBroker: true)))
        #expect(world.press(bed).signals == ["lamp sent"])
        #expect(world.wait(.seconds(9)).faults.isEmpty)
        let told = world.wait(.seconds(2))
        #expect(told.faults.map(\.id) == [.nobodyListening] && told.brokersTried == 1)
        #expect(Set(told.signals) == ["lamp nobody-listening", "siren nobody-listening"])
        #expect(world.wait(.seconds(61)).brokersTried == 2, "every half minute")
        world.command(.received(world.call()!.id, revision: world.call()!.revision))
        #expect(world.actions.cleared == [.nobodyListening])
        #expect(Set(world.actions.signals.suffix(2)) == ["lamp received", "siren idle"])
        #expect(world.wait(.seconds(600)).brokersTried == 0)
    }

    @Test("A desk that is closed for the night wakes nobody: the sirens of nobody-listening wait for an emergency")
    func closedDesk() {
        let siren = BoardOutput(id: OutputID("siren")!, kind: .relay)
        var world = Followed(
            SiteRules(
                points: [bed, kitchen], outputs: [siren], dailyTestMinute: nil,
                nobodyListening: .init(outputs: [siren.id], usesNextBroker: false)), desk: false)
        let night = world.wait(.seconds(3600))
        #expect(night.faults.map(\.id) == [.nobodyListening] && night.signals.isEmpty)
        #expect(world.press(kitchen).signals.isEmpty, "a meal can wait")
        #expect(world.press(bed).signals == ["siren nobody-listening"])
        world.command(.received(world.call()!.id, revision: 1))
        #expect(world.actions.signals.last == "siren idle")
    }

    @Test("A broker that says nobody subscribes is as deaf as no desk at all")
    func noSubscribers() {
        var world = Followed(desk: false)
        world.press(bed)
        #expect(world.tell(.brokerHas(world.call()!.id, heard: false)).faults.map(\.id) == [.nobodyListening])
        var listening = Followed()
        listening.press(bed)
        #expect(
            listening.tell(.brokerHas(listening.call()!.id, heard: false)).faults.isEmpty, "it reads records")
        #expect(listening.wait(.seconds(10)).faults.map(\.id) == [.nobodyListening])
    }

    @Test("For displays that never answer the broker's word delivers, and desks are not asked for")
    func brokersWord() {
        var rules = SiteRules(points: [bed, kitchen], acknowledgement: .broker, dailyTestMinute: nil)
        rules.nobodyListening.usesNextBroker = false
        var world = Followed(rules, desk: false)
        #expect(world.wait(.seconds(100)).faults.isEmpty)
        world.press(bed)
        #expect(world.tell(.brokerHas(world.call()!.id, heard: true)).types == [.delivered])
        world.press(kitchen)
        #expect(!world.wait(.seconds(3)).offers.isEmpty, "not acknowledged yet")
    }

    @Test("Outputs follow the call, the most urgent one first, and are restored after a restart")
    func reassurance() throws {
        let building = BoardOutput(id: OutputID("building")!, kind: .buzzer, points: ["b3-*"])
        let rules = SiteRules(points: [bed, kitchen], outputs: [lamp, building], dailyTestMinute: nil)
        var world = Followed(rules)
        #expect(Set(world.press(bed).signals) == ["lamp sent", "building sent"])
        let id = world.call()!.id
        let requests: [(CallCommand.Request, String)] = [
            (.received(id, revision: 1), "received"), (.accept(id, revision: 2, onTheWay: false), "accepted"),
            (.accept(id, revision: 3, onTheWay: true), "on-the-way"), (.arrive(id, revision: 4), "arrived"),
        ]
        for (request, signal) in requests {
            world.command(request)
            #expect(Set(world.actions.signals.suffix(2)) == ["lamp \(signal)", "building \(signal)"])
            var restarted = Followed(open: [world.call()!], from: world.time)
            let shown = restarted.tell(.site(rules)).signals
            #expect(Set(shown) == ["lamp \(signal)", "building \(signal)"], "after a restart")
        }
        #expect(world.press(kitchen).signals == ["building arrived"], "a meal doesn't cover what an emergency says")
        world.command(.resolve(id, revision: 5, outcome: nil))
        #expect(Set(world.actions.signals.suffix(2)) == ["lamp idle", "building sent"])
        #expect(world.press(kitchen).signals == ["building sent"], "every press is answered once more")
    }

    @Test("Each escalation has its level's outputs, the last level for ever, off when somebody accepts")
    func levels() throws {
        let relays = ["bell", "siren"].map { BoardOutput(id: OutputID($0)!, kind: .relay) }
        var rules = SiteRules(points: [bed], outputs: relays, dailyTestMinute: nil)
        rules.services[0].rules.levels = [
            .init(outputs: [relays[0].id]), .init(outputs: relays.map(\.id), usesNextBroker: true),
        ]
        var world = Followed(rules)
        world.press(bed)
        world.command(.received(world.call()!.id, revision: 1))
        #expect(world.wait(.seconds(61)).signals == ["bell escalated"])
        let second = world.wait(.seconds(60))
        #expect(second.signals == ["siren escalated"] && second.brokersTried == 1)
        #expect(world.wait(.seconds(60)).signals.isEmpty, "they stay on")
        world.command(.accept(world.call()!.id, revision: world.call()!.revision, onTheWay: false))
        #expect(Set(world.actions.signals.suffix(2)) == ["bell idle", "siren idle"])
    }

    @Test("The daily test is made at its time, once a day; a desk's answer is its end")
    func dailyTest() throws {
        // 22:13:20 UTC plus 5 h 16 min 40 s is 03:30.
        var world = Followed(SiteRules(points: [bed], dailyTestMinute: 210))
        #expect(world.wait(.seconds(5 * 3600 + 16 * 60 + 39)).events.isEmpty)
        let made = world.wait(.seconds(900)).events
        #expect(made.map(\.type).first == .raised && made[0].service == .test && made[0].call.point.text == "gw-1")
        #expect(made.map(\.type) == [.raised, .cancelled] || made.count == 1)
        world.wait(.seconds(61))
        #expect(world.courtyard.fault(.testMissed) != nil && world.call(.test) == nil)
        var days = 0
        for _ in 0..<(3 * 24 * 60) {
            if world.wait(.seconds(60)).events.contains(where: { $0.type == .raised }) { days += 1 }
            if let test = world.call(.test) {
                let answer = world.command(.received(test.id, revision: 1), by: "desk-1")
                #expect(answer?.call?.state == .resolved)
            }
        }
        #expect(days == 3 && world.courtyard.fault(.testMissed) == nil)
        #expect(world.actions.events.last?.type == .tested && world.actions.events.last?.call.reason == "tested")
    }

    @Test("A test on command is never a real call; a second one waits for the first")
    func test() throws {
        var world = Followed(SiteRules(points: [bed], outputs: [lamp], dailyTestMinute: nil))
        let answer = world.ask(.test(bed.id))
        #expect(answer.refusal == nil && world.actions.events.allSatisfy { $0.service == .test })
        #expect(world.actions.signals == ["lamp test"])
        #expect(world.command(.test(bed.id))?.refusal?.hasPrefix("state: a test of") == true)
        #expect(world.command(.test(PointID("nowhere")!))?.refusal?.hasPrefix("point: ") == true)
        world.press(bed)
        #expect(world.actions.signals.last == "lamp sent", "a real call is shown before a test")
    }

    @Test("On a full disk a desk that answers a test is not accused of having missed it")
    func testOnFullDisk() throws {
        var world = Followed()
        world.tell(.journalFailed(reason: "full", substitute: JournalID("vol4ti")!))
        let call = try #require(world.ask(.test(nil)).call?.id)
        #expect(world.ask(.received(call, revision: 1)).call?.state == .resolved)
        #expect(!world.wait(.seconds(61)).faults.map(\.id).contains(.testMissed))
    }

    @Test("The clock becomes right: open calls' labels are corrected with a new revision, decisions stay")
    func corrected() throws {
        var world = Followed(synchronized: false)
        world.press(bed)
        let before = try #require(world.call())
        world.wait(.seconds(20))
        world.wallOffset = 3_600_000
        world.synchronized = true
        world.tell(.timePassed)
        let call = try #require(world.call())
        #expect(call.raised.wall.milliseconds == before.raised.wall.milliseconds + 3_600_000)
        #expect(call.raised.quality.synchronized && call.revision == before.revision + 1)
        #expect(call.times[.raised] == call.raised.wall && call.pressTimes == [call.raised.wall])
        #expect(world.courtyard.fault(.clockStepped) == nil, "it was expected")
        #expect(world.wait(.seconds(39)).types.isEmpty && world.wait(.seconds(2)).types == [.escalated])
        #expect(
            world.command(.accept(call.id, revision: 1, onTheWay: false))?.refusal == nil, "the desk saw revision 1")
    }

    @Test("A step of a clock that was right is a fault for an hour and changes no decision", arguments: [1.0, -1.0])
    func stepped(direction: Double) throws {
        var world = Followed()
        world.press(bed)
        world.wait(.seconds(30))
        let call = world.call()
        world.wallOffset = direction * 10 * 86_400_000
        #expect(world.tell(.timePassed).faults.map(\.id) == [.clockStepped])
        #expect(world.call() == call)
        #expect(world.wait(.seconds(29)).types.isEmpty && world.wait(.seconds(2)).types == [.escalated])
        #expect(world.wait(.seconds(3600)).cleared.contains(.clockStepped))
    }

    @Test("194 calls open at once are all offered, escalated and reopened")
    func everybody() {
        let points = (1...194).map { CallPoint(id: PointID("b1-\($0)")!, label: "\($0)") }
        var world = Followed(SiteRules(points: points, dailyTestMinute: nil))
        for point in points { world.tell(.line(.edge(point.id, made: true, at: ms(world.time)))) }
        #expect(world.wait(.seconds(1)).types.count { $0 == .raised } == 194)
        #expect(world.wait(.seconds(2)).offers.count == 194)
        #expect(world.wait(.seconds(60)).types.count { $0 == .escalated } == 194)
        for call in Array(world.courtyard.openCalls) {
            world.command(.accept(call.id, revision: call.revision, onTheWay: false))
        }
        #expect(world.wait(.seconds(181)).types.count { $0 == .reopened } == 194)
    }

    @Test("An output whose line doesn't work is a fault that names it")
    func output() {
        var world = Followed(SiteRules(points: [bed], outputs: [lamp], dailyTestMinute: nil))
        let told = world.tell(.output(.trouble(lamp.id, .busy(line: "chip offset 3", holder: "gpioset"))))
        #expect(told.faults.map(\.what) == ["lamp: chip offset 3 is held by gpioset"])
        #expect(world.tell(.output(.working(lamp.id))).cleared == [.outputFailing])
    }
}
