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
