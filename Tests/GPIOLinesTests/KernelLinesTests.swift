import CGpiod
import CallCore
import GPIOLines
import Glibc
import Synchronization
import Testing

/// Whether this process runs in the guest kernel that `GuestTests` boots.
let isInGuest = getenv("COURTYARD_GUEST") != nil

/// The driver against the kernel's GPIO character device and its simulated chips. `GuestTests` runs these.
@Suite("Lines of a real kernel", .serialized, .enabled(if: isInGuest, "run by GuestTests inside its kernel"))
struct KernelLinesTests {
    @Test("Levels are read at the start: a button held at boot is made, active-low and bias are applied")
    func levelsAtStart() throws {
        let chip = try SimulatedChip("start", lines: 5)
        for (offset, high) in [true, false, true, false].enumerated() { chip.pull(offset, high: high) }
        let watcher = try Watcher([
            chip.line(0), chip.line(1), chip.line(2, activeLow: true), chip.line(3, activeLow: true),
            chip.line(4, bias: .pullUp, activeLow: true),
        ])
        watcher.settle()
        #expect((0..<5).map { watcher.armings(of: chip.point($0)) } == [[true], [false], [false], [true], [false]])
        #expect(watcher.reports.count == 5)
    }

    @Test("Every edge of a bouncing contact arrives in order, with the kernel's times, 200 µs apart")
    func bounce() throws {
        let chip = try SimulatedChip("bounce", lines: 1)
        let watcher = try Watcher([chip.line(0, bias: .pullUp, activeLow: true)])
        watcher.settle()
        for count in 0..<51 {
            chip.pull(0, high: count % 2 != 0)
            usleep(200)
        }
        wait("51 edges") { watcher.edges(of: chip.point(0)).count >= 51 }
        #expect(watcher.edges(of: chip.point(0)) == (0..<51).map { $0 % 2 == 0 })
        let moments = watcher.reports.map(\.moment)
        #expect(moments == moments.sorted())
        let shortest = zip(moments.dropFirst(), moments.dropFirst(2)).map { $1 - $0 }.min()!
        #expect(shortest >= .microseconds(150), "stamped when they happened, not when they were read")
    }

    @Test("64 lines work at once, and each batch is in the order of the kernel's times")
    func manyLines() throws {
        let chip = try SimulatedChip("many", lines: 64)
        let watcher = try Watcher((0..<64).map { chip.line($0, bias: .pullDown) })
        watcher.settle()
        for round in 0..<4 {
            for offset in 0..<64 { chip.pull((offset * 37) % 64, high: round % 2 == 0) }
        }
        wait("256 edges") { watcher.reports.count >= 64 + 256 }
        for offset in 0..<64 { #expect(watcher.edges(of: chip.point(offset)) == [true, false, true, false]) }
        for batch in watcher.batches { #expect(batch.map(\.moment) == batch.map(\.moment).sorted()) }
    }

    @Test("A busy line names its holder, is picked up when freed, and never bothers the others")
    func busy() throws {
        let chip = try SimulatedChip("busy", lines: 2)
        var other: OtherProgram? = try OtherProgram(named: "door-opener", holding: 0, of: chip)
        let watcher = try Watcher([chip.line(0), chip.line(1)])
        watcher.settle()
        #expect(watcher.troubles(of: chip.point(0)) == [.busy(line: "busy offset 0", holder: "door-opener")])
        chip.pull(1, high: true)
        wait("the other line's edge") { watcher.edges(of: chip.point(1)) == [true] }

        chip.pull(0, high: true)
        usleep(2_500_000)  // one retry goes by
        #expect(watcher.troubles(of: chip.point(0)).count == 1, "one report per change, not per retry")
        withExtendedLifetime(other) {}
        other = nil
        wait("the line to be picked up") { watcher.armings(of: chip.point(0)) == [true] }
        chip.pull(0, high: false)
        wait("its edge") { watcher.edges(of: chip.point(0)) == [false] }
    }

    @Test("Missing, renamed and ambiguous lines are told apart while the others work")
    func wrongLines() throws {
        let chip = try SimulatedChip("wrong", lines: 4, names: [0: "BTN0", 1: "BTN1", 2: "TWIN", 3: "TWIN"])
        func line(_ point: String, _ address: LineAddress) -> WatchedLine {
            WatchedLine(point: PointID(point)!, address: address, bias: .disabled, activeLow: false)
        }
        let watcher = try Watcher([
            line("renamed", .offset(chip: "wrong", offset: 0, name: "BTN7")),
            line("past-end", .offset(chip: "wrong", offset: 4, name: nil)),
            line("no-chip", .offset(chip: "nowhere", offset: 0, name: nil)),
            line("twins", .name("TWIN", chip: nil)),
            line("good", .name("BTN1", chip: nil)),
        ])
        watcher.settle()
        #expect(
            watcher.troubles(of: PointID("renamed")!)
                == [.renamed(line: "wrong offset 0 (BTN7)", found: "BTN0")])
        #expect(watcher.troubles(of: PointID("past-end")!) == [.missing(line: "wrong offset 4")])
        #expect(watcher.troubles(of: PointID("no-chip")!) == [.missing(line: "nowhere offset 0")])
        #expect(
            watcher.troubles(of: PointID("twins")!)
                == [.refused(line: "TWIN", reason: "wrong offset 2 and wrong offset 3 both have this name")])
        chip.pull(1, high: true)
        wait("the good line's edge") { watcher.edges(of: PointID("good")!) == [true] }
    }

