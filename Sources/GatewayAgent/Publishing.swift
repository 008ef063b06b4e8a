internal import CallContract
internal import CallCore

/// What a token in flight stands for.
enum InFlight: Hashable {
    /// `opens`: the call that it raised or reopened.
    case event(Lane.ID, UInt64, opens: CallID?)
    /// The event that opened a call, once more.
    case offer(CallID)
    case shelf(Shelf.Item)
    /// A reply or a replayed event: nothing follows from its acknowledgement.
    case transient
}

/// What the broker refuses on this connection, until it takes it.
struct Refusals {
    private var subjects: Set<InFlight> = []
    /// A refused subscription stays refused until the next connection.
    var subscription = false

    mutating func refused(_ item: InFlight) { subjects.insert(Self.subject(item)) }

    /// The broker has the item.
    /// - Returns: true if it was the last thing that had been refused.
    mutating func taken(_ item: InFlight) -> Bool {
        var isNews = subjects.remove(Self.subject(item)) != nil
        // An offer that was refused may never be made again: an event that is taken stands for it.
        if case .event = item { isNews = subjects.remove(Self.offers) != nil || isNews }
        return isNews && subjects.isEmpty && !subscription
    }

    /// All offers count as one.
    private static let offers = InFlight.offer(CallID(journal: JournalID(unchecked: ""), number: 0))

    /// A lane goes on from the event that was refused: its events count as one.
    private static func subject(_ item: InFlight) -> InFlight {
        switch item {
        case .event(let lane, _, _): .event(lane, 0, opens: nil)
        case .offer: offers
        case .shelf, .transient: item
        }
    }
}

// What leaves, in which order.
extension GatewayAgent {
    /// How many messages of lesser urgency may be on their way: the rest of the window stays free for an emergency.
    static let windowForTheRest = 24
    /// How long to wait after the broker refused a message.
    static let refusedFor = Duration.seconds(5)
    /// The reason codes from which on a PUBACK is a refusal (MQTT 5, section 2.4).
    static let firstRefusal: UInt8 = 0x80
    /// "No matching subscribers" (MQTT 5, section 2.4).
    static let noSubscribers: UInt8 = 0x10
    /// "Not authorized" (MQTT 5, section 2.4).
    static let notAuthorized: UInt8 = 0x87

    /// Hands over as much as the transport takes, the most urgent first.
    func pump(_ now: Now) {
        wantStatus()
        guard link != nil else { return }
        while sendUrgent(now) || (inFlight.count < Self.windowForTheRest && sendOther(now)) {}
    }

    private func sendUrgent(_ now: Now) -> Bool {
        send(shelf.next(downTo: .status, now: now.moment), now) || sendEvent(1...1, now) || sendOffer(now)
            || send(shelf.next(downTo: .emergency, now: now.moment), now)
    }

    private func sendOther(_ now: Now) -> Bool {
        sendReply(now) || sendEvent(2...Service.leastPriority, now)
            || send(shelf.next(downTo: .rest, now: now.moment), now) || sendReplayed(now)
    }

    private func sendEvent(_ priorities: ClosedRange<Int>, _ now: Now) -> Bool {
        guard let event = outbox.next(priorities, now: now.moment, read: read),
            let token = hand(outgoing(event, now))
        else { return false }
        let opens = event.type == .raised || event.type == .reopened ? event.call.id : nil
        inFlight[token] = .event(
            Lane.ID(journal: event.journal, service: event.service), event.sequence, opens: opens)
        outbox.handedOver(event)
        return true
    }

    /// The event that opened a call that no desk has received: the same, under the same id.
    private func sendOffer(_ now: Now) -> Bool {
        guard let id = offers.first else { return false }
        guard let event = openings[id], core.call(id)?.state == .raised else {
            offers.remove(id)
            return offers.first != nil
        }
        guard event.call.priority == 1 || inFlight.count < Self.windowForTheRest,
            let token = hand(outgoing(event, now))
        else { return false }
        inFlight[token] = .offer(id)
        offers.remove(id)
        return true
    }

    private func outgoing(_ event: CallEvent, _ now: Now) -> OutgoingMessage {
        let payload = message(event, now)
        var outgoing = OutgoingMessage(
            topic: identity.topics.event(event.service, event.type), payload: WireJSON.bytes(payload))
        outgoing.contentType = EventMessage.mediaType
        outgoing.userProperties = [
            "service": event.service.text, "type": event.type.rawValue, "priority": String(event.call.priority),
        ]
        outgoing.expirySeconds = expiry(of: event.call, now)
        return outgoing
    }

    /// For how long a message about an order is of use; the end of one always is, and so is an emergency.
    private func expiry(of call: Call, _ now: Now) -> UInt32? {
        core.timeLeft(of: call, now).map { UInt32(clamping: max(1, $0.milliseconds / 1000)) }
    }

    /// Reads a stretch of a lane from the journal; an unreadable journal is told, and tried again with the next turn.
    private func read(_ id: Lane.ID, _ from: UInt64, _ limit: Int) -> [CallEvent] {
        do {
            return try ports.store.events(journal: id.journal, service: id.service, from: from, limit: limit)
        } catch {
            ports.log.log(.error, "reading the journal: \(error)", [:])
            return []
        }
    }

