package import CallCore

/// One change of a contact, as hands or a bad wire make it.
package struct ContactChange: Hashable, Sendable {
    /// Since the deed began.
    package let after: Duration
    package let point: PointID
    package let made: Bool

    package init(after: Duration, point: PointID, made: Bool) {
        self.after = after
        self.point = point
        self.made = made
    }
}

/// What receivers' pins show while transmitters send.
package struct RadioSending: Sendable {
    package let receivers: [ReceiverID]
    /// Since the deed began.
    package let edges: [Air.Edge]
    /// Whose buttons are pressed meanwhile: for whoever looks at the story.
    package let presses: [ContactChange]

    package init(receivers: [ReceiverID], edges: [Air.Edge], presses: [ContactChange]) {
        self.receivers = receivers
        self.edges = edges
        self.presses = presses
    }

    package var lasts: Duration { .nanoseconds(edges.last?.at ?? 0) }

    /// Carrier, silence, carrier, …, each in microseconds, beginning with the first carrier and ending with a silence.
    package var microseconds: [Int64] {
        var lengths: [Int64] = []
        for (edge, next) in zip(edges, edges.dropFirst()) { lengths.append(max(1, (next.at - edge.at + 500) / 1000)) }
        // The last edge ends a carrier.
        return edges.isEmpty ? [] : lengths + [1]
    }
}

/// Something that a scenario has a stage do.
package enum StageDeed {
    /// Contacts are made and opened, in the order of their times. The deed lasts as long as they do.
    case contacts([ContactChange])
    /// Transmitters send. The deed lasts as long as they do.
    case radio(RadioSending)
    /// The supervised wire of each of these is cut, or whole again.
    case wires([PointID], cut: Bool)
    /// Something happens to a broker (counted from 1), or to all (nil), or to the way there.
    case broker(BrokerDeed, which: Int?)
    case desk(DeskID, DeskDeed)
    /// Somebody publishes something of their own making, at every broker that runs.
    case publish(topic: String, payload: [UInt8], retained: Bool)
    case power(PowerDeed)
    case agent(AgentDeed)
    case clock(ClockDeed)
    case disk(DiskDeed)
    /// A new card is put in: its journal is empty. Only while the power is off.
    case newCard
    /// A second board with this one's card appears, or goes again.
    case clone(appears: Bool)

    /// How long it takes.
    var lasts: Duration {
        switch self {
        case .contacts(let changes): changes.last?.after ?? .zero
        case .radio(let sending): sending.lasts
        default: .zero
        }
    }
}

/// What happens to a broker, or to the gateway's way there.
package enum BrokerDeed: Hashable, Sendable {
    /// Ends in order, with everything written down.
    case stop
    /// Ends at once, and has forgotten everything when it comes back.
    case kill
    case start
    /// The gateway's packets get lost, both ways, without a word.
    case blackhole
    /// The gateway's connection is broken, and another is refused.
    case refuse
    /// Packets take this much longer.
    case slow(Duration)
    /// The way there is as it should be.
    case restore
}

/// How a desk's people behave from now on.
package enum DeskDeed {
    /// The desk listens, if it didn't, and follows the contract in this manner.
    case behaves(DeskManner)
    /// Closed on purpose.
    case leaves
    /// Gone without a word.
    case crashes
}

/// What happens to the board's power.
package enum PowerDeed: Hashable, Sendable {
    case cut
    /// The board boots. Its clock is right at once, or shows this and nobody knows whether it is right.
    case on(showing: WallTime?)
}

/// What happens to the gateway's program.
package enum AgentDeed: String, CaseIterable, Sendable {
    /// SIGKILL.
    case kill
    /// SIGTERM: it says goodbye.
    case stop
    case start
    /// SIGHUP: it reads its site file again.
    case reload
}

/// What happens to the board's wall clock.
package enum ClockDeed: Hashable, Sendable {
    /// Put forward, or back.
    case step(Duration)
    /// Nobody has set it for so long that the kernel says so.
    case unknown
    /// The time service has set it right.
    case right
}

/// How the board's disk is from now on.
package enum DiskDeed: String, CaseIterable, Sendable {
    /// As it should be.
    case well
    /// Without room.
    case full
    /// Every write fails.
    case fails
    /// Every write takes two seconds.
    case slow
}

/// A command of somebody at a desk about the open call of a point.
package struct HandCommand {
    /// What the command is, by the name it has in the contract.
    package let name: String
    package let point: PointID
    /// Of which service; nil: the one call that is open there.
    package let service: ServiceID?
    /// `desk-1/王`
    package let actor: String
    /// Nil: a new one.
    package let id: String?
    /// Of the record that the person saw; nil: the newest.
    package let revision: Int?
    package let onTheWay: Bool
    package let outcome: String?
    package let reason: String?
}