    @Test("A chip that is unplugged is missing at once, and found again at once under another number")
    func unplug() throws {
        let chip = try SimulatedChip("plug", lines: 2)
        let watcher = try Watcher([chip.line(0), chip.line(1)])
        watcher.settle()
        let name = try chip.name
        chip.unplug()
        wait("both to be missing") {
            (0..<2).allSatisfy {
                watcher.troubles(of: chip.point($0)) == [.missing(line: "plug offset \($0)")]
            }
        }
        // Others take the lowest free numbers. (Linux 6.1 keeps the number of a chip that was unplugged while in use.)
        let intruders = try (0..<3).map { try SimulatedChip("intruder-\($0)", lines: 1) }
        try chip.plug()
        #expect(try chip.name != name)
        wait("both to be armed again") { (0..<2).allSatisfy { watcher.armings(of: chip.point($0)).count == 2 } }
        chip.pull(1, high: true)
        wait("an edge") { watcher.edges(of: chip.point(1)) == [true] }
        withExtendedLifetime(intruders) {}
    }

    @Test("When the kernel's queue runs over, what it kept is reported, then the loss with the level of now")
    func overflow() throws {
        let chip = try SimulatedChip("flood", lines: 2)
        let watcher = try Watcher([chip.line(0), chip.line(1)])
        watcher.settle()
        watcher.holdUp()
        chip.pull(1, high: true)
        wait("the driver to be held up") { watcher.edges(of: chip.point(1)) == [true] }
        for count in 0..<701 { chip.pull(0, high: count % 2 == 0) }
        watcher.letGo()
        wait("the loss") { watcher.reports(of: chip.point(0)).count > 1 && watcher.reports.last!.isLoss }
        let kept = cgpiod_silent_queue() == 0 ? 256 : 16
        #expect(watcher.edges(of: chip.point(0)).count == kept)
        guard case .lost(_, made: true, let at)? = watcher.reports.last else {
            Issue.record("no loss with a made contact, but \(String(describing: watcher.reports.last))")
            return
        }
        #expect(watcher.reports(of: chip.point(0)).dropLast().allSatisfy { $0.moment < at })
        chip.pull(0, high: false)
        wait("the next edge") { watcher.edges(of: chip.point(0)).count == kept + 1 }
        #expect(watcher.reports(of: chip.point(1)).count == 2, "the other line lost nothing")
        #expect(watcher.reports.filter(\.isLoss).count == 1)
    }

