internal import CallContract
internal import CallCore

/// A made-up courtyard: 20 buildings, 194 call points, nobody's real home.
struct DemoCourtyard {
    /// One call point, with what its button asks for.
    struct Point: Hashable {
        let id: String
        let label: String
        /// True for a bedside button: a press is an emergency. A kitchen button orders a meal, pressed twice an
        /// errand, held an emergency.
        let isBedside: Bool
    }

    private struct Home {
        let building, unit, room: Int
    }

    static let buildings = 20
    static let bedsides = 140
    static let kitchens = 54
    static let pointCount = bedsides + kitchens

    /// The bedsides, then the kitchens.
    let points: [Point]
    let topics = Topics(site: SiteID("willow-court")!, gateway: GatewayID("demo")!)

    init() {
        // One home a floor and unit, on one side of the stairs or the other.
        let homes = (1...Self.buildings).flatMap { building in
            (1...2).flatMap { unit in
                (1...5).map { floor in
                    Home(building: building, unit: unit, room: floor * 100 + 1 + (building + unit + floor) % 2)
                }
            }
        }
        points =
            Self.spread(Self.bedsides, over: homes).map { Self.point($0, "bed", "床头") }
            + Self.spread(Self.kitchens, over: homes).map { Self.point($0, "kitchen", "厨房") }
    }

    /// Every building gets its share.
    private static func spread(_ count: Int, over homes: [Home]) -> [Home] {
        (0..<count).map { homes[$0 * homes.count / count] }
    }

    private static func point(_ home: Home, _ place: String, _ words: String) -> Point {
        Point(
            id: "b\(home.building)-u\(home.unit)-\(home.room)-\(place)",
            label: "\(home.building)号楼\(home.unit)单元\(home.room) \(words)", isBedside: place == "bed")
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
    func siteFile(directory: String, port: UInt16) -> String {
        """
        site: \(topics.site)
        gateway: \(topics.gateway)
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
