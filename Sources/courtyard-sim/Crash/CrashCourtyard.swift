internal import CallContract
internal import CallCore

/// The courtyard of a crash run: every call point has a lamp of its own, so that the lamp's light answers its button.
struct CrashCourtyard {
    struct Point: Hashable {
        let id: String
        let service: String
        var lamp: String { Self.lampPrefix + id }

        fileprivate static let lampPrefix = "lamp-"
    }

    /// As many as residents can go on pressing while desks are still busy with earlier calls.
    static let pointCount = 60

    let topics = Topics(site: SiteID(unchecked: "willow-court"), gateway: GatewayID(unchecked: "crash"))
    /// Two bedside buttons, then one that orders a meal, and so on.
    let points = (1...pointCount).map { number in
        number % 3 == 0
            ? Point(id: "k\(number)", service: "meal") : Point(id: "b\(number)", service: "emergency")
    }

    static func point(ofLamp lamp: String) -> String { String(lamp.dropFirst(Point.lampPrefix.count)) }

    /// - Parameters:
    ///   - directory: where the gateway's files stand.
    ///   - port: the broker's, on 127.0.0.1.
    func siteFile(directory: String, port: UInt16) -> String {
        let outputs = points.map { "  \($0.lamp): {kind: lamp, line: {name: \($0.lamp)}, points: [\($0.id)]}" }
        let points = points.map {
            "  - {id: \($0.id), label: \"\($0.id) 床头\", press: \($0.service), line: {name: \($0.id)}}"
        }
        return """
            site: \(topics.site)
            gateway: \(topics.gateway)
            hardware: simulated
            brokers:
              - {host: 127.0.0.1, port: \(port)}
            services:
              meal: {urgent-presses: none}
            daily-test: off
            journal: \(directory)/\(CrashFiles.journal)
            control-socket: \(directory)/control.sock
            simulator-socket: \(directory)/lines.sock
            outputs:
            \(outputs.joined(separator: "\n"))
            points:
            \(points.joined(separator: "\n"))

            """
    }
}

/// The names of the files in a crash run's directory.
enum CrashFiles {
    static let journal = "gateway.db"
    static let site = "gateway.yaml"
    static let agentLog = "gateway.log"
    static let brokerLog = "mosquitto.log"
    static let brokerSettings = "mosquitto.conf"
    /// What the run tells of a failure.
    static let evidence = "evidence.txt"
}
