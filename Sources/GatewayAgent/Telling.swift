internal import CallContract
internal import CallCore

/// Calls whose opening is to be offered once more. Each at most once, however often it is asked for.
struct Offers {
    private var waiting: [CallID] = []

    mutating func add(_ id: CallID, isUrgent: Bool) {
        guard !waiting.contains(id) else { return }
        waiting.insert(id, at: isUrgent ? 0 : waiting.count)
    }

    mutating func remove(_ id: CallID) { waiting.removeAll { $0 == id } }
    mutating func removeAll() { waiting = [] }
    var first: CallID? { waiting.first }
    var count: Int { waiting.count }
}

// What was decided is safe now: put it where it leaves from.
extension GatewayAgent {
    func tell(_ action: Action, _ now: Now) {
        switch action {
        case .append(let event):
            outbox.append(event)
            if event.type == .raised || event.type == .reopened { openings[event.call.id] = event }
            announce(event, now)
            if link == nil { ports.transport.retryNow() }
        case .keep(let call):
            shelf.want(.call(call.id, call.service))
            shelf.want(.summary)
            if call.state.isClosed { openings[call.id] = nil }
        case .answer(let answer), .answerAgain(let answer): send(answer)
        case .offer(let id): offer(id)
        case .signal(let id, let signal, let pattern): ports.outputs.show(id, signal, pattern)
        case .tryNextBroker(let reason):
            if ports.transport.tryNextBroker(last: partingWords) {
                ports.log.log(.warning, "going on at the next broker: \(reason)", [:])
            }
        case .set(let fault):
            shelf.want(.fault(fault.id))
            let isNew = toldFaults.insert(fault.id).inserted
            ports.log.log(
                isNew ? .warning : .debug, "fault \(fault.id): \(fault.what). \(fault.remedy)",
                ["COURTYARD_FAULT": fault.id.text])
        case .clear(let id):
            shelf.want(.fault(id))
            toldFaults.remove(id)
            ports.log.log(.notice, "fault \(id) is over", ["COURTYARD_FAULT": id.text])
        case .show(let point): shelf.want(.point(point.id))
        case .forget(let id): shelf.want(.point(id))
        case .remember: break
        }
    }

    private func announce(_ event: CallEvent, _ now: Now) {
        let call = event.call
        if event.type == .pressed { lastPress = event }
        let who = event.type == .pressed ? "" : call.actor.map { ", \($0)" } ?? ""
        let text =
            event.type == .pressed
            ? "press of \(call.point) (\(call.label)): \(event.service), call \(call.id), press \(call.presses)"
            : "call \(call.id) \(event.type.rawValue): \(event.service) of \(call.point) (\(call.label))\(who)"
        let isGrave = call.priority == 1 && (event.type == .escalated || event.type == .reopened)
        ports.log.log(
            isGrave ? .warning : .info, text,
            ["COURTYARD_POINT": call.point.text, "COURTYARD_CALL": call.id.description])
        guard !watchers.isEmpty else { return }
        let line = WireJSON.bytes(message(event, now)) + [UInt8(ascii: "\n")]
        for watcher in watchers.values { watcher(line) }
    }

    /// The record and the event that opened the call, once more. An event that the broker doesn't have yet is on its way
    /// anyway.
    private func offer(_ id: CallID) {
        guard link != nil, let call = core.call(id) else { return }
        shelf.want(.call(id, call.service))
        guard let event = openings[id], outbox.isAcknowledged(event) else { return }
        offers.add(id, isUrgent: call.priority == 1)
    }
}
