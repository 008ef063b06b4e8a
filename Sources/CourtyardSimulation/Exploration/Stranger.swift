internal import CallContract
internal import CallCore

/// What others than the gateway and its desks put on the wire: leftovers, repetitions, nonsense.
final class Stranger {
    private let topics: Topics
    private var made = 0
    /// What was sent before, to be sent again.
    private var sent: [VirtualMessage] = []

    private static let rememberedAtMost = 50

    init(_ topics: Topics) { self.topics = topics }

    /// The will of a connection that ended long ago.
    func lateWill(boot: String, connection: UInt64) -> VirtualMessage {
        let status = StatusMessage(
            state: .offline, boot: boot, connection: connection > 1 ? connection - 1 : 1, version: "old",
            simulated: false)
        return VirtualMessage(topic: topics.status, payload: WireJSON.bytes(status), retain: true)
    }

    /// An open call of a card that was in this board before.
    func record(of point: CallPoint, _ wall: WallTime, _ dice: inout Dice) -> VirtualMessage {
        let raised = Stamp(
            boot: "other", moment: Moment(nanoseconds: Int64(dice.below(1_000_000_000))),
            wall: WallTime(milliseconds: wall.milliseconds - Int64(dice.below(3_600_000))),
            quality: ClockQuality(synchronized: dice.oneIn(2), uncertaintyMs: 2))
        let id = CallID(journal: JournalID(unchecked: "zzzzzz"), number: UInt64(1 + dice.below(1_000_000)))
        let service = [Service(id: .emergency, priority: 1), Service(id: .meal, priority: 3)][dice.below(2)]
        let call = Call(id: id, point: point.id, label: point.label, service: service, raised: raised)
        let now = Now(moment: raised.moment, wall: wall, quality: raised.quality)
        return VirtualMessage(
            topic: topics.call(service.id, id), payload: WireJSON.bytes(CallMessage(call, orphaned: false, now: now)),
            retain: true)
    }

    func test() -> VirtualMessage { command("test", "") }

    /// Ends a call, whoever has it.
    func end(_ call: CallData) -> VirtualMessage {
        switch call.state {
        case "accepted": command("arrive", body(call, actor: call.actor))
        case "arrived": command("resolve", body(call, actor: call.actor))
        default: command("accept", body(call, actor: "supervisor"))
        }
    }

    /// A command of somebody's own making: about an open call or none, new or repeated, sound or not.
    func command(_ open: [CallData], _ dice: inout Dice) -> VirtualMessage {
        if !sent.isEmpty, dice.oneIn(4) { return sent[dice.below(sent.count)] }
        let names = ["accept", "accept", "received", "arrive", "resolve", "cancel"]
        switch dice.below(10) {
        case 0: return command("sync", "")
        case 1: return command("test", "")
        case 2: return command("replay", #","service":"emergency","from":\#(1 + dice.below(50)),"limit":20"#)
        case 3: return command("identify", "")
        case 4: return VirtualMessage(topic: topics.commandPrefix + "accept", payload: Array("{\"id\":".utf8))
        default: break
        }
        guard !open.isEmpty else { return command("cancel", #","call":"zzzzzz-1","revision":1"#) }
        var call = open[dice.below(open.count)]
        if dice.oneIn(3) { call.revision = max(1, call.revision - 1) }
        return command(names[dice.below(names.count)], body(call, actor: "stranger"))
    }

    private func body(_ call: CallData, actor: String?) -> String {
        #","call":"\#(call.call)","revision":\#(call.revision),"actor":"\#(actor ?? "nobody")","outcome":"done""#
            + #","reason":"mistake""#
    }

    private func command(_ name: String, _ fields: String) -> VirtualMessage {
        made += 1
        let message = VirtualMessage(
            topic: topics.commandPrefix + name, payload: Array(#"{"id":"stranger-\#(made)"\#(fields)}"#.utf8))
        if sent.count < Self.rememberedAtMost { sent.append(message) } else { sent[made % sent.count] = message }
        return message
    }
}

extension DeskManner {
    /// People who look at the screen, and go.
    static let watchful = DeskManner(
        acceptAfter: .seconds(2)...(.seconds(40)), arriveAfter: .seconds(20)...(.seconds(150)),
        resolveAfter: .seconds(10)...(.seconds(120)), sayReceivedAfter: .milliseconds(300))
    /// A screen before which nobody is.
    static let absent = DeskManner(
        acceptAfter: .zero...(.zero), arriveAfter: .zero...(.zero), resolveAfter: .zero...(.zero), ignores: true)
}