    private func send(_ item: Shelf.Item?, _ now: Now) -> Bool {
        guard let item, let token = hand(outgoing(item, now)) else { return false }
        inFlight[token] = .shelf(item)
        shelf.handedOver(item)
        return true
    }

    private func sendReply(_ now: Now) -> Bool {
        guard let reply = replies.first, let token = hand(reply) else { return false }
        inFlight[token] = .transient
        replies.removeFirst()
        return true
    }

    private func sendReplayed(_ now: Now) -> Bool {
        guard let (command, event) = replies.nextReplayed(read: read) else { return false }
        let outgoing = OutgoingMessage(
            topic: identity.topics.replay(command, event), payload: WireJSON.bytes(message(event, now)))
        guard let token = hand(outgoing) else { return false }
        inFlight[token] = .transient
        replies.replayed()
        return true
    }

    private func hand(_ outgoing: OutgoingMessage) -> UInt64? {
        guard case .sent(let token) = ports.transport.send(outgoing) else { return nil }
        return token
    }

    func message(_ event: CallEvent, _ now: Now) -> EventMessage {
        EventMessage(event, source: identity.topics.source, boot: identity.boot, now: now)
    }

    /// A retained topic as things stand now; an empty payload takes it away.
    private func outgoing(_ item: Shelf.Item, _ now: Now) -> OutgoingMessage {
        let topics = identity.topics
        func retained(_ topic: String, _ message: (some Encodable)?) -> OutgoingMessage {
            OutgoingMessage(topic: topic, payload: message.map { WireJSON.bytes($0) } ?? [], retain: true)
        }
        switch item {
        case .status: return retained(topics.status, status(publishedState ?? state))
        case .call(let id, let service):
            let call = core.call(id)
            var outgoing = retained(
                topics.call(service, id), call.map { CallMessage($0, orphaned: core.isOrphan($0), now: now) })
            outgoing.expirySeconds = call.flatMap { expiry(of: $0, now) }
            return outgoing
        case .fault(let id): return retained(topics.fault(id), core.fault(id).map { FaultMessage($0) })
        case .summary: return retained(topics.summary, SummaryMessage(core.openCalls, services: core.services))
        case .point(let id): return retained(topics.point(id), core.point(id).map { PointMessage($0) })
        case .introduction(let topic):
            return OutgoingMessage(topic: topic, payload: introductions[topic] ?? [], retain: true)
        case .leftover(let topic):
            // What was nobody's when it was found may be somebody's by now.
            switch topics.subject(of: topic) {
            case .fault(let id): return retained(topic, FaultID(id).flatMap { core.fault($0) }.map { FaultMessage($0) })
            case .point(let id): return retained(topic, PointID(id).flatMap { core.point($0) }.map { PointMessage($0) })
            default: return retained(topic, StatusMessage?.none)
            }
        }
    }

    // MARK: Status

    /// How the gateway is now.
    var state: StatusMessage.State {
        if isStopping { return .stopping }
        if !core.hasHeardOfAllPoints { return .starting }
        return core.setFaults.contains { $0.degrades } ? .degraded : .ready
    }

    func status(_ state: StatusMessage.State) -> StatusMessage {
        StatusMessage(
            state: state, boot: identity.boot, connection: link?.connection ?? 0, version: identity.version,
            simulated: identity.simulated)
    }

    private func wantStatus() {
        guard publishedState != state else { return }
        publishedState = state
        shelf.want(.status)
    }

    // MARK: What the broker says

    func acknowledged(_ token: UInt64, _ reason: UInt8, _ now: Now) {
        guard let item = inFlight.removeValue(forKey: token) else { return }
        guard reason < Self.firstRefusal else { return refused(item, reason, now) }
        switch item {
        case .event(let lane, let sequence, let opens):
            outbox.acknowledge(lane, sequence)
            if let opens { decide(.brokerHas(opens, heard: reason != Self.noSubscribers), now) }
        case .offer(let call): decide(.brokerHas(call, heard: reason != Self.noSubscribers), now)
        case .shelf(let item):
            shelf.acknowledge(item)
            // Where the event that opened a call is not at hand, its record stands for it; but not while it is this
            // gateway that reads records back.
            if case .call(let id, _) = item, openings[id] == nil, readbackUntil == nil {
                decide(.brokerHas(id, heard: reason != Self.noSubscribers), now)
            }
        case .transient: break
        }
        if refusals.taken(item) { decide(.faultGone(.notAuthorised), now) }
    }

    private func refused(_ item: InFlight, _ reason: UInt8, _ now: Now) {
        let until = now.moment + Self.refusedFor
        switch item {
        case .event(let lane, let sequence, _): outbox.refuse(lane, sequence, until: until)
        case .offer: break  // it is offered again in its time
        case .shelf(let item): shelf.refuse(item, until: until)
        case .transient: return
        }
        refusals.refused(item)
        let why = reason == Self.notAuthorized ? "not authorised" : "reason code \(reason)"
        decide(
            .fault(
                .notAuthorised, what: "the broker refuses what this gateway publishes (\(why))",
                remedy:
                    "give user and client id of \(identity.topics.gateway) write access to \(identity.topics.base)/#"),
            now)
    }
}
