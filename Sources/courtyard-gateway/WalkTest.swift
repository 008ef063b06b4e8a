internal import ArgumentParser
internal import CallContract
internal import CallCore
internal import GatewayAgent
internal import Glibc
internal import SiteConfig
internal import Synchronization

/// `courtyard-gateway walk-test`: somebody presses every call point once.
struct WalkTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "walk-test",
        abstract: "Press every call point once, and see which are heard.",
        discussion: """
            While it runs the next press of each call point is a test that goes to the desks and back; the press after \
            it calls as ever, and so does every press once this has ended. Ends when every point was pressed, with \
            Ctrl-C, or after --within. Exit code 1 if a point was not heard.
            """)

    @Option(help: "For how long, in minutes.")
    var within = 240
    @Option(help: ArgumentHelp("Write the report here as a page for a browser.", valueName: "file"))
    var html: String?
    @Option(help: ArgumentHelp("Write the report here as text.", valueName: "file"))
    var text: String?
    @OptionGroup var siteFile: SiteFileOption

    /// Set by Ctrl-C.
    private static let isStopped = Atomic(false)

    func validate() throws {
        guard (1...1440).contains(within) else { throw ValidationError("--within is from 1 to 1440") }
    }

    func run() throws {
        let site = try SiteFile.read(siteFile.path)
        let agent = ControlSocket(path: site.files.control)
        let clock = SystemClock()
        var walk = Walk(site, begun: clock.now().wall)
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { _ in WalkTest.isStopped.store(true, ordering: .relaxed) }
            sigaction(number, &action, nil)  // without SA_RESTART: it ends the wait
        }
        Output.print("Press each of the \(walk.points.count) call points once; Ctrl-C ends it.")
        let end = clock.now().moment + .seconds(Int64(within) * 60)
        try agent.ask("walk-test", until: { clock.now().moment >= end || Self.isStopped.load(ordering: .relaxed) }) {
            line in
            let event = try WireJSON.read(EventMessage.self, from: line)
            if let news = walk.take(event) { Output.print(news) }
            return !walk.isComplete
        }
        let report = WalkReport(walk, ended: clock.now().wall)
        try write(report.text, to: text)
        try write(report.html, to: html)
        Output.print(report.summary)
        if !walk.unheard.isEmpty { throw ExitCode.failure }
    }

    private func write(_ content: String, to path: String?) throws {
        guard let path else { return }
        let bytes = Array(content.utf8)
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { if file >= 0 { close(file) } }
        guard file >= 0, Glibc.write(file, bytes, bytes.count) == bytes.count else {
            Output.error("\(path) can't be written: \(String(cString: strerror(errno)))")
            throw ExitCode.failure
        }
    }
}

/// What came of a walk so far.
struct Walk {
    /// One call point.
    struct Point {
        let id: String
        let label: String
        /// Its transmitter's kind, if it has one.
        let device: RadioDevice?
        let isWired: Bool
        var pressed: WallTime?
        var receiver: String?
        var level: Double?
        /// How long it took to a desk and back, in milliseconds.
        var roundTripMs: Double?
        /// No desk answered.
        var isUnanswered = false
        fileprivate var call: String?
    }

    let site: String
    let begun: WallTime
    private(set) var points: [Point]
    private let places: [String: Int]

    init(_ site: Site, begun: WallTime) {
        self.site = "\(site.site)/\(site.gateway)"
        self.begun = begun
        points = site.points.map {
            Point(id: $0.id.text, label: $0.label, device: $0.radio?.device, isWired: $0.isWired)
        }
        places = Dictionary(
            points.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    var heard: Int { points.count { $0.pressed != nil } }
    var unheard: [Point] { points.filter { $0.pressed == nil } }
    /// Every point was pressed, and every desk's answer has come or will not.
    var isComplete: Bool { points.allSatisfy { $0.roundTripMs != nil || $0.isUnanswered } }

    /// - Returns: what there is to tell.
    mutating func take(_ event: EventMessage) -> String? {
        guard let place = places[event.data.point] else { return nil }
        let name = "\(points[place].id) \(points[place].label)"
        guard event.data.test else {
            return event.type.hasSuffix(".raised") ? "\u{2757} \(name) calls: \(event.data.service), no test" : nil
        }
        switch event.type.split(separator: ".").last {
        case "raised" where points[place].pressed == nil:
            points[place].pressed = event.time
            points[place].call = event.data.call
            points[place].receiver = event.data.receiver
            points[place].level = event.data.level
            return "\u{2713} \(name)\(points[place].quality) (\(heard) of \(points.count))"
        case "tested" where points[place].call == event.data.call:
            points[place].roundTripMs = event.data.roundTripMs ?? 0
            return nil
        case "cancelled" where points[place].call == event.data.call,
            "resolved" where points[place].call == event.data.call:
            guard points[place].roundTripMs == nil else { return nil }
            points[place].isUnanswered = true
            return "  \(name): no desk answered"
        default: return nil
        }
    }
}

extension Walk.Point {
    /// Who heard it and how strongly, if it came over the air.
    var quality: String {
        guard let receiver else { return "" }
        return ", heard by \(receiver)" + (level.map { " at \($0) dB" } ?? "")
    }

    /// What an installer should know of its transmitter.
    var kind: String {
        guard let device else { return isWired ? "wired" : "not enrolled" }
        let words = [
            device.name, device.isClonable ? "can be copied" : nil, device.isRolling ? "changing code" : nil,
            device.supervision == nil ? "can't be supervised" : "supervised",
        ]
        return (isWired ? "wired, and " : "") + words.compactMap { $0 }.joined(separator: ", ")
    }
}
