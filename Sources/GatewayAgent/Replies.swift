internal import CallContract
internal import CallCore

/// Answers on their way to desks. Bounded: a desk that hears nothing asks again, with the same command id.
struct ReplyQueue {
    /// How many replies wait at most; the oldest goes.
    static let capacity = 256
    /// How many replays run at most; one more is refused.
    static let replaysAtOnce = 4
    private static let stretch = 64

    private struct Replay {
        let command: String
        let lane: Lane.ID
        var next: UInt64
        let last: UInt64
        var near: ArraySlice<CallEvent> = []
    }

    private var replies: [OutgoingMessage] = []
    private var replays: [Replay] = []

    var first: OutgoingMessage? { replies.first }
    /// How many replies and replayed events are held.
    var count: Int { replies.count + replays.reduce(0) { $0 + 1 + $1.near.count } }
    var canReplay: Bool { replays.count < Self.replaysAtOnce }

    mutating func removeFirst() { replies.removeFirst() }

    mutating func add(_ reply: OutgoingMessage) {
        if replies.count == Self.capacity { replies.removeFirst() }
        replies.append(reply)
    }

    mutating func replay(_ lane: Lane.ID, _ range: ClosedRange<UInt64>, for command: String) {
        replays.append(Replay(command: command, lane: lane, next: range.lowerBound, last: range.upperBound))
    }

    /// The next event of the oldest replay.
    mutating func nextReplayed(read: (Lane.ID, UInt64, Int) -> [CallEvent]) -> (command: String, CallEvent)? {
        while var replay = replays.first {
            if replay.near.isEmpty, replay.next <= replay.last {
                let count = min(UInt64(Self.stretch), replay.last - replay.next + 1)
                replay.near = read(replay.lane, replay.next, Int(count))[...]
            }
            guard let event = replay.near.first else {
                replays.removeFirst()
                continue
            }
            replays[0] = replay
            return (replay.command, event)
        }
        return nil
    }

    /// The event that `nextReplayed` gave was handed over.
    mutating func replayed() {
        replays[0].next = replays[0].near.removeFirst().sequence + 1
    }
}

/// Who asked, where MQTT 5 lets them say so.
struct Asker {
    let responseTopic: String?
    let correlation: [UInt8]?

    init(_ message: IncomingMessage) {
        responseTopic = message.responseTopic
        correlation = message.correlation
    }
}

// The desks' commands. Nothing is ever taken from a retained one.
extension GatewayAgent {
    func take(command name: String, _ message: IncomingMessage, _ now: Now) {
        guard !message.retained, !message.payload.isEmpty else {
            return ports.log.log(.warning, "ignored a retained or empty command '\(name)'", [:])
        }
        do throws(CommandMessage.Refusal) {
            let command = try CommandMessage(name: name, payload: message.payload)
            if case .call(let request) = command.request {
                askers[command.id, default: []].append(Asker(message))
                return decide(.command(request), now)
            }
            answer(carryOut(name, command, now), to: Asker(message))
        } catch {
            switch error {
            case .unanswerable(let reason): ports.log.log(.warning, "ignored a command '\(name)': \(reason)", [:])
            case .refused(let id, let reason):
                answer(ReplyMessage(id: id, command: name, refusal: reason), to: Asker(message))
            }
        }
    }

    private func carryOut(_ name: String, _ command: CommandMessage, _ now: Now) -> ReplyMessage {
        switch command.request {
        case .sync:
            offerEverything()
            return ReplyMessage(id: command.id, command: name)
        case .identify:
            ports.outputs.identify()
            decide(.identify, now)
            return ReplyMessage(id: command.id, command: name)
        case .call: preconditionFailure("the core answers what concerns calls")
        case .replay(let service, let from, let limit): return replay(service, from, limit, name, command)
        }
    }

    private func replay(
        _ service: ServiceID, _ from: UInt64, _ limit: Int, _ name: String, _ command: CommandMessage
    ) -> ReplyMessage {
        func refusal(_ reason: String) -> ReplyMessage { ReplyMessage(id: command.id, command: name, refusal: reason) }
        guard replies.canReplay else {
            return refusal("busy: \(ReplyQueue.replaysAtOnce) replays are running, try again")
        }
        do {
            guard let kept = try ports.store.keptRange(journal: journal, service: service) else {
                return refusal("service: no events of \(service) are kept")
            }
            let first = max(from, kept.lowerBound)
            let sending = first > kept.upperBound ? 0 : min(UInt64(limit), kept.upperBound - first + 1)
            if sending > 0 {
                replies.replay(
                    Lane.ID(journal: journal, service: service), first...(first + sending - 1), for: command.id)
            }
            return ReplyMessage(
                id: command.id, command: name,
                kept: .init(journal: journal.text, first: kept.lowerBound, last: kept.upperBound, sending: Int(sending))
            )
        } catch {
            return refusal("journal: \(error)")
        }
    }

    /// What the core decided, to each that asked for it in this turn.
    func send(_ decided: CommandAnswer) {
        let reply = ReplyMessage(decided)
        var waiting = askers[decided.id] ?? []
        guard !waiting.isEmpty else { return }
        answer(reply, to: waiting.removeFirst())
        askers[decided.id] = waiting
    }

    /// On the reply topic, and on the asker's own if it named one.
    private func answer(_ reply: ReplyMessage, to asker: Asker) {
        var outgoing = OutgoingMessage(topic: identity.topics.reply(reply.id), payload: WireJSON.bytes(reply))
        outgoing.correlation = asker.correlation
        replies.add(outgoing)
        if let topic = asker.responseTopic, topic != outgoing.topic, !topic.isEmpty {
            outgoing.topic = topic
            replies.add(outgoing)
        }
    }
}
