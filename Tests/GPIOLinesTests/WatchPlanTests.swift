import CallCore
import Testing

@testable import GPIOLines

@Suite("A new list of lines")
struct WatchPlanTests {
    private func line(_ point: String, offset: Int, activeLow: Bool = true) -> WatchedLine {
        WatchedLine(
            point: PointID(unchecked: point), address: .offset(chip: "c", offset: offset, name: nil), bias: .pullUp,
            activeLow: activeLow)
    }

    private func points(_ ids: String...) -> [PointID] { ids.map { PointID(unchecked: $0) } }

    @Test("The same list changes nothing, in whatever order")
    func same() {
        let plan = WatchPlan(
            from: [line("a", offset: 0), line("b", offset: 1)], to: [line("b", offset: 1), line("a", offset: 0)])
        #expect(plan.released.isEmpty && plan.requested.isEmpty)
    }

    @Test("Only what changed is given back and requested")
    func changed() {
        let plan = WatchPlan(
            from: [line("same", offset: 0), line("gone", offset: 1), line("other", offset: 2)],
            to: [line("new", offset: 1), line("other", offset: 2, activeLow: false), line("same", offset: 0)])
        #expect(plan.released == points("gone", "other"))
        #expect(plan.requested.map(\.point) == points("new", "other"))
    }

    @Test("Two points that change lines are both given back first")
    func swapped() {
        let plan = WatchPlan(
            from: [line("a", offset: 0), line("b", offset: 1)], to: [line("a", offset: 1), line("b", offset: 0)])
        #expect(plan.released == points("a", "b"))
        #expect(plan.requested.map(\.point) == points("a", "b"))
    }

    @Test("Of two lines for one point the first counts")
    func twice() {
        let plan = WatchPlan(from: [], to: [line("a", offset: 0), line("a", offset: 1)])
        #expect(plan.requested == [line("a", offset: 0)])
        let again = WatchPlan(from: plan.requested, to: [line("a", offset: 0), line("a", offset: 1)])
        #expect(again.released.isEmpty && again.requested.isEmpty)
    }
}
