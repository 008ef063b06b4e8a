import CallCore
import GPIOLines
import Glibc
import Synchronization
import Testing

/// The outputs driver against the kernel's GPIO character device and its simulated chips. `GuestTests` runs these.
@Suite("Outputs on a real kernel", .serialized, .enabled(if: isInGuest, "run by GuestTests inside its kernel"))
struct KernelOutputsTests {
    private static let slow = OutputPattern.blink(.milliseconds(100), .milliseconds(150))

    @Test("An output is off until told, on when told, off when told: high is on, or low if it is active-low")
    func asTold() throws {
        let chip = try SimulatedChip("told", lines: 3)
        let board = try OutputBoard([chip.output(0), chip.output(1, activeLow: true), chip.output(2)])
        func levels() -> [Bool?] { (0..<3).map(chip.isHigh) }
        #expect(board.reports == (0..<3).map { .working(chip.lamp($0)) })
        #expect(levels() == [false, true, false])
        for round in 0..<3 {
            for offset in 0..<2 { board.outputs.show(chip.lamp(offset), .on) }
            board.settle()
            #expect(levels() == [true, false, false], "round \(round)")
            for offset in 0..<2 { board.outputs.show(chip.lamp(offset), .off) }
            board.settle()
            #expect(levels() == [false, true, false], "round \(round)")
        }
        #expect(board.reports.count == 3)
    }

    @Test("What was shown before the line is held is shown from its first moment")
    func shownBefore() throws {
        let chip = try SimulatedChip("before", lines: 2)
        let shown = [chip.lamp(0): OutputPattern.on, chip.lamp(1): .on]
        let board = try OutputBoard([chip.output(0), chip.output(1, activeLow: true)], showing: shown)
        #expect(chip.isHigh(0) == true && chip.isHigh(1) == false)
        withExtendedLifetime(board) {}
    }

    @Test("A blinking output changes when its pattern says, counted from its start")
    func blinking() throws {
        let chip = try SimulatedChip("blink", lines: 1)
        let board = try OutputBoard([chip.output(0)])
        board.outputs.show(chip.lamp(0), Self.slow)
        wait("the first on") { chip.isHigh(0) == true }
        let found = changes(of: chip, 0, count: 24).map(\.milliseconds)
        // The first is to off after 100 ms, then one to on comes after 150. A starved machine may stall one or the
        // other; drift would carry all the later ones away.
        let late = found.enumerated().map { index, at in
            let sinceDue = at - (index % 2 == 0 ? 100 : 0) + 125
            return (sinceDue % 250 + 250) % 250 - 125
        }
        #expect(late.filter { abs($0) < 40 }.count >= 18, "changes at \(found) ms")
        #expect((2900..<4000).contains(found.last ?? 0))
    }

