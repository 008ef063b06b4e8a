import CallCore
import Testing

/// Points with a transmitter: what a press over the air is, what devices say of themselves, and when nobody hears them.
@Suite struct RadioPointTests {
    static let device = RadioDevice(
        name: "reporting", radioProtocol: .ev1527, bits: 24, identityBits: 20,
        meanings: [2: .service(.meal), 4: .release, 7: .lowBattery, 0xB: .tamper, 0xE: .alive, 0xF: .nothing],
        supervision: .init(interval: .seconds(86_400), misses: 1))
    static let pendant: CallPoint = {
        var point = CallPoint(id: PointID("b3-u2-402")!, label: "3号楼2单元402 吊坠")
        point.isWired = false
        point.radio = RadioTransmitter(device: device, code: RadioCode(.ev1527, value: 0x13CD38, bits: 24))
        return point
    }()
    static let hall = ReceiverID("hall")!
    static let attic = ReceiverID("attic")!

    private static func world(_ points: [CallPoint] = [pendant, bed]) -> Followed {
        let receivers = [hall, attic].map { RadioReceiver(id: $0) }
        var world = Followed(SiteRules(points: points, receivers: receivers, dailyTestMinute: nil))
        world.tell(.receiver(ReceiverReport(hall, .working)))
        return world
    }

    private func code(_ button: UInt64, of identity: UInt64 = 0x13CD3) -> RadioCode {
        RadioCode(.ev1527, value: identity << 4 | button, bits: 24)
    }

    private func report(
        _ world: Followed, _ code: RadioCode, _ phase: RadioReport.Phase, by receiver: ReceiverID = hall,
        level: Int? = nil
    ) -> Input {
        .radio(RadioReport(receiver: receiver, code: code, phase: phase, at: ms(world.time), frames: 2, level: level))
    }

    /// The way a receiver tells a press: its end a quiet gap after the last frame.
    @discardableResult
    private func press(_ world: inout Followed, _ code: RadioCode, for held: Duration = .milliseconds(200)) -> [Action]
    {
        var told = world.tell(report(world, code, .began))
        told += world.wait(held)
        let end = report(world, code, .ended)
        told += world.wait(.milliseconds(400))
        return told + world.tell(end)
    }