    @Test("A reload loses no edge of an unchanged line and doesn't arm it again")
    func reload() throws {
        let chip = try SimulatedChip("reload", lines: 40)
        let kept = chip.line(0)
        func list(_ round: Int) -> [WatchedLine] {
            [kept] + (1..<40).map { chip.line($0, activeLow: $0 % 3 == round % 3) }
        }
        let watcher = try Watcher(list(0))
        watcher.settle()
        // Edges 1 ms apart, at most 10 before the next reload: less than any kernel queue holds, however slow this is.
        for round in 1...20 {
            watcher.lines.watch(list(round))
            for count in 0..<10 {
                chip.pull(0, high: count % 2 == 0)
                usleep(1000)
            }
            wait("10 edges") { watcher.edges(of: kept.point).count == round * 10 }
        }
        #expect(watcher.edges(of: kept.point) == (0..<200).map { $0 % 2 == 0 })
        #expect(watcher.armings(of: kept.point) == [false])
        #expect((1..<40).allSatisfy { watcher.armings(of: chip.point($0)).count > 1 })
        #expect(watcher.reports.allSatisfy { !$0.isTrouble && !$0.isLoss })
    }

    @Test("A press during the start is read from the lines that are armed while others are still being requested")
    func earlyPress() throws {
        let chip = try SimulatedChip("early", lines: 200)
        let watcher = try Watcher((0..<200).map { chip.line($0) }, heldUp: true)
        wait("the first line") { watcher.armings(of: chip.point(0)) == [false] }
        chip.pull(0, high: true)
        watcher.letGo()
        wait("its edge") { watcher.edges(of: chip.point(0)) == [true] }
        let armedBefore = watcher.reports.prefix { $0.point != chip.point(0) || $0.isArming }.count
        #expect(armedBefore < 200)
        watcher.settle()
    }

    @Test("Two points can change lines in one reload")
    func swap() throws {
        let chip = try SimulatedChip("swap", lines: 2)
        let watcher = try Watcher([chip.line(0), chip.line(1)])
        func exchanged(_ point: Int, _ offset: Int) -> WatchedLine {
            WatchedLine(
                point: chip.point(point), address: .offset(chip: "swap", offset: offset, name: nil), bias: .disabled,
                activeLow: false)
        }
        watcher.settle()
        watcher.lines.watch([exchanged(0, 1), exchanged(1, 0)])
        wait("both to be armed again") { watcher.reports.count == 4 }
        chip.pull(0, high: true)
        wait("the edge") { watcher.edges(of: chip.point(1)) == [true] }
        #expect(watcher.edges(of: chip.point(0)) == [])
        #expect(watcher.reports.allSatisfy { !$0.isTrouble })
    }

    @Test("Lines without interrupts are sampled, and said to be, as long as they are watched")
    func sampled() throws {
        // The guest has interrupts for about 250 lines; the rest of this chip's go without.
        let chip = try SimulatedChip("wide", lines: 400)
        let watcher = try Watcher((0..<400).map { chip.line($0) })
        watcher.settle()
        #expect(watcher.reports.allSatisfy { !$0.isTrouble })
        let sampled = watcher.lines.sampled
        try #require(!sampled.isEmpty && sampled.count < 400)
        let offset = 399
        #expect(sampled.contains(chip.point(offset)) && !sampled.contains(chip.point(0)))
        for count in 1...6 {
            chip.pull(offset, high: count % 2 == 1)
            wait("the sampled edge") { watcher.edges(of: chip.point(offset)).count == count }
        }
        #expect(watcher.edges(of: chip.point(offset)) == [true, false, true, false, true, false])
        chip.pull(0, high: true)
        wait("the kernel's edge") { watcher.edges(of: chip.point(0)) == [true] }
        watcher.lines.watch([chip.line(0)])
        wait("sampling to end with its lines") { watcher.lines.sampled.isEmpty }
        watcher.lines.watch((0..<400).map { chip.line($0) })
        wait("all to be armed again") { (1..<400).allSatisfy { watcher.armings(of: chip.point($0)).count == 2 } }
        chip.unplug()
        wait("all to be missing") { (0..<400).allSatisfy { watcher.troubles(of: chip.point($0)).count == 1 } }
        wait("sampling to end") { watcher.lines.sampled.isEmpty }
    }

