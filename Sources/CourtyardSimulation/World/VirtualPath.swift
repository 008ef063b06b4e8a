internal import CallCore

/// The network between one client and the brokers: how long packets take, and whether they come through.
///
/// It carries what TCP would: in order, each once, or not at all. What is on its way while nothing comes through waits,
/// and arrives late if the connection has outlived that.
package final class VirtualPath {
    /// Which way.
    enum Direction: Int { case up, down }

    private let agenda: Agenda
    private var dice: Dice
    /// How long a packet takes.
    package var latency = VirtualPath.ordinaryLatency
    /// How long one takes within a property.
    package static let ordinaryLatency: ClosedRange<Duration> = .microseconds(200)...(.milliseconds(3))
    /// New connections are refused on the way.
    package var refuses = false
    /// Nothing comes through to the broker, or from it.
    private var isBlocked = [false, false]
    private var waiting: [[() -> Void]] = [[], []]
    private var lastArrival = [Moment(nanoseconds: 0), Moment(nanoseconds: 0)]

    package init(_ agenda: Agenda, _ dice: Dice) {
        self.agenda = agenda
        self.dice = dice
    }

    /// True if packets come through both ways.
    package var isOpen: Bool { !isBlocked[0] && !isBlocked[1] }

    /// Cuts the network, or one way of it: "up" towards the broker.
    package func block(up: Bool, down: Bool) {
        isBlocked = [up, down]
        for direction in [Direction.up, .down] where !isBlocked[direction.rawValue] {
            let late = waiting[direction.rawValue]
            waiting[direction.rawValue] = []
            for deed in late { carry(direction, deed) }
        }
    }

    /// Does something at the other end once the packet is there.
    /// - Parameter delay: how much later than now it is sent.
    func carry(_ direction: Direction, delay: Duration = .zero, _ deed: @escaping () -> Void) {
        let way = direction.rawValue
        guard !isBlocked[way] else { return waiting[way].append(deed) }
        let arrival = max((agenda.now + delay + dice.duration(in: latency)).rounded(), lastArrival[way])
        lastArrival[way] = arrival
        agenda.at(arrival) { [self] in
            if isBlocked[way] { waiting[way].append(deed) } else { deed() }
        }
    }
}

extension Moment {
    /// Up to the next half millisecond: what a socket has by then is read together.
    fileprivate func rounded() -> Moment {
        let step: Int64 = 500_000
        return Moment(nanoseconds: (nanoseconds + step - 1) / step * step)
    }
}
