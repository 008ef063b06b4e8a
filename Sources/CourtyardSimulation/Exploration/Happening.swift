package import CallCore

/// One thing that happens to a courtyard, or that somebody in it does.
package enum Happening: Sendable {
    /// A resident presses, once or several times with a pause between.
    case press(PointID, [Press], pause: Duration)
    /// A spike on old wiring, too short for a press.
    case spike(PointID, Duration)
    /// A loose contact flickers, edge after edge.
    case flicker(PointID, edges: Int, every: Duration)
    /// A button jams, and is freed.
    case jam(PointID, for: Duration)
    /// A resident presses a transmitter, and holds it.
    case send(PointID, held: Duration)
    /// A neighbour's transmitter sends, or so much noise comes in.
    case foreignCode(UInt64)
    case noise(Duration)
    /// A receiver's line is taken away by another program.
    case loseReceiver(Int, for: Duration)
    /// The wire of a supervised point is cut, and mended.
    case cutWire(PointID, for: Duration)
    /// A line is taken away by another program, or its expander is pulled out.
    case loseLine(PointID, for: Duration)
    /// The kernel drops every so many-th edge.
    case dropEdges(oneIn: Int, for: Duration)

    /// The network between gateway and brokers is cut, or one way of it.
    case cutNetwork(up: Bool, down: Bool, for: Duration)
    /// The network is slow.
    case slowNetwork(ClosedRange<Duration>, for: Duration)
    /// A broker stops, forgets this share of what it kept, and starts again.
    case stopBroker(Int, for: Duration, forgetting: Double)
    /// A broker's access list denies the gateway what it publishes.
    case denyPublishing(Int, for: Duration)
    /// A will of an earlier connection arrives late.
    case lateWill
    /// A copy of the board's card runs somewhere else.
    case twin(for: Duration)
    /// A record that another card left behind stands at the broker.
    case foreignRecord(UInt64)

    /// A desk's people close the page; or its machine is gone without a word.
    case leaveDesk(Int, inOrder: Bool, for: Duration)
    /// A desk's network is cut.
    case cutDesk(Int, for: Duration)
    /// A desk's people don't look.
    case forget(Int, for: Duration)
    /// A desk sends a command of its own making: the dice say which.
    case command(Int)

    /// The power fails: now, or at the n-th operation of the disk from now on.
    case powerCut(operations: Int?, for: Duration)
    /// The program is killed, and its service manager starts it again.
    case killProgram(for: Duration)
    /// The program is stopped in order and started again.
    case restart
    /// The site file is read again, changed.
    case reload
    /// The disk is full, or fails.
    case failDisk(VirtualDisk.Trouble, for: Duration)
    /// Every flush takes so long.
    case slowDisk(ClosedRange<Duration>, for: Duration)

    /// Somebody sets the wall clock.
    case stepClock(Duration)
    /// The time service has lost its server for so long that the kernel says so.
    case loseTime(for: Duration)
}

/// One press of a button, as the contact sees it.
package struct Press: Sendable {
    /// From the first edge to the first opening for good; longer than the closing bounces.
    package var hold: Duration
    /// Made, open, made, open … from the first edge on, before the contact rests made.
    package var closing: [Duration] = []
    /// Open, made, open, made … from the first opening on, before the contact rests open.
    package var opening: [Duration] = []

    package init(hold: Duration, closing: [Duration] = [], opening: [Duration] = []) {
        self.hold = hold
        self.closing = closing
        self.opening = opening
    }

    /// From the first edge to the last.
    package var lasts: Duration { hold + opening.reduce(.zero, +) }
}

/// A happening, when it happens, and the number that all chance in it is drawn from: taking others away changes nothing
/// in it.
package struct Planned: Sendable {
    package let at: Moment
    package let seed: UInt64
    package let happening: Happening
}

extension Press: CustomStringConvertible {
    package var description: String {
        "\(hold.short)" + (closing.isEmpty && opening.isEmpty ? "" : " bouncing \(closing.count)+\(opening.count)")
    }
}

