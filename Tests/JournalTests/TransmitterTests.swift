import CallCore
import Testing

@testable import Journal

extension JournalTests {
    @Suite struct Transmitters {
        private func state(_ point: String, _ heard: Int64?, level: Int? = nil, isLow: Bool = false) -> TransmitterState
        {
            TransmitterState(
                point: PointID(point)!, identity: "ev1527 0x13CD3, 20 of 24 bits",
                heard: heard.map { WallTime(milliseconds: $0) },
                reception: heard == nil ? nil : Reception(receiver: ReceiverID("hall")!, level: level),
                isMissing: heard == nil, isTampered: isLow, lowSince: isLow ? WallTime(milliseconds: 7) : nil,
                lowTold: isLow ? WallTime(milliseconds: 9) : nil)
        }

        @Test func `what is known of transmitters comes back, of each point the last`() throws {
            let place = try Place()
            let journal = try place.open().journal
            var batch = press(1)
            batch.transmitters = [state("a", 1), state("b", nil), state("a", 2, level: -123, isLow: true)]
            try journal.commit(batch)
            var alone = Journal.Batch()
            alone.transmitters = [state("c", 5)]
            try journal.commit(alone)
            journal.close()
            let contents = try place.open().contents
            #expect(
                contents.transmitters.sorted { $0.point < $1.point }
                    == [state("a", 2, level: -123, isLow: true), state("b", nil), state("c", 5)])
            #expect(contents.lastEvent == batch.events.map(\.occurred.wall).max())
        }

        @Test func `an empty journal knows none, and of no event`() throws {
            let contents = try Place().open().contents
            #expect(contents.transmitters.isEmpty && contents.lastEvent == nil)
        }
    }
}
