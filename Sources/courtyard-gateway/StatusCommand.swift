internal import ArgumentParser
internal import CallContract
internal import CallCore
internal import GatewayAgent

/// Where a running agent is asked.
struct ControlOption: ParsableArguments {
    @Option(help: "The agent's control-socket.")
    var socket = "/run/courtyard-gateway/control.sock"

    /// The agent there.
    var agent: ControlSocket { ControlSocket(path: socket) }
}

/// `courtyard-gateway status`: how the running agent is.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ask the running agent how it is.")

    @OptionGroup var control: ControlOption
    @Flag(help: "As JSON.")
    var json = false

    func run() throws {
        var answered = false
        try control.agent.ask("status") { line in
            guard (try? WireJSON.read(StatusReport.self, from: line)) != nil else { return false }
            answered = true
            Output.print(
                json
                    ? String(decoding: line, as: UTF8.self)
                    : Self.text(try WireJSON.read(StatusReport.self, from: line)))
            return false
        }
        guard answered else {
            Output.error("\(control.socket): no status came from there. Is this the agent's control-socket?")
            throw ExitCode.failure
        }
    }

    private static func text(_ report: StatusReport) -> String {
        var lines = [
            "\(report.site)/\(report.gateway): \(report.state.rawValue)\(report.simulated ? " (SIMULATED: no real button is heard)" : "")",
            "  up           \(uptime(report.uptimeSeconds)), version \(report.version), journal \(report.journal)",
            "  points       \(report.points.ok) of \(report.points.total) work",
            "  open calls   \(report.openCalls), \(report.unaccepted) of them not accepted",
            "  desks        \(report.desks.isEmpty ? "none is listening" : report.desks.joined(separator: ", "))",
            "  last press   \(report.lastPress.map { "\($0.time) \($0.label) (\($0.point)): \($0.service)" } ?? "none since the start")",
            "  broker       \(report.broker ?? "none")",
            "  outbox       \(report.outbox) events the broker doesn't have yet",
        ]
        for receiver in report.receivers {
            lines.append(
                "  receiver     \(receiver.receiver) is \(receiver.state): \(receiver.presses) presses of \(receiver.frames) frames; "
                    + "\(receiver.framesAlone) frames alone, \(receiver.broken) runs broken off; \(receiver.edges) edges, "
                    + "\(receiver.occupiedSeconds) s of the last minute occupied")
        }
        for point in report.points.troubled.prefix(20) {
            lines.append("  point        \(point.point) is \(point.state)\(point.what.map { ": \($0)" } ?? "")")
        }
        if report.points.troubled.count > 20 {
            lines.append("  point        and \(report.points.troubled.count - 20) more")
        }
        lines.append(report.faults.isEmpty ? "  faults       none" : "  faults")
        for fault in report.faults {
            lines.append("    \(fault.fault) since \(fault.since): \(fault.what)\n      → \(fault.remedy)")
        }
        return lines.joined(separator: "\n")
    }

    private static func uptime(_ seconds: Int) -> String {
        seconds >= 86_400
            ? "\(seconds / 86_400) days \(seconds / 3600 % 24) h"
            : seconds >= 3600 ? "\(seconds / 3600) h \(seconds / 60 % 60) min" : "\(seconds / 60) min \(seconds % 60) s"
    }
}

/// `courtyard-gateway watch`: presses as they come.
struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show presses of the running agent as they come; Ctrl-C ends it.")

    @OptionGroup var control: ControlOption
    @Flag(help: "As JSON, one event a line: exactly what is published.")
    var json = false

    func run() throws {
        try control.agent.ask("watch") { line in
            if json {
                Output.print(String(decoding: line, as: UTF8.self))
            } else {
                let event = try WireJSON.read(EventMessage.self, from: line)
                Output.print(
                    "\(event.time)  \(event.type.dropFirst("courtyard.call.".count))  \(event.data.service)  \(event.data.label) (\(event.data.point))  call \(event.data.call), press \(event.data.presses)\(event.data.actor.map { ", \($0)" } ?? "")"
                )
            }
            return true
        }
        Output.error("the agent ended the connection")
        throw ExitCode.failure
    }
}
