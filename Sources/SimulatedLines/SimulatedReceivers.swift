internal import CallCore

/// The DATA pins of simulated receivers, and the real decoder behind each.
struct SimulatedReceivers {
    /// More edges than these, ten seconds of noise, must not wait for their time.
    static let mostPending = 200_000

    private struct Receiver {
        var ear: ReceiverEar
        /// What the pin is still to show.
        var pending: ArraySlice<(carrier: Bool, at: Moment)> = []
        /// When it has shown all of it.
        var end: Moment
        var told: ReceiverCondition?
    }

    private var receivers: [ReceiverID: Receiver] = [:]

    /// In the order of their ids.
    var ids: [ReceiverID] { receivers.keys.sorted() }

    var statistics: [ReceiverID: ReceiverStatistics] { receivers.mapValues(\.ear.statistics) }

    /// These receivers from now on; what was heard so far of one that stays is kept.
    mutating func listen(_ list: [RadioReceiver], for protocols: Set<RadioProtocol>, at moment: Moment) {
        let before = receivers
        receivers = [:]
        for receiver in list {
            receivers[receiver.id] =
                before[receiver.id]
                ?? Receiver(ear: ReceiverEar(receiver, protocols: protocols, at: moment), end: moment)
        }
    }

    /// What became of a transmission.
    enum Taken { case taken, unknown, tooMuch }

    /// A pin is to show this: carrier, silence, carrier, …, each for so many microseconds, behind what it shows already.
    mutating func show(_ id: ReceiverID, _ microseconds: [Int], at moment: Moment) -> Taken {
        guard var receiver = receivers[id] else { return .unknown }
        guard receiver.pending.count + microseconds.count < Self.mostPending else { return .tooMuch }
        receiver.end = max(receiver.end, moment)
        for (index, length) in microseconds.enumerated() {
            receiver.pending.append((index % 2 == 0, receiver.end))
            receiver.end = receiver.end + .microseconds(length)
        }
        receivers[id] = receiver
        return .taken
    }

    /// When `advance` is wanted at the latest.
    var nextDue: Moment? {
        // As often as a driver's thread reads a queue that fills.
        receivers.values.flatMap { [$0.pending.first.map { $0.at + .milliseconds(5) }, $0.ear.nextDeadline] }
            .compactMap { $0 }.min()
    }

    /// Takes in what the pins have shown by `moment`.
    mutating func advance(to moment: Moment) -> (presses: [RadioReport], conditions: [ReceiverReport]) {
        var presses: [RadioReport] = []
        var conditions: [ReceiverReport] = []
        for id in receivers.keys.sorted() {
            guard var receiver = receivers[id] else { continue }
            while let edge = receiver.pending.first, edge.at <= moment {
                receiver.ear.take(carrier: edge.carrier, at: edge.at)
                receiver.pending.removeFirst()
            }
            receiver.ear.pass(until: receiver.pending.first.map { min($0.at, moment) } ?? moment)
            presses += receiver.ear.takeReports()
            if receiver.ear.condition != receiver.told {
                receiver.told = receiver.ear.condition
                conditions.append(ReceiverReport(id, receiver.ear.condition))
            }
            receivers[id] = receiver
        }
        return (presses, conditions)
    }
}
