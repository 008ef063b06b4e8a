internal import CallContract
internal import CallCore
internal import Journal

// What the transport tells, and what stands at the broker under this gateway's name.
extension GatewayAgent {
    /// Being thrown out by a client of the same id twice within this time is a twin, not a restart noticed late.
    static let twinWithin = Duration.seconds(120)
    /// So many connections in a row that the broker closed without a word, each made at the first attempt and no older than
    /// `twinWithin`, mean a twin too: brokers before MQTT 5's reason 142, mosquitto 2.0.11 among them, say no more.
    static let silentEndsOfATwin = 3
    /// The fault stays this long after the last time, or nobody would see it between two throw-outs.
    static let twinFaultFor = Duration.seconds(600)
    /// For how long after connecting the broker's retained messages are read back.
    static let readbackFor = Duration.seconds(5)

    func take(_ input: LinkInput, _ now: Now) {
        switch input {
        case .connected(let connection, let broker): connected(connection, broker, now)
        case .acknowledged(let token, let reason): acknowledged(token, reason, now)
        case .received(let message): received(message, now)
        case .away(let reason, let fault, let silently): away(reason, fault, silently, now)
        case .left: offLine(now)
        case .subscriptionRefused(let filter):
            refusals.subscription = true
            decide(
                .fault(
                    .notAuthorised, what: "the broker refuses the subscription to \(filter)",
                    remedy:
                        "give user and client id of \(identity.topics.gateway) read access to \(identity.topics.base)/#"
                ),
                now)
        }
    }

    private func connected(_ connection: UInt64, _ broker: String, _ now: Now) {
        link = (connection, broker, since: now.moment)
        ports.log.log(.notice, "connected to \(broker), connection \(connection)", [:])
        for fault in [FaultID.brokerAway, .notAuthorised] + (linkFault.map { [$0] } ?? []) {
            decide(.faultGone(fault), now)
        }
        linkFault = nil
        startOver()
        publishedState = nil
        decide(.connected, now)
        offerWhatChanges()
        unread = Set(core.pointStatuses.lazy.map(\.id))
        for filter in identity.topics.retained + [identity.topics.status] { ports.transport.subscribe(filter) }
        readbackUntil = now.moment + Self.readbackFor
    }

    private func away(_ reason: String, _ fault: FaultID?, _ silently: Bool, _ now: Now) {
        if link != nil { ports.log.log(.warning, "broker away: \(reason)", [:]) }
        let isBrief = link.map { now.moment - $0.since <= Self.twinWithin } ?? false
        silentEnds = silently && isBrief ? silentEnds + 1 : 0
        offLine(now)
        decide(
            .fault(
                .brokerAway, what: reason,
                remedy: "check the broker and the cable; presses are journalled and will be sent"), now)
        if fault == .clonedIdentity { return thrownOut(reason, now) }
        if silentEnds >= Self.silentEndsOfATwin { twinIsThere("\(reason), \(silentEnds) times in a row", now) }
        if fault != linkFault, let old = linkFault { decide(.faultGone(old), now) }
        linkFault = fault
        if let fault {
            decide(
                .fault(fault, what: reason, remedy: "correct user name and password file, here and at the broker"),
                now)
        }
    }

    private func offLine(_ now: Now) {
        link = nil
        readbackUntil = nil
        unread = []
        startOver()
        decide(.disconnected, now)
    }

    private func thrownOut(_ reason: String, _ now: Now) {
        defer { thrownOutAt = now.moment }
        guard let last = thrownOutAt, now.moment - last < Self.twinWithin else { return }
        twinIsThere(reason, now)
    }

    private func twinIsThere(_ reason: String, _ now: Now) {
        thrownOutAt = now.moment
        decide(
            .fault(
                .clonedIdentity, what: reason,
                remedy: "another board runs with this card's copy: give it a gateway id of its own"), now)
    }

    func endTwinFault(_ now: Now) {
        guard let last = thrownOutAt, now.moment - last >= Self.twinFaultFor else { return }
        thrownOutAt = nil
        decide(.faultGone(.clonedIdentity), now)
    }

    /// What was on its way is not: it goes again.
    private func startOver() {
        inFlight = [:]
        refusals = Refusals()
        offers.removeAll()
        outbox.rewind()
        shelf.rewind()
    }

    /// Everything retained, once more.
    func offerEverything() {
        offerWhatChanges()
        for point in core.pointStatuses { shelf.want(.point(point.id)) }
    }

