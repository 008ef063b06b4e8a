internal import CallContract
internal import CallCore
internal import Glibc

/// What the demo shows of its tally, in words.
struct DemoView {
    let tally: Tally
    /// Where the broker listens.
    let port: UInt16
    /// The agent's simulator-socket.
    let socket: String
    let topics: Topics
    /// How long the demo has been pressing.
    let running: Duration
    let now: Moment
    /// How many of the desk's commands were refused; nil if there is no desk.
    let refusals: Int?
    /// Set while the subscriber has no connection.
    var away: String?
    var isFinishing = false

    private static let timeWidth = 12
    private static let serviceWidth = 9
    private static let stateWidth = 9
    private static let labelWidth = 24

    // MARK: The live picture

    /// At most `height` rows, the least interesting left out.
    func rows(height: Int) -> [Row] {
        let upper = header + [Row("")] + services + [Row("")]
        let lower = [Row("")] + footer
        let presses = max(1, height - upper.count - lower.count - 1)
        return upper + [Self.pressHeading] + tally.recent.suffix(presses).reversed().map(row) + lower
    }

    private var header: [Row] {
        let state = tally.status?.state
        let points = tally.pointsWorking
        let whole = DemoCourtyard.pointCount
        return [
            Row(
                ("Courtyard demo", .bold), ("  \(topics.site), gateway \(topics.gateway)   ", .plain),
                (isFinishing ? "waiting for the last presses" : Self.clock(running), .dim)),
            Row(
                ("broker 127.0.0.1:\(port)   gateway ", .plain),
                (state?.rawValue ?? "unknown", state == .ready ? .green : .yellow),
                (tally.status?.simulated == true ? " (simulated)" : "", .plain), ("   points ok ", .plain),
                ("\(points)/\(whole)", points == whole ? .green : .yellow)),
            faults,
        ]
    }

    private var faults: Row {
        if let away { return Row("the subscriber lost its connection: \(away)", .red) }
        let names = tally.faults.keys.sorted()
        return names.isEmpty ? Row("no faults") : Row("faults: \(names.joined(separator: ", "))", .yellow)
    }

    private static let openStates = [CallState.raised, .delivered, .accepted, .arrived]

    /// Per service how many calls are open, and how far they have come.
    private var services: [Row] {
        let heading = ["calls", "open"] + Self.openStates.map(\.rawValue) + ["presses"]
        return [Row(Self.columns(heading), .dim)]
            + ["emergency", "meal", "errand"].map { service in
                let counts = Self.openStates.map { tally.openCalls(service, in: $0) }
                let numbers = [tally.openCalls(service)] + counts + [tally.presses[service] ?? 0]
                let columns = Self.columns([service] + numbers.map(String.init))
                return Row(
                    (String(columns.prefix(Self.serviceWidth)), Self.style(service)),
                    (String(columns.dropFirst(Self.serviceWidth)), .plain))
            }
    }

    private static func columns(_ texts: [String]) -> String {
        DisplayWidth.pad(texts[0], to: serviceWidth)
            + texts.dropFirst().map { DisplayWidth.pad($0, to: 10, toRight: true) }.joined()
    }

    private static let pressHeading = Row(
        DisplayWidth.pad("time", to: timeWidth + 2) + DisplayWidth.pad("service", to: serviceWidth + 2)
            + DisplayWidth.pad("call point", to: labelWidth + 1) + DisplayWidth.pad("presses", to: 7, toRight: true)
            + DisplayWidth.pad("latency", to: 10, toRight: true) + "  call now", .dim)

    private func row(_ arrival: Tally.Arrival) -> Row {
        let data = arrival.event.data
        let state = tally.state(of: data.call)
        return Row(
            (DisplayWidth.pad(Self.time(arrival.event.time), to: Self.timeWidth + 2), .plain),
            (DisplayWidth.pad(data.service, to: Self.serviceWidth + 2), Self.style(data.service)),
            (DisplayWidth.pad(data.label, to: Self.labelWidth + 1), .plain),
            (DisplayWidth.pad("\(data.presses)", to: 7, toRight: true), .plain),
            (DisplayWidth.pad(Self.text(arrival.latency), to: 10, toRight: true) + "  ", .plain),
            (DisplayWidth.pad(state, to: Self.stateWidth), DeskView.style(ofState: state)))
    }

    private var footer: [Row] {
        let missing = tally.missing(at: now)
        let isGood = missing + tally.doubled + tally.unreadable == 0
        return [
            Row(
                ("pressed \(tally.made)   received \(tally.received)   ", .bold),
                ("missing \(missing)   doubled \(tally.doubled)\(oddities)", isGood ? .green : .red)),
            Row("calls    \(callCounts)"),
            Row("latency  \(latencies([("p50", 50), ("p99", 99)]))"),
            Row("bedside buttons, first edge to here, 5 ms minimum width;", .dim),
            Row("a kitchen button first waits to see what the press becomes", .dim),
        ] + hints.map { Row($0, .dim) }
    }

