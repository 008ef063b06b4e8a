internal import CallContract
internal import CallCore
internal import CourtyardSimulation
internal import Glibc

/// What the terminal desk shows, in words.
struct DeskView {
    let site: SiteID
    let desk: DutyDesk
    let presence: DeskMessage
    let broker: String
    /// Why there is no connection.
    let away: String?
    let isConnected: Bool
    let gateways: [String: StatusMessage.State]
    /// "gw-1 line-busy"
    let faults: Set<String>
    let running: Duration
    let now: Moment

    private static let serviceWidth = 9
    private static let labelWidth = 24
    private static let stateWidth = 9

    /// At most `height` rows: the open calls, the most urgent first, and below them what was said last.
    func rows(height: Int, log: [String]) -> [Row] {
        let upper = [title, connection, gatewayRow, Row(""), Self.heading]
        let open = calls
        let room = max(2, height - upper.count - 1)
        let callRoom = room - min(log.count, room / 3)
        let shown = open.count > callRoom ? open.prefix(callRoom - 1) : open[...]
        let more = Row("and \(open.count - shown.count) more", .dim)
        let middle = shown.map(row) + (shown.count < open.count ? [more] : [])
        let left = max(0, height - upper.count - middle.count - 1)
        return upper + middle + [Row("")] + log.suffix(left).map { Row($0, .dim) }
    }

    /// The most urgent first, then the oldest. Tests are no calls; what several gateways have heard is one.
    private var calls: [[DutyDesk.Seen]] {
        desk.merged.filter { !$0[0].record.data.test }.sorted {
            let (a, b) = ($0[0].record.data, $1[0].record.data)
            return (a.priority, a.raisedAt.milliseconds, a.call) < (b.priority, b.raisedAt.milliseconds, b.call)
        }
    }

    private var title: Row {
        Row(
            ("Desk \(desk.id)", .bold), ("  \(presence.name ?? "")  \(site)   ", .plain),
            (presence.state.rawValue, presence.state == .listening ? .green : .yellow),
            ("   \(DemoView.clock(running))   Ctrl-C ends it", .dim))
    }

    private var connection: Row {
        isConnected
            ? Row("broker \(broker)") : Row("no connection to \(broker): \(away ?? "not yet")", .red)
    }

    private var gatewayRow: Row {
        let states = gateways.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.rawValue)" }
        let text = states.isEmpty ? "no gateway heard of" : "gateways: \(states.joined(separator: ", "))"
        let isFine = !states.isEmpty && gateways.values.allSatisfy { $0 == .ready }
        return Row(
            (text, isFine ? .green : .yellow),
            (faults.isEmpty ? "   no faults" : "   faults: \(faults.sorted().joined(separator: ", "))", .plain))
    }

    private static let heading = Row(
        [
            DisplayWidth.pad("raised", to: 8), DisplayWidth.pad("service", to: serviceWidth),
            DisplayWidth.pad("call point", to: labelWidth), DisplayWidth.pad("presses", to: 7, toRight: true),
            DisplayWidth.pad("state", to: stateWidth), "who",
        ].joined(separator: "  "), .dim)

    private func row(_ seen: [DutyDesk.Seen]) -> Row {
        let data = seen[0].record.data
        let presses = seen.map(\.record.data.presses).max() ?? 0
        let ears = seen.compactMap { one in
            one.record.data.receiver.map { receiver in
                let strength = one.record.data.level.map { " \($0) dB" } ?? ""
                return "\(one.base.split(separator: "/").last ?? "")/\(receiver)\(strength)"
            }
        }
        let heard = ears.isEmpty ? "" : "  heard by \(ears.joined(separator: ", "))"
        let style = data.priority == 1 ? Row.Style.red : .plain
        return Row(
            ("\(DemoView.time(data.raisedAt).prefix(8))  ", .plain),
            (DisplayWidth.pad(data.service, to: Self.serviceWidth) + "  ", style),
            (DisplayWidth.pad(data.label, to: Self.labelWidth) + "  ", .plain),
            (DisplayWidth.pad("\(presses)", to: 7, toRight: true) + "  ", .plain),
            (DisplayWidth.pad(data.state, to: Self.stateWidth) + "  ", Self.style(ofState: data.state)),
            ((data.actor ?? "") + (data.onTheWay == true ? ", on the way" : "") + heard, .plain))
    }

    static func style(ofState state: String) -> Row.Style {
        switch state {
        case "raised": .red
        case "delivered": .yellow
        case "accepted", "arrived": .green
        default: .dim
        }
    }

    // MARK: Lines

    /// One line for something that happened.
    static func line(_ note: DutyDesk.Note) -> String {
        switch note {
        case .raised(let record): "\(record.data.state): \(call(record))"
        case .raisedToo(let record): "heard by another gateway too: \(call(record))"
        case .reopened(let record): "reopened: \(call(record))"
        case .offeredAgain(let record): "offered again: \(call(record))"
        case .pressedAgain(let record): "pressed again, \(record.data.presses) times now: \(call(record))"
        case .closed(let record): "closed: \(call(record))"
        case .sent(let command, let again):
            "\(again ? "no answer, sent again" : "sent"): \(word(command)) \(command.call), revision \(command.revision), "
                + "as \(command.id)"
        case .answered(let reply, let command):
            reply.accepted
                ? "answer: \(word(command)) \(command.call) accepted, now \(reply.state ?? "unknown"), revision "
                    + "\(reply.revision.map(String.init) ?? "unknown")"
                : "answer: \(word(command)) \(command.call) REFUSED, \(reply.reason ?? "without a reason")"
        case .unreadable(let topic): "not what the contract promises: \(topic)"
        }
    }

    private static func word(_ command: DeskCommand) -> String {
        command.name == .setOut ? "accept (on the way)" : command.name.word
    }

    private static func call(_ record: CallMessage) -> String {
        let data = record.data
        return "\(data.service) \(data.label) (\(data.point)), call \(data.call), revision \(data.revision)"
    }

    /// The time of day, now.
    static func clock() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        return DemoView.time(WallTime(milliseconds: milliseconds))
    }
}
