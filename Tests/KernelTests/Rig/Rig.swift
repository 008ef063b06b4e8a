import CallContract
import Foundation
import Glibc
import Testing

/// One button in the site file.
struct Button {
    let id: String
    /// The YAML of its `line`.
    let line: String
    var settings = ""

    /// The button at an offset of the chip `buttons`, wired to the supply: its contact is made when the line is high.
    init(_ offset: Int, _ settings: String = "") {
        self.init("b\(offset)", "{chip: buttons, offset: \(offset)}", settings)
    }

    init(_ id: String, _ line: String, _ settings: String = "") {
        self.id = id
        self.line = line
        self.settings = settings
    }
}

/// What one test has in the guest: a broker, a desk that listens, the real agent, and hands at the lines.
final class Rig {
    let directory: String
    let desk: Desk
    private let broker: Program
    private(set) var agent: Program?
    private var agents: [Program] = []
    private var markings = 0
    /// The YAML of its brokers.
    var brokers = "[{host: 127.0.0.1}]"
    /// Further lines of the site file.
    var more: [String] = []

    /// Nothing of it is watched by any test: pressed to know that all before it has arrived.
    private static let mark = Button(14)

    /// `courtyard-gateway` as the same build made it.
    static let gateway: String = {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: tests).deletingLastPathComponent().appending(path: "courtyard-gateway").path
    }()

    /// Runs a test's body; what it throws comes back with the agent's log.
    static func run(_ body: (Rig) throws -> Void) throws {
        let rig = try Rig()
        do { try body(rig) } catch { throw Trouble("\(error)\n\(rig.log)") }
    }

    private init() throws {
        directory = ProcessInfo.processInfo.environment["COURTYARD_AGENT_GUEST"]! + "/\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Self.drive((0..<15).map { "buttons \($0) 0" }, in: directory)
        let settings = "listener 1883 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n"
        try settings.write(toFile: "\(directory)/mosquitto.conf", atomically: false, encoding: .utf8)
        broker = try Program("mosquitto", ["mosquitto", "-c", "\(directory)/mosquitto.conf"], in: directory)
        let broker = broker
        try wait(until: "the broker to run") { broker.text.contains("running") }
        desk = try Desk(in: directory)
    }

    deinit {
        // The broker last, so that nobody waits for it.
        agent?.kill()
        broker.kill()
    }

    /// What the agents said, for failures.
    var log: Comment {
        Comment(rawValue: agents.map { "--- \($0.name)\n\($0.text)" }.joined(separator: "\n"))
    }

    // MARK: The agent

    /// Starts the agent with these buttons and waits until each has been looked at.
    func start(_ buttons: [Button]) throws {
        try write(buttons)
        let started = desk.messages.count
        let agent = try Program("agent", [Self.gateway, "run", "-c", "\(directory)/gateway.yaml"], in: directory)
        self.agent = agent
        agents.append(agent)
        try wait(until: "the agent to know all lines") {
            if let code = agent.exitCode { throw Trouble("the agent ended with \(code)") }
            guard desk.messages.count > started, let state = try desk.status?.state else { return false }
            return state == .ready || state == .degraded
        }
    }

    /// Has the agent read the site file again.
    func reload(_ buttons: [Button]) throws {
        try write(buttons)
        agent?.signal(SIGHUP)
    }

    /// kill -9, and the broker has told so.
    func killAgent() throws {
        agent?.kill()
        agent = nil
        try wait(until: "the will") { try desk.status?.state == .offline }
    }

    private func write(_ buttons: [Button]) throws {
        let points = (buttons + [Self.mark]).map { button in
            "  - {id: \(button.id), label: \"\(button.id) 床头\", line: \(button.line)"
                + (button.settings.isEmpty ? "}" : ", \(button.settings)}")
        }
        // `disabled`, because a request with bias sets the pull of a gpio-sim line over what stood there.
        let head = """
            site: willow-court
            gateway: gw-1
            journal: \(directory)/gateway.db
            control-socket: /run/control.sock
            brokers: \(brokers)
            defaults: {bias: disabled, active: high}
            """
        let text = ([head] + more + ["points:"] + points).joined(separator: "\n") + "\n"
        try text.write(toFile: "\(directory)/gateway.yaml", atomically: true, encoding: .utf8)
    }

    /// Waits until everything that the agent knew up to now has arrived: emergencies arrive in their order, so one
    /// that is pressed now comes last.
    func settle() throws {
        markings += 1
        try drive("buttons 14 1", "sleep 40ms", "buttons 14 0", "sleep 40ms")
        try wait(until: "press \(markings) of the mark") {
            try Set(desk.presses(of: "b14").map(\.id)).count == markings
        }
    }

    // MARK: The lines

    /// Moves lines to a timetable (`gpio-drive`) and waits for its end.
    func drive(_ steps: String...) throws { try Self.drive(steps, in: directory) }
    func drive(_ steps: [String]) throws { try Self.drive(steps, in: directory) }

    /// The same, while the test goes on.
    func beginDriving(_ steps: [String]) throws -> Program {
        try Program("gpio-drive", ["gpio-drive"] + steps, in: directory)
    }

    private static func drive(_ steps: [String], in directory: String) throws {
        try Program("gpio-drive", ["gpio-drive"] + steps, in: directory).succeed()
    }

    /// Moves a line at once.
    /// - Returns: between which monotonic times, in nanoseconds; the kernel's stamp of the edge is one of them.
    @discardableResult
    func pull(_ offset: Int, high: Bool) throws -> ClosedRange<Int64> {
        let path = "/run/gpio-sim/buttons/sim_gpio\(offset)/pull"
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw Trouble("\(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        let word = high ? "pull-up" : "pull-down"
        let before = monotonicNs()
        guard Glibc.write(file, word, word.utf8.count) > 0 else {
            throw Trouble("\(path): \(String(cString: strerror(errno)))")
        }
        return before...monotonicNs()
    }

    /// What the agent drives a line to.
    func level(_ chip: String, _ offset: Int) throws -> Bool {
        try String(contentsOfFile: "/run/gpio-sim/\(chip)/sim_gpio\(offset)/value", encoding: .utf8).hasPrefix("1")
    }

    /// Gives the agent a command, as a desk does.
    func command(_ name: String, _ json: String) throws {
        try publish("courtyard/v1/willow-court/gw-1/command/\(name)", json)
    }

    /// A desk says that somebody has its screen open.
    func listen() throws {
        try publish("courtyard/v1/willow-court/desk/desk-1", #"{"state":"listening"}"#, "-r")
    }

    private func publish(_ topic: String, _ json: String, _ more: String...) throws {
        try Program("mosquitto_pub", ["mosquitto_pub", "-q", "1", "-t", topic, "-m", json] + more, in: directory)
            .succeed()
    }

    /// Pulls a chip out, or puts it back.
    func plug(_ direction: String, _ chip: String) throws {
        try Program("gpio-plug", ["gpio-plug", direction, chip], in: directory).succeed()
    }

    /// Another program that holds a line: gpiomon of libgpiod's own tools.
    func occupy(_ offset: Int) throws -> Program {
        let version = try Program("gpiodetect", ["gpiodetect", "--version"], in: directory)
        try version.succeed()
        let chip = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/run/gpio-sim/buttons"))
            .lastPathComponent
        let place = version.text.contains("v1.") ? [chip] : ["--chip", chip]
        let other = try Program("gpiomon", ["gpiomon"] + place + ["\(offset)"], in: directory)
        try wait(until: "gpiomon to hold line \(offset)") {
            if other.exitCode != nil { throw Trouble("gpiomon ended: \(other.text)") }
            let info = try Program("gpioinfo", ["gpioinfo"], in: directory)
            try info.succeed()
            return info.text.contains("gpiomon")
        }
        return other
    }
}

/// The clock with which the kernel stamps edges.
func monotonicNs() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
