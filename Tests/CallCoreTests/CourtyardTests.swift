import CallCore
import Testing

let bed = CallPoint(id: PointID("b3-u2-401")!, label: "3号楼2单元401 床头")
let kitchen = CallPoint(id: PointID("b3-u2-401-kitchen")!, label: "3号楼2单元401 厨房", gestures: .init(press: .meal))

func at(_ milliseconds: Double) -> Now {
    Now(
        moment: ms(milliseconds), wall: WallTime(milliseconds: 1_700_000_000_000 + Int64(milliseconds)),
        quality: ClockQuality(synchronized: true, uncertaintyMs: 2))
}

/// A courtyard of two armed points.
func courtyard(open: [Call] = []) -> Courtyard {
    var courtyard = Courtyard(
        identity: .init(journal: JournalID("k3f9qz")!, boot: "boot-1", gateway: GatewayID("gw-1")!), open: open,
        nextCall: 7, sequences: [.meal: 40])
    _ = courtyard.handle(.site(SiteRules(points: [bed, kitchen], dailyTestMinute: nil)), at: at(0))
    for point in [bed, kitchen] { _ = courtyard.handle(.line(.armed(point.id, made: false, at: ms(1))), at: at(1)) }
    return courtyard
}

extension Courtyard {
    /// Presses and releases a button; the events that came of it.
    mutating func press(_ point: PointID, from start: Double, to end: Double) -> [Action] {
        var actions = handle(.line(.edge(point, made: true, at: ms(start))), at: at(start))
        actions += run(until: end)
        actions += handle(.line(.edge(point, made: false, at: ms(end))), at: at(end))
        return actions + run(until: end + 30)
    }

    mutating func run(until end: Double) -> [Action] {
        var actions: [Action] = []
        while let due = nextDeadline, due <= ms(end) {
            actions += handle(.timePassed, at: at(Double(due.nanoseconds) / 1_000_000))
        }
        return actions
    }
}

extension [Action] {
    var events: [CallEvent] { compactMap { if case .append(let event) = $0 { event } else { nil } } }
    var faults: [Fault] { compactMap { if case .set(let fault) = $0 { fault } else { nil } } }
    var cleared: [FaultID] { compactMap { if case .clear(let id) = $0 { id } else { nil } } }
}

@Suite("Courtyard") struct CourtyardTests {
    @Test("A reload that changes a held button's settings takes its release for a release")
    func changedWhileHeld() {
        var courtyard = courtyard()
        var actions = courtyard.handle(.line(.edge(bed.id, made: true, at: ms(100))), at: at(100))
        actions += courtyard.run(until: 200)
        var changed = bed
        changed.debounce.minimumWidth = .zero
        actions += courtyard.handle(.site(SiteRules(points: [changed, kitchen], dailyTestMinute: nil)), at: at(210))
        actions += courtyard.handle(.line(.edge(bed.id, made: false, at: ms(300))), at: at(300))
        actions += courtyard.run(until: 400)
        #expect(actions.events.map(\.type) == [.pressed, .raised])
        #expect(courtyard.press(bed.id, from: 500, to: 600).events.map(\.call.presses) == [2])
    }

    @Test("A press is an event, raises a call, and its record is kept")
    func press() {
        var courtyard = courtyard()
        let actions = courtyard.press(bed.id, from: 100, to: 200)
        #expect(actions.events.map(\.type) == [.pressed, .raised])
        #expect(actions.events.map(\.sequence) == [1, 2])
        let call = actions.events[1].call
        #expect(call.id.description == "k3f9qz-7")
        #expect(call.raised.moment == ms(100))
        #expect(call.raised.wall.milliseconds == 1_700_000_000_100)
        #expect(call.state == .raised && call.revision == 1 && call.presses == 1 && call.priority == 1)
        #expect(actions.contains(.keep(call)))
        #expect(courtyard.nextDeadline == ms(2105), "offered again unless a desk has received it")
    }

