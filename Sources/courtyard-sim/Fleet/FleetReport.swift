internal import CallContract
internal import CallCore

/// What was measured beside presses.
struct FleetMeasures {
    /// Until the broker had been told everything by every gateway.
    var startTook = Duration.zero
    var pressedFor = Duration.zero
    var storms = 0
    /// Processors in use by this process while residents pressed.
    var cores = 0.0
    /// In this process: agent, journal's cache, connection.
    var bytesPerGateway = 0
    /// Nil of a broker that isn't the fleet's own.
    var brokerBytes: Int?
}

/// A fleet's result, for people and for programs.
struct FleetReport {
    let plan: FleetPlan
    let tally: FleetTally
    let measures: FleetMeasures
    let figures: FleetFigures.State

    var isFaultless: Bool { tally.isFaultless }

    private var everyday: Percentiles? { Percentiles(tally.latencies[.everyday] ?? []) }
    private var burst: Percentiles? { Percentiles(tally.latencies[.burst] ?? []) }
    private var reconnects: Percentiles? { Percentiles(figures.reconnects) }

    var text: String {
        var lines = [
            "\(plan.gateways) gateways, \(plan.rules.points.count) call points each; up after "
                + "\(measures.startTook.milliseconds) ms, pressed for \(measures.pressedFor.milliseconds / 1000) s",
            "presses made \(tally.made), received once by id \(tally.received), missing \(tally.made - tally.received), "
                + "doubled \(tally.doubled), sent again \(tally.sentAgain)",
        ]
        if tally.unasked > 0 { lines.append("presses that nobody of the fleet made: \(tally.unasked)") }
        if tally.unreadable > 0 { lines.append("messages that the contract doesn't know: \(tally.unreadable)") }
        if let everyday { lines.append("first edge to subscriber, \(everyday.count) presses: \(everyday.text)") }
        if let burst { lines.append("first edge to subscriber, \(burst.count) presses of the burst: \(burst.text)") }
        if let reconnects {
            lines.append(
                "\(measures.storms) storms, \(figures.losses) connections lost, \(reconnects.count) back after "
                    + reconnects.text)
        }
        for (reason, count) in figures.reasons.sorted(by: { $0.value > $1.value }).prefix(5) {
            lines.append("  \(count) × \(reason)")
        }
        if let (press, _) = tally.slowest {
            lines.append("  the slowest: \(press.gateway) \(press.point), pressed at \(press.at.nanoseconds) ns")
        }
        lines.append(
            "memory: \(measures.bytesPerGateway / 1024) KiB per gateway in this process"
                + (measures.brokerBytes.map { ", \($0 / 1024 / plan.gateways) KiB per gateway at the broker" } ?? "")
                + "; processors: \(Int(measures.cores * 100)) % of one")
        if !tally.isComplete {
            let some = tally.missing.map { "\($0.gateway) \($0.point) at \($0.at.nanoseconds)" }
            lines.append("MISSING, such as: \(some.joined(separator: ", "))")
            lines.append(
                "Did the broker drop messages for a slow subscriber? Its log says so; it needs "
                    + "`\(FleetBroker.settings[0])` or more.")
        }
        return lines.joined(separator: "\n")
    }

    /// Figures for programs.
    var json: [UInt8] {
        WireJSON.bytes(
            Figures(
                gateways: plan.gateways, points: plan.rules.points.count, startMs: measures.startTook.milliseconds,
                seconds: measures.pressedFor.milliseconds / 1000, made: tally.made, received: tally.received,
                missing: tally.made - tally.received, doubled: tally.doubled, sentAgain: tally.sentAgain,
                everyday: everyday.map(Figures.Times.init), burst: burst.map(Figures.Times.init),
                storms: measures.storms, losses: figures.losses, reconnects: reconnects.map(Figures.Times.init),
                bytesPerGateway: measures.bytesPerGateway, brokerBytes: measures.brokerBytes))
    }

    private struct Figures: Encodable {
        struct Times: Encodable {
            let count: Int
            let p50Us, p95Us, p99Us, maxUs: Int64

            init(_ times: Percentiles) {
                count = times.count
                (p50Us, p95Us) = (times.p50.nanoseconds / 1000, times.p95.nanoseconds / 1000)
                (p99Us, maxUs) = (times.p99.nanoseconds / 1000, times.longest.nanoseconds / 1000)
            }
        }

        let gateways, points: Int
        let startMs, seconds: Int64
        let made, received, missing, doubled, sentAgain: Int
        let everyday, burst: Times?
        let storms, losses: Int
        let reconnects: Times?
        let bytesPerGateway: Int
        let brokerBytes: Int?
    }
}
