import CallCore
import Testing

@testable import GPIOLines

@Suite("Edges of one line")
struct EdgeStreamTests {
    private static let level = LevelReading(made: false, from: Moment(nanoseconds: 100), to: Moment(nanoseconds: 110))

    private func edge(_ made: Bool, _ at: Int64, _ sequence: UInt32 = 0) -> KernelEdge {
        KernelEdge(made: made, at: Moment(nanoseconds: at), sequence: sequence)
    }

    @Test("A level reading contains the edges before it, and of those during it the ones that led to its level")
    func contained() {
        var stream = EdgeStream(silentQueue: nil, level: Self.level)
        let news = stream.take([
            edge(true, 90, 1), edge(false, 95, 2),  // before
            edge(false, 105, 3),  // what the reading saw
            edge(true, 108, 4),  // after the kernel looked
            edge(false, 111, 5),
        ])
        #expect(news.map(\.at.nanoseconds) == [108, 111])
        #expect(!stream.isBroken)
    }

    @Test("Two edges of the same kind in a row are passed on as they are")
    func sameKind() {
        var stream = EdgeStream(silentQueue: nil, level: Self.level)
        #expect(stream.take([edge(true, 200, 1), edge(true, 201, 2)]).count == 2)
        #expect(!stream.isBroken)
    }

    @Test("A gap in the numbers is a loss until the level has been read anew", arguments: [[1, 3], [2], [1, 2, 2]])
    func gap(numbers: [UInt32]) {
        var stream = EdgeStream(silentQueue: nil, level: Self.level)
        let edges = numbers.enumerated().map { edge(true, 200 + Int64($0.offset), $0.element) }
        #expect(stream.take(edges).count == numbers.count, "what was not lost is kept")
        #expect(stream.isBroken)
        stream.take(LevelReading(made: true, from: Moment(nanoseconds: 300), to: Moment(nanoseconds: 310)))
        #expect(!stream.isBroken)
        _ = stream.take([edge(false, 400, numbers.last! + 1)])
        #expect(!stream.isBroken)
    }

    @Test("The gap is seen between two reads too")
    func gapBetweenReads() {
        var stream = EdgeStream(silentQueue: nil, level: Self.level)
        _ = stream.take([edge(true, 200, 1)])
        #expect(!stream.isBroken)
        _ = stream.take([edge(true, 300, 5)])
        #expect(stream.isBroken)
    }

    @Test("Numbers that wrap around are no loss")
    func wrap() {
        var stream = EdgeStream(silentQueue: nil, level: Self.level)
        _ = stream.take([edge(true, 200, .max)])
        stream.take(Self.level)
        _ = stream.take([edge(false, 300, 0), edge(true, 301, 1)])
        #expect(!stream.isBroken)
    }

    @Test("Without numbers, as many edges as the kernel keeps are a loss, and one less is none")
    func fullQueue() {
        var stream = EdgeStream(silentQueue: 16, level: Self.level)
        _ = stream.take((0..<15).map { edge($0 % 2 == 0, 200 + $0) })
        #expect(!stream.isBroken)
        #expect(stream.take((0..<16).map { edge($0 % 2 == 0, 300 + $0) }).count == 16)
        #expect(stream.isBroken)
    }
}
