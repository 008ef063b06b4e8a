import CallContract
import CallCore
import Testing

@testable import GatewayAgent

/// What stands at a broker is read back after connecting; points are published only where it is not as it should be.
@Suite("Reading back")
struct ReadbackTests {
    private let base = "courtyard/v1/willow/gw-1"

    private func found(_ payload: [UInt8], at topic: String) -> AgentInput {
        .link(.received(IncomingMessage(topic: topic, payload: payload, retained: true)))
    }

    /// Connected a second time, everything told the first time; the topics published since.
    private func reconnected() throws -> (World, since: () -> [String], bed: [UInt8], kitchen: [UInt8]) {
        let world = try World()
        world.connect()
        world.wait(.seconds(10))
        world.settle()
        let (bed, kitchen) = (
            world.retained["\(base)/point/\(World.bed.id)"], world.retained["\(base)/point/\(World.kitchen.id)"]
        )
        world.disconnect()
        let before = world.transport.log.count
        world.connect()
        return (
            world, { world.transport.log.dropFirst(before).map(\.topic).filter { $0.contains("/point/") } },
            try #require(bed), try #require(kitchen)
        )
    }

    @Test("A point that stands as it should is not published again")
    func right() throws {
        let (world, since, bed, kitchen) = try reconnected()
        world.agent.handle([
            found(bed, at: "\(base)/point/\(World.bed.id)"), found(kitchen, at: "\(base)/point/\(World.kitchen.id)"),
        ])
        world.wait(.seconds(10))
        world.settle()
        #expect(since().isEmpty)
    }

    @Test("A point that stands otherwise is published at once, one that doesn't stand after the reading back")
    func wrongAndMissing() throws {
        let (world, since, bed, _) = try reconnected()
        let old = String(decoding: bed, as: UTF8.self).replacing(#""state":"ok""#, with: #""state":"busy""#)
        world.agent.handle([found(Array(old.utf8), at: "\(base)/point/\(World.bed.id)")])
        world.settle()
        #expect(since() == ["\(base)/point/\(World.bed.id)"])
        world.wait(GatewayAgent.readbackFor)
        world.settle()
        #expect(since() == ["\(base)/point/\(World.bed.id)", "\(base)/point/\(World.kitchen.id)"])
    }

    @Test("A connection that is lost in the middle of it begins anew with the next")
    func lost() throws {
        let (world, since, bed, kitchen) = try reconnected()
        world.agent.handle([found(bed, at: "\(base)/point/\(World.bed.id)")])
        world.disconnect()
        world.wait(.seconds(10))
        #expect(since().isEmpty)
        world.connect()
        world.agent.handle([found(kitchen, at: "\(base)/point/\(World.kitchen.id)")])
        world.wait(.seconds(10))
        world.settle()
        #expect(since() == ["\(base)/point/\(World.bed.id)"])
    }
}
