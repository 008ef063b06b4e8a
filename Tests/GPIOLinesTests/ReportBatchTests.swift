import CallCore
import Testing

@testable import GPIOLines

@Suite("Batches of reports")
struct ReportBatchTests {
    private func edge(_ point: String, _ made: Bool, _ at: Int64) -> LineReport {
        .edge(PointID(unchecked: point), made: made, at: Moment(nanoseconds: at))
    }

    @Test("A batch is in the kernel's order across lines, and a line's own order stands at equal times")
    func order() {
        var batch = ReportBatch()
        batch.add([edge("a", true, 5), edge("a", false, 9), edge("a", true, 9)])
        batch.add([edge("b", true, 3), edge("b", false, 9)])
        #expect(
            batch.take() == [
                edge("b", true, 3), edge("a", true, 5), edge("a", false, 9), edge("a", true, 9), edge("b", false, 9),
            ])
        #expect(batch.isEmpty)
    }
}