    @Test("A pattern that plays once ends off, and plays anew when it is shown again; a repeating one keeps its rhythm")
    func once() throws {
        let chip = try SimulatedChip("once", lines: 2)
        let board = try OutputBoard([chip.output(0), chip.output(1)])
        let twice = OutputPattern([.milliseconds(200), .milliseconds(250), .milliseconds(300)], repeats: false)
        for _ in 0..<2 {
            board.outputs.show(chip.lamp(0), twice)
            wait("it to be on") { chip.isHigh(0) == true }
            let found = changes(of: chip, 0, count: 3).map(\.milliseconds)
            for (found, least) in zip(found, [160, 410, 710]) { #expect(found >= least) }
            usleep(300_000)
            #expect(chip.isHigh(0) == false)
        }
        board.outputs.show(chip.lamp(1), .blink(.milliseconds(300), .milliseconds(10_000)))
        wait("it to be on") { chip.isHigh(1) == true }
        wait("it to be off") { chip.isHigh(1) == false }
        board.outputs.show(chip.lamp(1), .blink(.milliseconds(300), .milliseconds(10_000)))
        board.settle()
        #expect(chip.isHigh(1) == false, "the rhythm doesn't begin anew")
    }

    @Test("A pattern that can't be played leaves its output off and the thread asleep")
    func absurd() throws {
        let chip = try SimulatedChip("absurd", lines: 1)
        let board = try OutputBoard([chip.output(0)])
        board.outputs.show(chip.lamp(0), .on)
        board.outputs.show(chip.lamp(0), OutputPattern([.nanoseconds(1), .zero], repeats: true))
        board.settle()
        #expect(chip.isHigh(0) == false)
        try expectNoWakeUps(within: 500_000)
    }

    @Test("Steady outputs need no wake-ups at all, nor do patterns that are over")
    func idle() throws {
        let chip = try SimulatedChip("steady", lines: 3)
        let board = try OutputBoard((0..<3).map { chip.output($0) })
        board.outputs.show(chip.lamp(0), .on)
        board.outputs.show(chip.lamp(1), OutputPattern([.milliseconds(50)], repeats: false))
        board.settle()
        wait("the short one to end") { chip.isHigh(1) == false }
        try expectNoWakeUps(within: 2_000_000)
        #expect(chip.isHigh(0) == true)
    }

    @Test("A busy line names its holder, shows what it is to show when it is freed, and never bothers the others")
    func busy() throws {
        let chip = try SimulatedChip("taken", lines: 2)
        var other: OtherProgram? = try OtherProgram(named: "door-opener", holding: 0, of: chip)
        let board = try OutputBoard([chip.output(0), chip.output(1)])
        let trouble = OutputReport.trouble(chip.lamp(0), .busy(line: "taken offset 0", holder: "door-opener"))
        #expect(board.reports(of: chip.lamp(0)) == [trouble])
        board.outputs.show(chip.lamp(0), .on)
        board.outputs.show(chip.lamp(1), .on)
        wait("the other to be on") { chip.isHigh(1) == true }
        usleep(1_500_000)  // one retry goes by
        #expect(board.reports(of: chip.lamp(0)) == [trouble], "one report per change, not per retry")
        withExtendedLifetime(other) {}
        other = nil
        wait("it to work") { board.reports(of: chip.lamp(0)) == [trouble, .working(chip.lamp(0))] }
        #expect(chip.isHigh(0) == true)
    }

    @Test("Missing and renamed lines are told apart while the others work")
    func wrongLines() throws {
        let chip = try SimulatedChip("astray", lines: 2, names: [0: "LAMP0"])
        let renamed = chip.output(0, name: "LAMP7")
        let absent = OutputLine(
            output: OutputID("absent")!, address: .offset(chip: "nowhere", offset: 0, name: nil), activeLow: false)
        let board = try OutputBoard([renamed, absent, chip.output(1)])
        #expect(
            board.reports == [
                .trouble(chip.lamp(0), .renamed(line: "astray offset 0 (LAMP7)", found: "LAMP0")),
                .trouble(OutputID("absent")!, .missing(line: "nowhere offset 0")), .working(chip.lamp(1)),
            ])
        board.outputs.show(chip.lamp(1), .on)
        wait("the good one to be on") { chip.isHigh(1) == true }
    }

    @Test("A chip that is unplugged is missing at once; back again, every output shows what it is to show then")
    func unplug() throws {
        let chip = try SimulatedChip("pulled", lines: 5)
        let board = try OutputBoard((0..<5).map { chip.output($0, activeLow: $0 == 4) })
        board.outputs.show(chip.lamp(0), .on)
        board.outputs.show(chip.lamp(1), Self.slow)
        board.outputs.show(chip.lamp(2), OutputPattern([.milliseconds(400)], repeats: false))
        board.settle()
        try #require(chip.isHigh(0) == true && chip.isHigh(2) == true)
        chip.unplug()
        wait("all to be missing") {
            (0..<5).allSatisfy { board.reports(of: chip.lamp($0)).last == missing(chip, $0) }
        }
        board.outputs.show(chip.lamp(3), .on)
        usleep(400_000)
        try chip.plug()
        wait("all to work") { board.reports.count == 15 }
        for offset in 0..<5 {
            let lamp = chip.lamp(offset)
            #expect(board.reports(of: lamp) == [.working(lamp), missing(chip, offset), .working(lamp)])
        }
        #expect([0, 2, 3, 4].map(chip.isHigh) == [true, false, true, true])
        wait("the blinking one to be on") { chip.isHigh(1) == true }
        wait("and off") { chip.isHigh(1) == false }
    }

