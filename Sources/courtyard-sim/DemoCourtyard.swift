/// A made-up courtyard: 20 buildings, 194 call points, nobody's real home.
struct DemoCourtyard {
    /// One call point, with what its button asks for.
    struct Point {
        let id: String
        let label: String
        /// True for a bedside button: a press is an emergency. A kitchen button orders a meal, pressed twice an
        /// errand, held an emergency.
        let isBedside: Bool
    }

    static let buildings = 20
    static let pointCount = 194

    let points: [Point]

    init() {
        let homes = (1...Self.buildings).flatMap { building in
            (1...2).flatMap { unit in (1...5).map { floor in (building, unit, floor) } }
        }
        let bedsides = homes.prefix(140).enumerated().map { index, _ in homes[index * homes.count / 140] }
        let kitchens = (0..<(Self.pointCount - 140)).map { homes[$0 * homes.count / (Self.pointCount - 140)] }
        points =
            bedsides.map { Self.point($0, "bed", "床头") } + kitchens.map { Self.point($0, "kitchen", "厨房") }
    }

    private static func point(_ home: (Int, Int, Int), _ place: String, _ label: String) -> Point {
        let (building, unit, floor) = home
        let room = floor * 100 + 1
        return Point(
            id: "b\(building)-u\(unit)-\(room)-\(place)", label: "\(building)号楼\(unit)单元\(room) \(label)",
            isBedside: place == "bed")
    }

    /// The points as the installer's spreadsheet would have them.
    var csv: String {
        "id,label,press,double,hold\n"
            + points.map { point in
                point.isBedside
                    ? "\(point.id),\(point.label),emergency,," : "\(point.id),\(point.label),meal,errand,emergency"
            }.joined(separator: "\n") + "\n"
    }

    /// The site file of a gateway whose files stand in `directory`.
    func siteFile(directory: String, port: Int) -> String {
        """
        site: willow-court
        gateway: demo
        hardware: simulated
        brokers:
          - host: 127.0.0.1
            port: \(port)
        points: {file: points.csv}
        journal: \(directory)/gateway.db
        control-socket: \(directory)/control.sock
        simulator-socket: \(directory)/lines.sock

        """
    }
}
