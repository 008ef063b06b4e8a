internal import CallContract
internal import CallCore

/// Time since a scenario began, as it is written: `3:00:05.250`.
package enum ClockText {
    /// To the millisecond.
    package static func write(_ span: Duration) -> String {
        let milliseconds = span.milliseconds
        let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000)
        let fraction = padded(seconds % 60, 2) + "." + padded(rest, 3)
        return "\(seconds / 3600):" + padded(seconds / 60 % 60, 2) + ":" + fraction
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Seen: CustomStringConvertible {
    /// `0:00:01.250 event raised, b3-u2-401, emergency`
    package var description: String { "\(ClockText.write(at))  \(what.text)" }
}

extension Seen.What {
    /// What was seen, on one line. Text of the wire is shown without what a terminal would obey.
    package var text: String { Self.plain(words) }

    private var words: String {
        switch self {
        case .event(let event): "event \(Self.type(event)) \(Self.text(event.data))"
        case .eventAgain(let event): "event \(Self.type(event)) again \(Self.text(event.data))"
        case .call(let record):
            "call \(record.data.state) \(Self.text(record.data))\(record.orphaned == true ? ", orphaned" : "")"
        case .closed(let id): "call \(id) closed"
        case .fault(let fault): "fault \(fault.fault) set: \(fault.what)"
        case .cleared(let id): "fault \(id) cleared"
        case .localFaults(let faults): "faults on the board: \(Self.list(faults.map(\.fault)))"
        case .status(let status): "status \(status.state.rawValue)"
        case .point(let point): "point \(point.point) \(point.state)"
        case .reply(let reply):
            "reply \(reply.accepted ? "accepted" : "refused") to \(reply.command) \(reply.id)"
                + (reply.reason.map { ": \($0)" } ?? "")
        case .output(let id, let signal): "output \(id) shows \(signal)"
        case .line(let point, let made):
            point.loopOwner.map { "wire \($0) \(made ? "whole" : "cut")" } ?? "line \(point) \(made ? "made" : "open")"
        case .desk(let id, let state): "desk \(id) \(state.rawValue)"
        case .unreadable(let topic): "something that the contract doesn't allow on \(topic)"
        }
    }

    private static func type(_ event: EventMessage) -> String {
        String(event.type.split(separator: ".").last ?? "")
    }

    private static func list(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: ", ") }

    private static func text(_ data: CallData) -> String {
        var text = "\(data.point) \(data.service), \(data.presses) \(data.presses == 1 ? "press" : "presses")"
        if data.escalation > 0 { text += ", escalation \(data.escalation)" }
        if let actor = data.actor { text += ", by \(actor)" }
        if let reason = data.reason { text += ", reason \(reason)" }
        if data.onTheWay == true { text += ", on the way" }
        if data.late { text += ", late" }
        if data.journaled == false { text += ", not journaled" }
        return text + " (\(data.call), revision \(data.revision))"
    }

    private static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}

extension Expectation {
    /// What is said when it was not met.
    var miss: String {
        switch subject {
        case .event, .reply: "not seen within \(ClockText.write(within))"
        default: "not so within \(ClockText.write(within))"
        }
    }

    /// True if this is of the kind that was looked at.
    func isLike(_ what: Seen.What) -> Bool {
        switch (subject, what) {
        case (.event, .event), (.event, .eventAgain), (.reply, .reply), (.fault, .fault), (.fault, .cleared),
            (.fault, .localFaults), (.status, .status), (.openCalls, .call), (.openCalls, .closed):
            true
        case (.call(let point, _), .call(let record)): record.data.point == point.text
        case (.call, .closed): true
        case (.output(let output, _), .output(let id, _)): output.text == id
        case (.point(let point, _), .point(let message)): message.point == point.text
        default: false
        }
    }
}