    @Test("A reload leaves unchanged outputs alone, gives the others back, and moves a pattern with its output")
    func reload() throws {
        let chip = try SimulatedChip("anew", lines: 4)
        let kept = chip.output(0)
        let board = try OutputBoard([kept, chip.output(1, activeLow: true)])
        board.outputs.show(chip.lamp(0), .blink(.milliseconds(200), .seconds(60)))
        board.outputs.show(chip.lamp(1), .on)
        wait("the first to be on") { chip.isHigh(0) == true }
        wait("both to be at rest") { chip.isHigh(0) == false && chip.isHigh(1) == false }
        let moved = OutputLine(
            output: chip.lamp(1), address: .offset(chip: "anew", offset: 2, name: nil), activeLow: false)
        board.outputs.drive([moved, kept])
        wait("the moved one to work") { board.reports(of: chip.lamp(1)).count == 2 }
        #expect(chip.isHigh(2) == true, "it goes on with its pattern")
        #expect(chip.isHigh(0) == false && board.reports(of: chip.lamp(0)).count == 1)
        #expect(GPIOOutputs.probe([chip.output(1)]) == [.working(chip.lamp(1))], "its old line was given back")

        board.outputs.drive([kept])
        board.settle()
        board.outputs.drive([moved, kept])
        wait("it to work again") { board.reports(of: chip.lamp(1)).count == 3 }
        #expect(chip.isHigh(2) == false, "what was shown off the list is forgotten")
    }

    @Test("Two outputs can change lines in one reload, each with its pattern")
    func swap() throws {
        let chip = try SimulatedChip("exchange", lines: 2)
        let board = try OutputBoard([chip.output(0), chip.output(1)])
        func exchanged(_ lamp: Int, _ offset: Int) -> OutputLine {
            OutputLine(
                output: chip.lamp(lamp), address: .offset(chip: "exchange", offset: offset, name: nil),
                activeLow: false)
        }
        board.outputs.show(chip.lamp(0), .on)
        wait("the first to be on") { chip.isHigh(0) == true && chip.isHigh(1) == false }
        board.outputs.drive([exchanged(0, 1), exchanged(1, 0)])
        wait("both to work again") { board.reports.count == 4 }
        #expect(chip.isHigh(0) == false && chip.isHigh(1) == true)
        #expect(board.reports.allSatisfy { if case .working = $0 { true } else { false } })
    }

    @Test("100 outputs work at once")
    func many() throws {
        let chip = try SimulatedChip("plenty", lines: 100)
        let board = try OutputBoard((0..<100).map { chip.output($0) })
        for offset in 0..<100 { board.outputs.show(chip.lamp(offset), offset % 3 == 0 ? .on : .off) }
        board.settle()
        #expect((0..<100).allSatisfy { chip.isHigh($0) == ($0 % 3 == 0) })
    }

    @Test("A stopped driver has given everything back, and reports and checks in no more")
    func stop() throws {
        let chip = try SimulatedChip("halt", lines: 2)
        let board = try OutputBoard([chip.output(0), chip.output(1)])
        for offset in 0..<2 { board.outputs.show(chip.lamp(offset), .on) }
        board.settle()
        try #require(chip.isHigh(0) == true && chip.isHigh(1) == true)
        board.outputs.stop()
        #expect(chip.isHigh(0) == false && chip.isHigh(1) == false)
        #expect(GPIOOutputs.probe([chip.output(0), chip.output(1)]) == board.reports)
        let checkedIn = Mutex(false)
        board.outputs.checkIn { checkedIn.withLock { $0 = true } }
        usleep(20_000)
        #expect(!checkedIn.withLock { $0 })
        #expect(board.reports.count == 2)
    }

    /// When the line's level changes, since now; it is looked at every half millisecond.
    private func changes(of chip: SimulatedChip, _ offset: Int, count: Int) -> [Duration] {
        let clock = SuspendingClock()
        let begun = clock.now
        var level = chip.isHigh(offset)
        var found: [Duration] = []
        while found.count < count, clock.now - begun < .seconds(15) {
            usleep(500)
            guard case let now = chip.isHigh(offset), now != level else { continue }
            level = now
            found.append(clock.now - begun)
        }
        #expect(found.count == count, "waited 15 s")
        return found
    }

    private func missing(_ chip: SimulatedChip, _ offset: Int) -> OutputReport {
        .trouble(chip.lamp(offset), .missing(line: "\(chip.label) offset \(offset)"))
    }

    private func expectNoWakeUps(within microseconds: UInt32) throws {
        let thread = try #require(DriversThread(named: "outputs"))
        wait("the thread to sleep") { thread.isAsleep }
        let before = try thread.switches
        usleep(microseconds)
        #expect(try thread.switches == before)
    }
}