    /// What else a visitor can do.
    private var hints: [String] {
        [
            "Ctrl-C ends it. From another terminal, listen in and press a button:",
            "mosquitto_sub -p \(port) -t 'courtyard/#' -v",
            "courtyard-sim press \(DemoCourtyard().points[0].id) --socket \(socket)",
        ]
    }

    private static func style(_ service: String) -> Row.Style { service == "emergency" ? .red : .plain }

    // MARK: Lines

    /// One line for a press.
    static func line(_ arrival: Tally.Arrival) -> String {
        let data = arrival.event.data
        return [
            DisplayWidth.pad(time(arrival.event.time), to: timeWidth),
            DisplayWidth.pad(data.service, to: serviceWidth), DisplayWidth.pad(data.label, to: labelWidth),
            "press \(data.presses) of call \(data.call), after \(text(arrival.latency))",
        ].joined(separator: "  ")
    }

    /// What is said once everything is up.
    var start: String {
        ([
            "broker 127.0.0.1:\(port), gateway \(tally.status?.state.rawValue ?? "unknown") (simulated), "
                + "\(tally.pointsWorking) of \(DemoCourtyard.pointCount) call points work, \(faults.text)"
        ] + hints).joined(separator: "\n")
    }

    /// What became of calls, by their events; what is seldom there only if it is.
    private var callCounts: String {
        let usual = ["raised", "accepted", "arrived", "resolved"]
        let found = ["cancelled", "escalated", "reopened"].filter { tally.events[$0] != nil }
        return (usual + found).map { "\(tally.events[$0] ?? 0) \($0)" }.joined(separator: ", ")
    }

    /// The end of it all.
    var totals: String {
        let open = Self.openStates.map { "\(tally.openCalls(in: $0)) \($0.rawValue)" }.joined(separator: ", ")
        let lines = [
            "presses made      \(tally.made)",
            "received          \(tally.received), each once by its id",
            "missing           \(tally.outstanding.count)",
            "doubled           \(tally.doubled)\(oddities)",
            "calls             \(callCounts)",
            "calls open        \(tally.calls.count) (\(open))",
            "the desk          " + (refusals.map { "\($0) commands refused" } ?? "there was none"),
            "latency           \(latencies([("p50", 50), ("p90", 90), ("p99", 99)])), max "
                + (tally.latencies.longest.map(Self.text) ?? "-"),
            "                  bedside buttons, first edge to subscriber, 5 ms minimum width;",
            "                  a kitchen button first waits to see what the press becomes",
        ]
        let missing = tally.outstanding.prefix(10).map { "missing: \($0.service) from \($0.point)" }
        return (lines + missing).joined(separator: "\n")
    }

    /// What is seldom there, if it is.
    private var oddities: String {
        let found = [
            (tally.unasked, "by other hands"), (tally.unreadable, "unreadable"), (tally.sentAgain, "sent again"),
        ]
        return found.filter { $0.0 > 0 }.map { "   \($0.1) \($0.0)" }.joined()
    }

    // MARK: Words for figures

    private func latencies(_ wanted: [(name: String, percent: Int)]) -> String {
        wanted.map { "\($0.name) \(tally.latencies.percentile($0.percent).map(Self.text) ?? "-")" }
            .joined(separator: ", ")
    }

    /// `5.9 ms`, or `2.61 s` from a second on.
    static func text(_ latency: Duration) -> String {
        let microseconds = latency.nanoseconds / 1000
        return microseconds < 1_000_000
            ? decimal(microseconds / 100, digits: 1) + " ms" : decimal(microseconds / 10_000, digits: 2) + " s"
    }

    private static func decimal(_ number: Int64, digits: Int) -> String {
        let scale = digits == 1 ? 10 : 100 as Int64
        return "\(number / scale)." + padded(Int(number % scale), digits)
    }

    /// `0:07`, `12:34`, `1:02:03`.
    static func clock(_ duration: Duration) -> String {
        let seconds = Int(duration.components.seconds)
        let minutes = seconds / 60 % 60
        return seconds < 3600
            ? "\(minutes):\(padded(seconds % 60, 2))"
            : "\(seconds / 3600):\(padded(minutes, 2)):\(padded(seconds % 60, 2))"
    }

    /// The time of day where this runs: `09:03:07.015`.
    static func time(_ wall: WallTime) -> String {
        var seconds = time_t(wall.milliseconds / 1000)
        var local = tm()
        localtime_r(&seconds, &local)
        let clock = [local.tm_hour, local.tm_min, local.tm_sec].map { padded(Int($0), 2) }.joined(separator: ":")
        return "\(clock).\(padded(Int(wall.milliseconds % 1000), 3))"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
