package import CallCore

/// A courtyard in virtual time: one thread, one agenda, and nothing that the machine it runs on could change.
///
/// Brokers, desks and the production agent on a virtual board. What happens in it is planned by a scenario or drawn from
/// a seed.
package final class World {
    package let agenda = Agenda()
    /// The true wall time at the beginning.
    package let epoch: WallTime
    package private(set) var gateways: [VirtualGateway] = []

    /// 2026-08-24, a Monday, at midnight in China.
    package static let epoch = WallTime(milliseconds: 1_787_500_800_000)

    package init(epoch: WallTime = World.epoch) { self.epoch = epoch }

    package func add(_ gateway: VirtualGateway) { gateways.append(gateway) }

    /// What time it is outside.
    package var wall: WallTime { WallTime(milliseconds: epoch.milliseconds + agenda.now.nanoseconds / 1_000_000) }

    /// Lets time pass until `end`, and all that is due in it happen.
    /// - Parameter until: asked after each thing that happens; true ends it there.
    package func run(until end: Moment, or isEnough: () -> Bool = { false }) {
        while !isEnough() {
            var first: VirtualGateway?
            for gateway in gateways {
                guard let turn = gateway.nextTurn, turn <= end else { continue }
                if first?.nextTurn.map({ turn < $0 }) ?? true { first = gateway }
            }
            if let gateway = first, let turn = gateway.nextTurn, agenda.next.map({ turn < $0 }) ?? true {
                agenda.pass(until: turn)
                gateway.turn()
                gateway.settle()
            } else if let next = agenda.next, next <= end {
                agenda.takeNext()
            } else {
                return agenda.pass(until: end)
            }
        }
    }
}

extension Moment {
    /// A moment of the world, for people: `day 3, 04:15:09.123456`.
    package var worldTime: String {
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let seconds = nanoseconds / 1_000_000_000
        return "day \(seconds / 86_400), \(padded(seconds / 3600 % 24, 2)):\(padded(seconds / 60 % 60, 2)):"
            + "\(padded(seconds % 60, 2)).\(padded(nanoseconds / 1000 % 1_000_000, 6))"
    }
}