    @Test("A process that may not open the chips is told which group it needs")
    func permission() throws {
        let chip = try SimulatedChip("locked", lines: 1)
        let path = "/dev/\(try chip.name)"
        chmod(path, 0o600)
        defer { seteuid(0) }
        try #require(seteuid(65534) == 0)
        let probes = GPIOLines.probe([chip.line(0)])
        guard case .trouble(.refused(line: "locked offset 0", let reason))? = probes.first else {
            Issue.record("not refused: \(probes)")
            return
        }
        #expect(reason.contains("Permission denied") && reason.contains("group gpio"))
        #expect(GPIOLines.survey().closed.map(\.path).contains(path))
    }

    @Test("A line whose chip may not be opened is picked up as soon as it may")
    func permissionGiven() throws {
        let chip = try SimulatedChip("late", lines: 1)
        let path = "/dev/\(try chip.name)"
        chmod(path, 0o600)
        defer { seteuid(0) }
        try #require(seteuid(65534) == 0)
        let watcher = try Watcher([chip.line(0)])
        watcher.settle()
        #expect(watcher.troubles(of: chip.point(0)).count == 1)
        try #require(seteuid(0) == 0)
        chown(path, 65534, 65534)
        try #require(seteuid(65534) == 0)
        wait("the line to be armed") { watcher.armings(of: chip.point(0)) == [false] }
    }

    @Test("A survey lists chips with their labels and line names, and a probe tells what each line would do")
    func probe() throws {
        let chip = try SimulatedChip("survey", lines: 3, prefix: "BTN")
        let other = try OtherProgram(named: "door-opener", holding: 2, of: chip)
        chip.pull(1, high: true)
        let found = try #require(GPIOLines.survey().chips.first { $0.label == "survey" })
        #expect(found.path == "/dev/\(try chip.name)" && found.lineNames == ["BTN0", "BTN1", "BTN2"])
        let expected: [LineProbe] = [
            .works(made: false, interrupts: true), .works(made: true, interrupts: true),
            .trouble(.busy(line: "survey offset 2", holder: "door-opener")),
        ]
        #expect(GPIOLines.probe((0..<3).map { chip.line($0) }) == expected)
        #expect(GPIOLines.probe((0..<3).map { chip.line($0) }) == expected, "the lines were given back")
        withExtendedLifetime(other) {}
    }

    @Test("The thread checks in while it works, and after a stop no more")
    func checkIn() throws {
        let chip = try SimulatedChip("alive", lines: 1)
        let watcher = try Watcher([chip.line(0)])
        let count = Mutex(0)
        for expected in 1...3 {
            watcher.lines.checkIn { count.withLock { $0 += 1 } }
            wait("check-in \(expected)") { count.withLock { $0 } == expected }
        }
        watcher.lines.stop()
        watcher.lines.checkIn { count.withLock { $0 += 1 } }
        usleep(20_000)
        #expect(count.withLock { $0 } == 3)
    }

    @Test("A driver that is stopped gives its lines back and reports no more")
    func stop() throws {
        let chip = try SimulatedChip("stop", lines: 1)
        let watcher = try Watcher([chip.line(0)])
        watcher.settle()
        watcher.lines.stop()
        #expect(GPIOLines.probe([chip.line(0)]) == [.works(made: false, interrupts: true)])
        chip.pull(0, high: true)
        #expect(watcher.reports.count == 1)
    }

    @Test("An idle driver sleeps: no wake-ups at all")
    func idle() throws {
        let chip = try SimulatedChip("idle", lines: 16)
        let watcher = try Watcher((0..<16).map { chip.line($0) })
        watcher.settle()
        let thread = try #require(DriversThread(named: "lines"))
        wait("the thread to sleep") { thread.isAsleep }
        let before = try thread.switches
        usleep(3_000_000)
        #expect(try thread.switches == before)
        #expect(before > 0)
    }
}

extension LineReport {
    fileprivate var isArming: Bool { if case .armed = self { true } else { false } }
    fileprivate var isLoss: Bool { if case .lost = self { true } else { false } }
    fileprivate var isTrouble: Bool { if case .trouble = self { true } else { false } }
}