extension Happening: CustomStringConvertible {
    /// In words, one line.
    package var description: String {
        switch self {
        case .press(let point, let presses, let pause):
            "press \(point): \(presses.map(\.description).joined(separator: ", "))"
                + (presses.count > 1 ? ", \(pause.short) between" : "")
        case .spike(let point, let width): "spike of \(width.short) at \(point)"
        case .flicker(let point, let edges, let every): "\(point) flickers: \(edges) edges, one every \(every.short)"
        case .jam(let point, let span): "\(point) is jammed for \(span.short)"
        case .send(let point, let held): "the transmitter of \(point) is pressed for \(held.short)"
        case .foreignCode: "a neighbour's transmitter sends"
        case .noise(let span): "noise for \(span.short)"
        case .loseReceiver(let index, let span): "another program holds receiver \(index + 1) for \(span.short)"
        case .cutWire(let point, let span): "the wire of \(point) is cut for \(span.short)"
        case .loseLine(let point, let span): "another program holds the line of \(point) for \(span.short)"
        case .dropEdges(let chance, let span): "the kernel drops one edge in \(chance) for \(span.short)"
        case .cutNetwork(let up, let down, let span):
            "nothing gets \(up && down ? "through" : up ? "to the broker" : "from the broker") for \(span.short)"
        case .slowNetwork(let range, let span):
            "packets take \(range.lowerBound.short) to \(range.upperBound.short) for \(span.short)"
        case .stopBroker(let index, let span, let share):
            "broker-\(index + 1) is down for \(span.short) and forgets \(Int(share * 100)) in 100 of what it kept"
        case .denyPublishing(let index, let span): "broker-\(index + 1) denies publishing for \(span.short)"
        case .lateWill: "a will of an earlier connection comes late"
        case .twin(let span): "a copy of the card runs elsewhere for \(span.short)"
        case .foreignRecord: "another card's open call stands at a broker"
        case .leaveDesk(let index, let inOrder, let span):
            "desk-\(index + 1) \(inOrder ? "closes" : "is gone without a word") for \(span.short)"
        case .cutDesk(let index, let span): "the network of desk-\(index + 1) is cut for \(span.short)"
        case .forget(let index, let span): "nobody looks at desk-\(index + 1) for \(span.short)"
        case .command(let index): "desk-\(index + 1) sends something of its own making"
        case .powerCut(let operations, let span):
            "the power fails\(operations.map { " at the disk's operation \($0)" } ?? "") for \(span.short)"
        case .killProgram(let span): "the program is killed, and started \(span.short) later"
        case .restart: "the program is restarted"
        case .reload: "the site file is read again, changed"
        case .failDisk(let trouble, let span): "the disk: \(trouble.rawValue) for \(span.short)"
        case .slowDisk(let range, let span):
            "a flush takes \(range.lowerBound.short) to \(range.upperBound.short) for \(span.short)"
        case .stepClock(let span): "somebody sets the wall clock by \(span.short)"
        case .loseTime(let span): "the time service has no server for \(span.short)"
        }
    }
}

extension Duration {
    /// As people say it: `2.5 ms`, `41 s`, `3 h 12 min`.
    fileprivate var short: String {
        let (sign, size) = self < .zero ? ("-", .zero - self) : ("", self)
        let microseconds = size.nanoseconds / 1000
        func tenths(_ unit: Int64) -> String {
            let tenth = microseconds * 10 / unit
            return tenth % 10 == 0 || tenth >= 1000 ? "\(tenth / 10)" : "\(tenth / 10).\(tenth % 10)"
        }
        let text =
            switch microseconds {
            case ..<1000: "\(microseconds) us"
            case ..<1_000_000: "\(tenths(1000)) ms"
            case ..<120_000_000: "\(tenths(1_000_000)) s"
            case ..<7_200_000_000: "\(microseconds / 60_000_000) min"
            default: "\(microseconds / 3_600_000_000) h \(microseconds / 60_000_000 % 60) min"
            }
        return sign + text
    }
}