    @Test("A press is told at once, with who heard it and how; its call keeps that")
    func pressed() {
        var world = Self.world()
        let told = world.tell(report(world, code(8), .began, level: -123))
        #expect(told.types == [.pressed, .raised])
        #expect(
            told.events.map(\.call.reception) == Array(repeating: Reception(receiver: Self.hall, level: -123), count: 2)
        )
        #expect(told.kept.last?.reception?.decibels == -12.3)
        #expect(world.courtyard.point(Self.pendant.id)?.lastPress == world.now.wall)
    }

    @Test("One press that two receivers hear, one of them late, is one; after a quiet gap it is another")
    func twoReceivers() {
        var world = Self.world()
        var told = world.tell(report(world, code(8), .began))
        told += world.wait(.milliseconds(30))
        told += world.tell(report(world, code(8), .began, by: Self.attic))
        told += world.wait(.milliseconds(100))
        let ends = [report(world, code(8), .ended), report(world, code(8), .ended, by: Self.attic)]
        told += world.wait(.milliseconds(400))
        told += ends.flatMap { world.tell($0) }
        #expect(told.types == [.pressed, .raised])
        told = world.tell(report(world, code(8), .began))
        #expect(told.types == [.pressed], "it joins the open call")
    }

    @Test("Whoever nobody enrolled never calls, and is remembered; the memory is bounded")
    func unknown() {
        var world = Self.world()
        #expect(press(&world, code(8, of: 0x55AA1)).isEmpty)
        #expect(press(&world, code(8, of: 0x55AA1)).isEmpty)
        let heard = world.courtyard.unknownTransmitters
        #expect(heard.map(\.presses) == [2] && heard.first?.code == code(8, of: 0x55AA1))
        for identity: UInt64 in 0..<2000 {
            world.tell(report(world, code(1, of: 0x20000 + identity), .began))
            world.wait(.milliseconds(1))
        }
        #expect(world.courtyard.unknownTransmitters.count == 256)
        #expect(
            !world.courtyard.unknownTransmitters.contains { $0.code == code(8, of: 0x55AA1) }, "the oldest makes room")
        // Another protocol's code with the same bits is somebody else's.
        let other = RadioCode(.smc5326, value: 0x13CD38, bits: 25)
        #expect(world.tell(report(world, other, .began)).isEmpty)
    }

    @Test("Buttons of a device ask for what its class says; one that means nothing does nothing")
    func meanings() {
        var world = Self.world()
        #expect(press(&world, code(2)).kept.last?.service == .meal)
        #expect(press(&world, code(0xF)).types.isEmpty)
        #expect(press(&world, code(8)).kept.last?.service == .emergency)
    }

    @Test("A held pendant is a hold, told once it is known that it lasts; a short press is none")
    func held() {
        var point = Self.pendant
        point.gestures = .init(press: .meal, hold: .errand)
        var world = Self.world([point])
        #expect(press(&world, code(8), for: .milliseconds(1800)).kept.map(\.service) == [.meal])
        var told = world.wait(.seconds(5))
        told += world.tell(report(world, code(8), .began))
        told += world.wait(.milliseconds(2600))
        #expect(told.kept.map(\.service) == [.errand])
        #expect(told.kept.first?.raised.moment == ms(world.time - 2600))
    }

    @Test("A release code ends the press; a transmitter that sends for ever is stuck")
    func release() {
        var world = Self.world()
        world.tell(report(world, code(8), .began))
        world.wait(.milliseconds(300))
        world.tell(report(world, code(4), .began))
        #expect(!world.wait(.seconds(400)).faults.map(\.id).contains(.lineStuck))
        let end = report(world, code(8), .ended)
        world.tell(end)
        world.wait(.seconds(1))
        world.tell(report(world, code(8), .began))
        #expect(world.wait(.seconds(301)).faults.map(\.id).contains(.lineStuck))
        #expect(world.courtyard.point(Self.pendant.id)?.condition == .stuck)
        #expect(world.tell(report(world, code(8), .ended)).cleared == [.lineStuck])
    }

    @Test("A code off the air resolves nothing, whatever the site file says")
    func noReset() {
        var point = Self.pendant
        point.gestures = .init(press: .reset)
        point.resets = ["*"]
        var world = Self.world([point, bed])
        world.press(bed)
        #expect(press(&world, code(8)).types.isEmpty)
        #expect(world.call() != nil)
    }

    @Test("Low battery is told, again every day, and over when it isn't told for two days")
    func battery() throws {
        var world = Self.world()
        let told = press(&world, code(7))
        #expect(told.types.isEmpty && told.faults.map(\.id) == [.batteryLow])
        #expect(world.courtyard.point(Self.pendant.id)?.radio?.isBatteryLow == true)
        let later = world.wait(.seconds(86_400)).faults.filter { $0.id == .batteryLow }
        #expect(later.map(\.what) == ["b3-u2-402: 3号楼2单元402 吊坠, for 1 day"])
        press(&world, code(8))
        #expect(world.courtyard.fault(.batteryLow) != nil, "a press without a word of it may be chance")
        world.wait(.seconds(86_400))
        #expect(press(&world, code(8)).cleared.contains(.batteryLow))
    }

    @Test("A device that reports and is silent for its interval and one more is missing, until it is heard")
    func missing() {
        var world = Self.world()
        press(&world, code(0xE))
        world.wait(.seconds(86_400))
        #expect(world.courtyard.point(Self.pendant.id)?.condition == .working)
        #expect(world.wait(.seconds(86_400)).faults.map(\.id) == [.pointMissing])
        #expect(world.courtyard.point(Self.pendant.id)?.condition == .silent)
        #expect(press(&world, code(0xE)).cleared == [.pointMissing])
        #expect(press(&world, code(0xB)).faults.map(\.id) == [.tampered])
        #expect(press(&world, code(0xE)).cleared == [.tampered])
    }

    @Test("Without a receiver that works transmitters are unheard; with the last one's end a press ends")
    func deaf() {
        var world = Self.world()
        world.tell(report(world, code(8), .began))
        let told = world.tell(.receiver(ReceiverReport(Self.hall, .dead("GPIO27 is held by gpiomon"))))
        #expect(told.faults.map(\.what) == ["hall: GPIO27 is held by gpiomon"])
        #expect(world.courtyard.point(Self.pendant.id)?.condition == .unheard)
        #expect(world.courtyard.point(bed.id)?.condition == .working)
        #expect(
            world.tell(.receiver(ReceiverReport(Self.attic, .jammed("occupied")))).faults.map(\.id) == [.receiverJammed]
        )
        #expect(world.courtyard.point(Self.pendant.id)?.condition == .working, "what comes through is heard")
        #expect(world.tell(.receiver(ReceiverReport(Self.attic, .working))).cleared == [.receiverJammed])
        #expect(world.tell(report(world, code(8), .began, by: Self.attic)).types == [.pressed])
        #expect(world.tell(.receiver(ReceiverReport(Self.hall, .working))).cleared == [.receiverDead])
    }

    @Test("A receiver that goes while a pendant is held ends what only it heard; the next press is one of its own")
    func lostInMidPress() {
        for hasEnd in [false, true] {
            var world = Self.world()
            world.tell(.receiver(ReceiverReport(Self.attic, .working)))
            world.tell(report(world, code(8), .began))
            if hasEnd {
                world.tell(report(world, code(8), .began, by: Self.attic))
                world.tell(report(world, code(8), .ended, by: Self.attic))
            }
            world.tell(.receiver(ReceiverReport(Self.hall, .dead("pulled out"))))
            world.wait(.seconds(2))
            #expect(world.tell(report(world, code(8), .began, by: Self.attic)).types == [.pressed])
            #expect(!world.wait(.seconds(2)).faults.map(\.id).contains(.lineStuck))
        }
        // Nor does an end that was never told swallow what comes next.
        var world = Self.world()
        world.tell(report(world, code(8), .began))
        world.wait(.seconds(5))
        #expect(world.tell(report(world, code(8), .began)).types == [.pressed])
    }

    @Test("What a receiver says that isn't in the site any more is no fault")
    func removedReceiver() {
        var world = Self.world()
        let site = SiteRules(
            points: [Self.pendant], receivers: [RadioReceiver(id: Self.attic)], dailyTestMinute: nil)
        world.tell(report(world, code(8), .began))
        world.tell(.site(site))
        #expect(world.tell(.receiver(ReceiverReport(Self.hall, .dead("gone")))).isEmpty)
        world.tell(.receiver(ReceiverReport(Self.attic, .working)))
        world.wait(.seconds(2))
        #expect(world.tell(report(world, code(8), .began, by: Self.attic)).types == [.pressed])
    }

    @Test("Waiting lasts until a receiver has told how it is, and a point may have wire and transmitter")
    func waiting() {
        let receivers = [RadioReceiver(id: Self.hall)]
        var world = Followed(SiteRules(points: [Self.pendant], receivers: receivers, dailyTestMinute: nil))
        #expect(!world.courtyard.hasHeardOfAllPoints)
        world.tell(.receiver(ReceiverReport(Self.hall, .working)))
        #expect(world.courtyard.hasHeardOfAllPoints)
        var both = Self.pendant
        both.isWired = true
        world = Self.world([both])
        #expect(world.press(both).types == [.pressed, .raised])
        #expect(press(&world, code(8)).types == [.pressed])
    }

    @Test("Taken out of the site, its faults go; put in again it is heard")
    func reload() {
        var world = Self.world()
        press(&world, code(7))
        let receivers = [RadioReceiver(id: Self.hall)]
        #expect(
            world.tell(.site(SiteRules(points: [bed], receivers: receivers, dailyTestMinute: nil))).cleared == [
                .batteryLow
            ])
        #expect(press(&world, code(8)).types.isEmpty)
        world.tell(.site(SiteRules(points: [bed, Self.pendant], receivers: receivers, dailyTestMinute: nil)))
        #expect(world.courtyard.point(Self.pendant.id)?.condition == .working)
        #expect(press(&world, code(8)).types == [.pressed, .raised])
    }

    @Test("In a walk test the next press of each point is a test, whatever it asks for; the one after it is a call")
    func walk() {
        var world = Self.world()
        #expect(world.tell(.walkTest([Self.pendant.id, bed.id, PointID("gone")!])).faults.map(\.id) == [.walkTest])
        let told = press(&world, code(2))
        #expect(told.types == [.raised] && told.kept.last?.isTest == true)
        #expect(told.kept.last?.reception?.receiver == Self.hall)
        #expect(press(&world, code(8)).kept.last?.service == .emergency)
        #expect(world.press(bed).kept.last?.isTest == true)
        #expect(world.press(bed).kept.last?.service == .emergency)
        #expect(world.tell(.walkTest(nil)).cleared == [.walkTest])
        world.tell(.walkTest([bed.id]))
        world.tell(.walkTest(nil))
        #expect(world.press(bed).types == [.pressed], "whoever wasn't pressed meanwhile calls")
    }

    @Test("A point without wire and transmitter waits for nobody, and is no fault")
    func notEnrolled() {
        var point = Self.pendant
        point.radio = nil
        let world = Followed(SiteRules(points: [point], dailyTestMinute: nil))
        #expect(world.courtyard.hasHeardOfAllPoints)
        #expect(world.courtyard.point(point.id)?.condition == .notEnrolled)
        #expect(world.courtyard.setFaults.isEmpty)
    }
}