    /// Everything retained but the points: they are many, and most stand at the broker as they should. What is read back
    /// shows which don't.
    private func offerWhatChanges() {
        shelf.want(.status)
        for call in core.openCalls { shelf.want(.call(call.id, call.service)) }
        for fault in core.setFaults { shelf.want(.fault(fault.id)) }
        shelf.want(.summary)
        for topic in introductions.keys { shelf.want(.introduction(topic: topic)) }
    }

    private func received(_ message: IncomingMessage, _ now: Now) {
        switch identity.topics.subject(of: message.topic) {
        case .command(let name): take(command: name, message, now)
        case .desk(let id): decide(.desk(id, DeskPresence(message.payload)), now)
        case .status: foundStatus(message, now)
        case let subject? where message.retained && !message.payload.isEmpty: found(subject, message, now)
        case nil where message.retained && !message.payload.isEmpty && identity.topics.isCall(message.topic):
            shelf.want(.leftover(topic: message.topic))  // not even a service's name
        default: break  // what this gateway writes, on its way back
        }
    }

    /// A retained topic of this gateway: adopted, overwritten by what is on the shelf, or emptied.
    private func found(_ subject: Topics.Subject, _ message: IncomingMessage, _ now: Now) {
        switch subject {
        case .call(let service, let text):
            if let id = CallID(text), core.call(id)?.service == service { return }
            if let id = CallID(text), wasClosed(id) { break }
            if let call = (try? WireJSON.read(CallMessage.self, from: message.payload))?.call,
                call.id.description == text, call.service == service,
                call.id.journal != journal, !call.state.isClosed, call.isSound
            {
                ports.log.log(.notice, "adopting open call \(call.id) of another journal", [:])
                return decide(.orphan(call), now)
            }
        case .fault(let text): if let id = FaultID(text), core.fault(id) != nil { return }
        case .point(let text):
            if let id = PointID(text), let status = core.point(id) {
                unread.remove(id)
                if message.payload != WireJSON.bytes(PointMessage(status)) { shelf.want(.point(id)) }
                return
            }
        case .status, .command, .desk: return
        }
        shelf.want(.leftover(topic: message.topic))
    }

    /// True for a call of another journal that was closed here; another broker may still hold its record.
    private func wasClosed(_ id: CallID) -> Bool {
        do throws(JournalError) {
            if core.wasClosedHere(id) { return true }
            return try ports.store.isClosed(id)
        } catch {
            ports.log.log(.error, "looking for call \(id): \(error)", [:])
            return false
        }
    }

    /// A status that isn't this gateway's current one: an old will that came late, or a twin.
    private func foundStatus(_ message: IncomingMessage, _ now: Now) {
        guard let link, let published = publishedState else { return }
        let found = try? WireJSON.read(StatusMessage.self, from: message.payload)
        if let found, !message.retained, found.boot != identity.boot {
            // Once it may be this board's will from before its restart; a twin's comes again. Brokers that don't say why
            // they close a connection (mosquitto 2.0.11) leave no other sign of it.
            thrownOut("a gateway of this name runs in another boot (\(found.boot))", now)
        }
        if found?.connection == link.connection, found?.boot == identity.boot, found?.state != .offline { return }
        if found == status(published) { return }
        shelf.want(.status)
    }

    /// The inbox had no room for some of what the broker holds: read it back once more.
    func readBackAgain(_ now: Now, dropped: Int) {
        guard dropped > 0 else { return }
        ports.log.log(
            .warning, "\(dropped) messages came faster than they could be read; retained ones are read again", [:])
        guard link != nil else { return }
        for filter in identity.topics.retained + [identity.topics.desks] { ports.transport.subscribe(filter) }
        readbackUntil = now.moment + Self.readbackFor
    }

    func endReadback(_ now: Now) {
        guard let until = readbackUntil, until <= now.moment else { return }
        readbackUntil = nil
        for point in unread.sorted() { shelf.want(.point(point)) }
        unread = []
        for filter in identity.topics.retained { ports.transport.unsubscribe(filter) }
    }
}

extension DeskPresence {
    /// What a desk's status says; nil if the topic was emptied, or says nothing that can be understood.
    init?(_ payload: [UInt8]) {
        guard let message = try? WireJSON.read(DeskMessage.self, from: payload),
            let state = State(rawValue: message.state.rawValue)
        else { return nil }
        let name = message.name.flatMap { $0.utf8.count <= 200 ? $0 : nil }
        self.init(state: state, name: name)
    }
}
