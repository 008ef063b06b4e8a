import CallCore
import Testing

@testable import courtyard_sim

@Suite("The demo's courtyard")
struct DemoCourtyardTests {
    private let courtyard = DemoCourtyard()

    @Test("has 194 call points, each with an id and a label of its own")
    func counts() {
        #expect(courtyard.points.count == 194)
        #expect(Set(courtyard.points.map(\.id)).count == 194)
        #expect(Set(courtyard.points.map(\.label)).count == 194)
        #expect(courtyard.points.allSatisfy { PointID($0.id) != nil })
    }

    @Test("has both kinds of button in each of its 20 buildings")
    func everyBuilding() {
        for building in 1...20 {
            let here = courtyard.points.filter { $0.id.hasPrefix("b\(building)-") }
            #expect(here.contains { $0.isBedside }, "building \(building)")
            #expect(here.contains { !$0.isBedside }, "building \(building)")
        }
        #expect(courtyard.points.allSatisfy { (1...20).contains(Int($0.id.dropFirst().prefix { $0 != "-" }) ?? 0) })
    }

    @Test("labels each point by the place that its id names")
    func labels() throws {
        for point in courtyard.points {
            let parts = point.id.split(separator: "-")
            try #require(parts.count == 4)
            let place = point.isBedside ? "床头" : "厨房"
            #expect(point.label == "\(parts[0].dropFirst())号楼\(parts[1].dropFirst())单元\(parts[2]) \(place)")
            #expect(parts[3] == (point.isBedside ? "bed" : "kitchen"))
        }
    }

    @Test("writes a spreadsheet row for each point")
    func spreadsheet() {
        let rows = courtyard.csv.split(separator: "\n")
        #expect(rows.count == 195)
        #expect(rows[0] == "id,label,press,double,hold")
        #expect(rows.dropFirst().allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == 5 })
    }
}
