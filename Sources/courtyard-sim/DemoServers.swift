internal import CallCore
internal import Glibc

/// The demo's own broker and agent, with all their files in one throw-away directory.
struct DemoServers {
    let directory: ThrowAwayDirectory
    private(set) var broker: RealBroker?
    private(set) var agent: Child?

    private let programs: RealPrograms

    /// The broker's, on 127.0.0.1.
    var port: UInt16 { broker?.port ?? 0 }

    var socket: String { "\(directory.path)/lines.sock" }

    /// - Parameter gateway: the agent's program; nil for the one that stands beside this one.
    /// - Throws: if a program is missing. Nothing runs yet.
    init(gateway: String?) throws {
        programs = try RealPrograms(gateway: gateway)
        directory = try ThrowAwayDirectory()
    }

    mutating func startBroker() throws {
        broker = try RealBroker(programs, in: directory, port: LoopbackPort.free())
    }

    mutating func startAgent(_ courtyard: DemoCourtyard) throws {
        try directory.write(courtyard.csv, to: "points.csv")
        try directory.write(courtyard.siteFile(directory: directory.path, port: port), to: "gateway.yaml")
        // The journal is thrown away with the rest, so it may stand in memory too.
        agent = try Child(
            "the agent (courtyard-gateway)", programs.gateway,
            ["run", "--volatile-journal", "--config", "\(directory.path)/gateway.yaml"],
            log: "\(directory.path)/gateway.log")
    }

    /// - Throws: if one of them has ended, with its last words.
    func check() throws {
        for child in [broker?.child, agent].compactMap({ $0 }) {
            if let end = child.end {
                throw SimulatorError("\(child.name) ended by itself, \(end). Its last lines:\n\(child.lastLines)")
            }
        }
    }

    /// The agent first, so that it can say goodbye to the broker.
    func stop() {
        agent?.stop()
        broker?.child.stop()
        directory.remove()
    }
}