    @Test("A courtyard at rest wakes nobody")
    func atRest() { #expect(courtyard().nextDeadline == nil) }

    @Test("A further press joins the open call and counts; another service is another call")
    func joining() {
        var courtyard = courtyard()
        _ = courtyard.press(bed.id, from: 100, to: 200)
        let second = courtyard.press(bed.id, from: 300, to: 400).events
        #expect(second.map(\.type) == [.pressed])
        #expect(second[0].call.presses == 2 && second[0].call.revision == 2 && second[0].sequence == 3)
        #expect(second[0].call.pressTimes.count == 2)
        let meal = courtyard.press(kitchen.id, from: 500, to: 600).events
        #expect(meal.map(\.sequence) == [41, 42], "each service counts for itself, on from the journal")
        #expect(meal[0].call.id.number == 8)
    }

    @Test("A call remembers its last 20 presses and counts all of them")
    func manyPresses() {
        var courtyard = courtyard()
        var last: Call?
        for n in 0..<30 {
            last = courtyard.press(bed.id, from: Double(n) * 200 + 100, to: Double(n) * 200 + 150).events.last?.call
        }
        #expect(last?.presses == 30 && last?.pressTimes.count == 20)
    }

    @Test("A button held at boot raises a call")
    func heldAtBoot() {
        var courtyard = courtyard()
        var actions = courtyard.handle(.line(.armed(bed.id, made: true, at: ms(50))), at: at(50))
        actions += courtyard.run(until: 60)
        #expect(actions.events.map(\.type) == [.pressed, .raised])
    }

    @Test("A stuck contact is a fault that names the point, until it is released")
    func stuck() {
        var courtyard = courtyard()
        var actions = courtyard.handle(.line(.edge(bed.id, made: true, at: ms(100))), at: at(100))
        actions += courtyard.run(until: 299_000)
        #expect(!actions.faults.map(\.id).contains(.lineStuck))
        actions = courtyard.run(until: 301_000)
        #expect(actions.faults.map(\.id) == [.lineStuck] && actions.faults[0].points == [bed.id])
        actions = courtyard.handle(.line(.edge(bed.id, made: false, at: ms(400_000))), at: at(400_000))
        actions += courtyard.run(until: 401_000)
        #expect(actions.cleared == [.lineStuck])
    }

    @Test("A busy line is a fault naming the line and its holder; the other point works; it clears when it is armed")
    func busyLine() {
        var courtyard = courtyard()
        let trouble = LineTrouble.busy(line: "gpiochip0 offset 3 (BTN3)", holder: "gpiomon")
        var actions = courtyard.handle(.line(.trouble(bed.id, trouble, at: ms(10))), at: at(10))
        #expect(actions.faults.map(\.id) == [.lineBusy])
        #expect(actions.faults[0].what.contains("BTN3") && actions.faults[0].what.contains("gpiomon"))
        #expect(courtyard.press(kitchen.id, from: 100, to: 200).events.count == 2)
        actions = courtyard.handle(.line(.armed(bed.id, made: false, at: ms(300))), at: at(300))
        #expect(actions.cleared == [.lineBusy])
    }

    @Test("Lost edges are a fault for an hour")
    func lostEdges() {
        var courtyard = courtyard()
        #expect(
            courtyard.handle(.line(.lost(bed.id, made: false, at: ms(10))), at: at(10)).faults.map(\.id) == [
                .eventsLost
            ])
        #expect(courtyard.run(until: 3_599_000).cleared.isEmpty)
        #expect(courtyard.run(until: 3_601_000).cleared == [.eventsLost])
    }

    @Test("While the journal fails emergencies go out under a substitute's numbers, meals are refused and counted")
    func failingJournal() {
        var courtyard = courtyard()
        let substitute = JournalID("vol4ti")!
        let failed = courtyard.handle(.journalFailed(reason: "disk full", substitute: substitute), at: at(50))
        #expect(failed.faults.map(\.id) == [.journalFailing])
        let events = courtyard.press(bed.id, from: 100, to: 200).events
        #expect(events.map(\.type) == [.pressed, .raised])
        #expect(
            events.allSatisfy {
                $0.journal == substitute && !$0.journaled && $0.call.id.description == "vol4ti-1"
            })
        #expect(events.map(\.sequence) == [1, 2])
        let refused = courtyard.press(kitchen.id, from: 300, to: 400)
        #expect(refused.events.isEmpty && refused.faults[0].what.contains("presses refused so far: 1"))
        #expect(courtyard.openCalls.map(\.id.description) == ["vol4ti-1"])
        #expect(courtyard.handle(.journalRecovered, at: at(800)).cleared == [.journalFailing])
        let meal = courtyard.press(kitchen.id, from: 900, to: 1000).events
        #expect(
            meal.map(\.sequence) == [41, 42] && meal[0].call.id.description == "k3f9qz-7",
            "the journal's own numbers go on where they stood")
    }

    @Test("An open call of another journal is adopted once, and presses join it")
    func orphan() {
        let stamp = Stamp(
            boot: "old", moment: ms(5), wall: WallTime(milliseconds: 1),
            quality: ClockQuality(synchronized: false, uncertaintyMs: 0))
        let orphan = Call(
            id: CallID("zzzzzz-3")!, point: bed.id, label: bed.label, service: Service(id: .emergency, priority: 1),
            raised: stamp)
        var courtyard = courtyard()
        #expect(courtyard.handle(.orphan(orphan), at: at(10)) == [.keep(orphan)])
        #expect(courtyard.handle(.orphan(orphan), at: at(11)).isEmpty)
        #expect(courtyard.isOrphan(orphan))
        let events = courtyard.press(bed.id, from: 100, to: 200).events
        #expect(events.map(\.type) == [.pressed] && events[0].call.id == orphan.id && events[0].call.presses == 2)
    }

    @Test("A reload keeps open calls, forgets removed points and shows new ones")
    func reload() {
        var courtyard = courtyard()
        _ = courtyard.press(bed.id, from: 100, to: 200)
        let hall = CallPoint(id: PointID("b3-hall")!, label: "3号楼 门厅")
        let actions = courtyard.handle(.site(SiteRules(points: [bed, hall], dailyTestMinute: nil)), at: at(300))
        #expect(actions.contains(.forget(kitchen.id)))
        #expect(courtyard.point(hall.id)?.condition == .waiting && !courtyard.hasHeardOfAllPoints)
        #expect(courtyard.point(bed.id)?.condition == .working)
        #expect(courtyard.press(bed.id, from: 400, to: 500).events.map(\.call.presses) == [2])
    }
}
